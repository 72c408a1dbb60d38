# boot: the boot code of `quire disk`. build/boot/disk.bin is the boot sector and the loader, what a
# disk begins with; tools/disk adds the rest.

LOADER_DIR     := $(BUILD)/boot
LOADER_C       := $(wildcard boot/*.c)
LOADER_OBJECTS := $(LOADER_DIR)/start.o $(LOADER_C:boot/%.c=$(LOADER_DIR)/%.o)
LOADER_CFLAGS  := -std=gnu11 -MMD -MP -m32 -march=i386 -Os -ffreestanding -fno-pic -fno-pie \
                -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
                -mgeneral-regs-only -I. $(WARNINGS) -Wstrict-prototypes -Wmissing-prototypes

.PHONY: boot
boot: $(LOADER_DIR)/disk.bin
all: boot

$(LOADER_DIR)/%.o: boot/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(LOADER_CFLAGS) -c $< -o $@

$(LOADER_DIR)/%.o: boot/%.S
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) $(LOADER_CFLAGS) -D__ASSEMBLER__ -c $< -o $@

# memcpy() must not become a call of itself.
$(LOADER_DIR)/string.o: LOADER_CFLAGS += -fno-builtin \
    $(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns)

# Padded to the sectors that the boot sector reads.
$(LOADER_DIR)/disk.bin: $(LOADER_DIR)/sector.o $(LOADER_OBJECTS) boot/loader.lds
	$(call say,LINK,$@)
	$(Q)$(LD) -m elf_i386 --no-warn-rwx-segments --oformat binary -N -Ttext 0x7c00 -e sector_start $< -o $@.sector && \
	$(LD) -m elf_i386 --no-warn-rwx-segments -N -T boot/loader.lds $(LOADER_OBJECTS) -o $(LOADER_DIR)/loader.elf && \
	objcopy -O binary -j .loader $(LOADER_DIR)/loader.elf $@.loader && \
	cat $@.sector $@.loader >$@.new && truncate -s 33280 $@.new && mv $@.new $@
