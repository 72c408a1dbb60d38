# Static programs that the boot tests run in the machine: each source below programs/ by glibc and by
# musl, at a fixed address and position-independent.

comma := ,

BOOT_DIR      := $(BUILD)/tests/boot$(GUEST_SUFFIX)
BOOT_SOURCES  := $(wildcard tests/boot/programs/*.c)
ifneq ($(ARCH_HOST),)
# Addresses of more than 32 bits are all that it is about.
BOOT_SOURCES := $(filter-out tests/boot/programs/wide.c,$(BOOT_SOURCES))
endif
BOOT_NAMES    := $(BOOT_SOURCES:tests/boot/programs/%.c=%)
BOOT_PROGRAMS := $(BOOT_NAMES:%=$(BOOT_DIR)/%) $(foreach kind,pie musl musl-pie,$(BOOT_DIR)/hello-$(kind))
BOOT_FLAGS    := -std=gnu11 -g -O1 -MMD -MP $(WARNINGS)

.PHONY: test-boot
test-boot: $(BOOT_PROGRAMS)
tests: test-boot

# boot_variant,SUFFIX,COMPILER,FLAGS
define boot_variant
$(BOOT_DIR)/%$(1): tests/boot/programs/%.c $(if $(findstring musl,$(1)),$(GUEST_MUSL_FILES))
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$(2) $(BOOT_FLAGS) $(3) $$< -o $$@
endef

# musl-gcc knows no -static-pie: the start files are named here.
MUSL_LIB       := $(if $(ARCH_HOST),$(BUILD)/i386/usr/lib/i386-linux-musl,/usr/lib/x86_64-linux-musl)
MUSL_PIE_FLAGS := -static -fPIE -nostartfiles -Wl$(comma)-pie$(comma)--no-dynamic-linker \
                  $(MUSL_LIB)/rcrt1.o $(MUSL_LIB)/crti.o $(MUSL_LIB)/crtn.o

$(eval $(call boot_variant,-musl-pie,$(GUEST_MUSL),$(MUSL_PIE_FLAGS)))
$(eval $(call boot_variant,-musl,$(GUEST_MUSL),-static -no-pie))
$(eval $(call boot_variant,-pie,$(GUEST_GCC),-static-pie -fPIE))
$(eval $(call boot_variant,,$(GUEST_GCC),-static -no-pie))
