# clang-tidy, one stamp per file, so that only what changed is looked at again.
#   make -k lint-tidy               all, as x86-64 has it
#   make -k ARCH=i386 lint-tidy     what 32-bit kernels have for themselves

ifeq ($(ARCH),x86_64)
LINT_C := $(sort $(shell find mm kernel sim tools -name '*.c' ! -path 'kernel/*/i386/*' 2>/dev/null))
else
LINT_C := $(sort $(shell find kernel -path '*/i386/*.c' 2>/dev/null))
endif
LINT_H := $(sort $(shell find include mm kernel sim tools -name '*.h' 2>/dev/null))
LINT_DIR := $(BUILD)/lint$(ARCH_SUFFIX)
LINT   := $(LINT_C:%.c=$(LINT_DIR)/%.tidy)
CLANG_TIDY ?= clang-tidy

# gcc's flags that clang does not know.
lint_flags = $(filter-out -MMD -MP -Werror -fno-var-tracking% -Wa$(comma)% -fno-conserve% -mpreferred-stack-boundary%,$(1)) \
	-Wno-unknown-warning-option -Qunused-arguments $(LINT_BUDGET)
# The analyser's paths per function: a fifth of the default finds what it finds in a sixth of the time.
LINT_BUDGET := -Xclang -analyzer-config -Xclang max-nodes=30000
comma := ,

.PHONY: lint-tidy
lint-tidy: $(LINT)

$(LINT_DIR)/mm/%.tidy: LINT_FLAGS = $(call lint_flags,$(MM_FLAGS))
$(LINT_DIR)/kernel/%.tidy: LINT_FLAGS = $(call lint_flags,$(KERNEL_CPPFLAGS) $(KERNEL_CFLAGS))
$(LINT_DIR)/sim/%.tidy: LINT_FLAGS = -std=gnu11 -Iinclude -Isim -Imm $(SIM_CPPFLAGS) $(LINT_BUDGET)
$(LINT_DIR)/tools/%.tidy: LINT_FLAGS = $(call lint_flags,$(TOOLS_FLAGS) -Iinclude)

$(LINT_DIR)/%.tidy: %.c .clang-tidy $(LINT_H)
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG_TIDY) --quiet $< -- $(LINT_FLAGS) >$@.log 2>&1 \
	|| { grep -Ev '^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -header' $@.log; exit 1; }
	@touch $@
