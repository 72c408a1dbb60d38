# The kernel: build/kernel/quire.elf for x86-64, build/kernel-ARCH/quire.elf for ARCH=i386 and
# ARCH=i386-pae. Every .c and .S below kernel/ belongs to it, those of the other CPU mode's folder in
# kernel/x86 left out, and every .c of the library, compiled once more with this kernel's platform
# header.
#
# `make ground` builds build/ground/quire.elf from the lowest rooms alone: it boots, runs the self
# tests, and has no programs.

ARCH ?= x86_64
ifeq ($(ARCH),x86_64)
KERNEL_MODE   := x86_64
KERNEL_OTHER  := i386
KERNEL_FORMAT := QUIRE_FORMAT_X86_64
KERNEL_SUFFIX :=
KERNEL_MODE_CFLAGS  := -mcmodel=kernel -mno-red-zone
KERNEL_MODE_LDFLAGS := -m elf_x86_64
else
KERNEL_MODE   := i386
KERNEL_OTHER  := x86_64
KERNEL_SUFFIX := -$(ARCH)
ifeq ($(ARCH),i386)
KERNEL_FORMAT := QUIRE_FORMAT_I386
else ifeq ($(ARCH),i386-pae)
KERNEL_FORMAT := QUIRE_FORMAT_I386_PAE
else
$(error ARCH is x86_64, i386 or i386-pae)
endif
# The kernel uses no SSE: words of four bytes are all that its stacks must be aligned to.
KERNEL_MODE_CFLAGS  := -m32 -march=i686 -mregparm=0 \
    $(if $(findstring clang,$(CC)),-mstack-alignment=4,-mpreferred-stack-boundary=2)
KERNEL_MODE_LDFLAGS := -m elf_i386
endif

KERNEL_DIR     := $(BUILD)/kernel$(KERNEL_SUFFIX)
KERNEL_ELF     := $(KERNEL_DIR)/quire.elf
KERNEL_ROOMS   := kernel
KERNEL_OMITTED := $(KERNEL_OMIT:%=! -path %) ! -path 'kernel/*/$(KERNEL_OTHER)/*'
KERNEL_C       := $(sort $(shell find $(KERNEL_ROOMS) -name '*.c' $(KERNEL_OMITTED)))
KERNEL_S       := $(sort $(shell find $(KERNEL_ROOMS) -name '*.S' ! -name '*.lds.S' $(KERNEL_OMITTED)))
KERNEL_MM      := $(sort $(shell find mm -name '*.c'))
KERNEL_OBJECTS := $(KERNEL_C:kernel/%.c=$(KERNEL_DIR)/%.o) $(KERNEL_S:kernel/%.S=$(KERNEL_DIR)/%.S.o) \
                  $(KERNEL_MM:mm/%.c=$(KERNEL_DIR)/mm/%.o)
KERNEL_LDS     := $(KERNEL_DIR)/kernel.lds

KERNEL_CPPFLAGS := -Iinclude -Ikernel -I. -DQUIRE_PLATFORM_HEADER='"x86/quire_platform.h"' \
                   -DQUIRE_FORMAT=$(KERNEL_FORMAT) $(KERNEL_DEFINES)
KERNEL_CFLAGS   := -std=gnu11 -g -MMD -MP -O2 -ffreestanding $(KERNEL_MODE_CFLAGS) \
                   -mgeneral-regs-only -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
                   -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-strict-aliasing \
                   -fno-common $(WARNINGS)
KERNEL_LDFLAGS  := $(KERNEL_MODE_LDFLAGS) -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none \
                   --no-warn-rwx-segments

.PHONY: kernel ground
kernel: $(KERNEL_ELF)
all: kernel

ground:
	$(Q)$(MAKE) --no-print-directory kernel KERNEL_DIR=$(BUILD)/ground$(KERNEL_SUFFIX) KERNEL_ROOMS="kernel/x86 kernel/core" \
	    KERNEL_OMIT="kernel/core/init.c kernel/core/mutex.c"

$(KERNEL_DIR)/%.o: kernel/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(KERNEL_CPPFLAGS) $(KERNEL_CFLAGS) -c $< -o $@

$(KERNEL_DIR)/x86/%.o $(KERNEL_DIR)/core/%.o: \
    KERNEL_CFLAGS += -Wconversion -Wstrict-prototypes -Wmissing-prototypes

# The compiler must not turn these loops into calls of the functions they implement (gcc has a flag
# of its own for that, which clang does not know).
$(KERNEL_DIR)/core/string.o: KERNEL_CFLAGS += -fno-builtin \
    $(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns)

# The font's file is in the image as it is.
$(KERNEL_DIR)/drivers/font.o: kernel/drivers/font/spleen-8x16.psf

$(KERNEL_DIR)/%.S.o: kernel/%.S
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) $(KERNEL_CPPFLAGS) $(KERNEL_CFLAGS) -D__ASSEMBLER__ -c $< -o $@

$(KERNEL_DIR)/mm/%.o: mm/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(KERNEL_CPPFLAGS) -Imm $(KERNEL_CFLAGS) -c $< -o $@

$(KERNEL_LDS): kernel/x86/kernel.lds.S kernel/x86/layout.h $(wildcard kernel/x86/*/layout.h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter -m32,$(KERNEL_MODE_CFLAGS)) -E -P -x c -D__ASSEMBLER__ -Ikernel $< -o $@

# Two passes: the first link says where the functions are, the second carries that table. The table
# lies behind all text, so that adding it moves no function. The names in between carry the shell's
# number: two makes at once must not mix theirs.
$(KERNEL_ELF): $(KERNEL_OBJECTS) $(KERNEL_LDS) kernel/core/symbols.awk
	$(call say,LINK,$@)
	$(Q)t=$@.$$$$; trap 'rm -f $$t.1 $$t.2 $$t.S $$t.o' EXIT; \
	$(LD) $(KERNEL_LDFLAGS) -T $(KERNEL_LDS) $(KERNEL_OBJECTS) -o $$t.1 && \
	nm -n $$t.1 >$$t.2 && awk -f kernel/core/symbols.awk $$t.2 >$$t.S && \
	$(CC) $(filter -m32,$(KERNEL_MODE_CFLAGS)) -Ikernel -c $$t.S -o $$t.o && \
	$(LD) $(KERNEL_LDFLAGS) -T $(KERNEL_LDS) $(KERNEL_OBJECTS) $$t.o -o $$t.2 && \
	mv $$t.2 $@
