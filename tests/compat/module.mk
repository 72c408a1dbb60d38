# The comparison programs: each source below programs/ linked static by glibc and by musl, and the
# runner that starts them in the machine.

COMPAT_DIR      := $(BUILD)/tests/compat$(GUEST_SUFFIX)
COMPAT_NAMES    := $(basename $(notdir $(wildcard tests/compat/programs/*.c)))
COMPAT_FLAGS    := -std=gnu11 -D_GNU_SOURCE -O1 -s -static -no-pie -pthread -MMD -MP $(WARNINGS) \
                   -Wno-unused-parameter -Wno-infinite-recursion

# Arguments that only 64 bits can say are cut to 32, for both kernels alike. What is written for the
# registers of x86-64 says so: "only: x86_64".
ifneq ($(ARCH_HOST),)
COMPAT_FLAGS += -w
COMPAT_NAMES := $(filter-out $(basename $(notdir $(shell grep -l '^/\* only: x86_64 \*/' \
                tests/compat/programs/*.c))),$(COMPAT_NAMES))
endif

.PHONY: test-compat
test-compat: $(COMPAT_DIR)/runner $(COMPAT_NAMES:%=$(COMPAT_DIR)/%.glibc) \
             $(COMPAT_NAMES:%=$(COMPAT_DIR)/%.musl)
tests: test-compat

$(COMPAT_DIR)/%.glibc: tests/compat/programs/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(GUEST_GCC) $(COMPAT_FLAGS) -MF $@.d $< -o $@

$(COMPAT_DIR)/%.musl: tests/compat/programs/%.c $(GUEST_MUSL_FILES)
	@mkdir -p $(@D)
	$(Q)$(GUEST_MUSL) $(COMPAT_FLAGS) -MF $@.d $< -o $@

$(COMPAT_DIR)/runner: tests/compat/runner.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(GUEST_GCC) $(COMPAT_FLAGS) -MF $@.d $< -o $@
