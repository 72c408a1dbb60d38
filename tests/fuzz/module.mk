# Fuzz targets: libFuzzer, AddressSanitizer, UBSan. Run one for long with
#   build/fuzz/bootmap -max_total_time=3600 build/fuzz/corpus-bootmap tests/fuzz/corpus/bootmap

FUZZ_DIR       := $(BUILD)/fuzz
FUZZ_NAMES     := bootmap archive elf region usercopy ninep
FUZZ_SANITIZE  := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_CFLAGS    := $(COMMON) $(WARNINGS) -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link $(FUZZ_SANITIZE)
# The kernel's files on this host: tests/fuzz/host answers some of their headers.
FUZZ_KERNEL    := -iquote tests/fuzz/host -iquote kernel -iquote . $(SIM_CPPFLAGS) -std=gnu11

.PHONY: fuzz
fuzz: $(FUZZ_NAMES:%=$(FUZZ_DIR)/%)

# $(1): below $(FUZZ_DIR)/o, $(2): flags; the rest of the path is the source's
define fuzz_objects
$$(FUZZ_DIR)/o/$(1)/%.o: %.c
	$$(call say,CLANG,"$$< (fuzz)")
	@mkdir -p $$(@D)
	$$(Q)$$(CLANG) $$(FUZZ_CFLAGS) $(2) -c $$< -o $$@
$$(FUZZ_DIR)/o/$(1)/%.S.o: %.S
	@mkdir -p $$(@D)
	$$(Q)$$(CLANG) $(2) -D__ASSEMBLER__ -c $$< -o $$@
endef
$(eval $(call fuzz_objects,library,$$(MM_INCLUDE)))
$(eval $(call fuzz_objects,sim,$$(SIM_CPPFLAGS) -Itests/model -pthread))
$(eval $(call fuzz_objects,kernel,$$(FUZZ_KERNEL)))

# $(1): the target, $(2): objects below $(FUZZ_DIR)/o, $(3): flags of the link
define fuzz_target
$$(FUZZ_DIR)/$(1): $(2:%=$$(FUZZ_DIR)/o/%)
	$$(call say,LINK,$$@)
	$$(Q)$$(CLANG) -fsanitize=fuzzer $$(FUZZ_SANITIZE) $$(filter %.o,$$^) $(3) -o $$@
endef

# The proof and the machine are not under test: no coverage of theirs leads the fuzzer.
$(FUZZ_DIR)/o/sim/mm/check.o $(FUZZ_DIR)/o/sim/sim/%.o $(FUZZ_DIR)/o/sim/tests/%.o: \
    FUZZ_CFLAGS := $(filter-out -O1 -fsanitize=fuzzer-no-link,$(FUZZ_CFLAGS)) -O2

FUZZ_SIM := $(SIM_MM_SOURCES:%.c=sim/%.o) $(SIM_SOURCES:%.c=sim/%.o)

$(eval $(call fuzz_target,bootmap,$(addprefix library/,tests/fuzz/fuzz_bootmap.o mm/bootmap.o mm/bootmap_adapters.o)))
$(eval $(call fuzz_target,archive,kernel/tests/fuzz/fuzz_archive.o kernel/kernel/fs/cpio.o))
$(eval $(call fuzz_target,ninep,kernel/tests/fuzz/fuzz_ninep.o kernel/kernel/fs/9p/protocol.o))
FUZZ_MODEL := $(filter-out tests/model/main.c,$(sort $(wildcard tests/model/*.c)))
$(eval $(call fuzz_target,region,$(FUZZ_SIM) $(FUZZ_MODEL:%.c=sim/%.o) $(addprefix sim/tests/fuzz/,fuzz_region.o \
    region_hostile.o),-lpthread -Wl$(comma)--wrap=sim_random_below -Wl$(comma)--wrap=sim_random_once_in))
$(eval $(call fuzz_target,elf,$(FUZZ_SIM) $(addprefix kernel/,kernel/proc/elf.o tests/fuzz/host/heap.o \
    tests/fuzz/fuzz_elf.o),-lpthread))
$(eval $(call fuzz_target,usercopy,$(addprefix kernel/,kernel/x86/usercopy.o kernel/x86/x86_64/usercopy.S.o \
    kernel/proc/exec_strings.o kernel/linux/vectors.o kernel/fs/transfer.o tests/fuzz/host/heap.o \
    tests/fuzz/fuzz_usercopy.o),-Wl$(comma)-T$(comma)tests/fuzz/host/exception_table.lds))

# The seeds are committed; this writes them anew.
.PHONY: fuzz-seeds
fuzz-seeds: $(FUZZ_DIR)/seeds
	$(Q)$<

$(FUZZ_DIR)/seeds: tests/fuzz/seeds.c
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(COMMON) $(WARNINGS) -O1 $< -o $@
