# tests: each folder has its own module.mk; `make tests` builds what they add to this target.

# Programs that run in the machine are of its architecture: 32 bits for i386 and i386-pae, which share
# them, in folders that end in -i386. Files of theirs may be large; registers of SSE exist.
GUEST_SUFFIX := $(if $(ARCH_HOST),-i386)
GUEST_GCC    := gcc $(if $(ARCH_HOST),-m32 -msse2 -D_FILE_OFFSET_BITS=64)
MUSL_SPECS   := $(BUILD)/i386/musl-gcc.specs
GUEST_MUSL   := $(if $(ARCH_HOST),gcc -m32 -msse2 -specs $(MUSL_SPECS),musl-gcc)
# What GUEST_MUSL needs besides itself, for prerequisites.
GUEST_MUSL_FILES := $(if $(ARCH_HOST),$(MUSL_SPECS))

# Debian's musl for i386, unpacked; its specs name the folders where it would be installed, and leave
# the choice of ELF format to a compiler that makes no other.
$(MUSL_SPECS):
	$(call say,FETCH,musl-dev:i386)
	$(Q)tools/debian-i386 musl-dev musl
	$(Q)sed -e 's|/usr/|$(abspath $(BUILD)/i386)/usr/|g' \
	    -e 's|^-dynamic-linker|-m elf_i386 &|' \
	    $(BUILD)/i386/usr/lib/i386-linux-musl/musl-gcc.specs >$@

# Debian's cmocka for the test programs of 32 bits that run on this host.
$(CMOCKA_I386)/libcmocka.so:
	$(call say,FETCH,libcmocka-dev:i386)
	$(Q)tools/debian-i386 libcmocka-dev libcmocka0
	@test -e $@

-include $(sort $(wildcard tests/*/module.mk))
