# The program that procps' tools look at.

PROC_HOLD := $(BUILD)/tests/proc$(GUEST_SUFFIX)/hold

.PHONY: test-proc
test-proc: $(PROC_HOLD)
tests: test-proc

# Debian's i386 tools with their libraries, unpacked.
ifneq ($(ARCH_HOST),)
PROC_FILES := $(BUILD)/i386/proc-tools

$(PROC_FILES):
	$(call say,FETCH,procps and util-linux:i386)
	$(Q)tools/debian-i386 libc6 procps util-linux libproc2-0 libncursesw6 libtinfo6 libsystemd0 \
	    libsmartcols1 libcap2 libgcrypt20 libgpg-error0 liblz4-1 liblzma5 libzstd1
	@touch $@
endif

$(PROC_HOLD): tests/proc/hold.c | $(PROC_FILES)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(GUEST_GCC) -std=gnu11 -g -O1 $(WARNINGS) -static $< -o $@
