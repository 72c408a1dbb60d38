# Fuzz targets: libFuzzer, AddressSanitizer, UBSan. Run one for long with
#   build/fuzz/bootmap -max_total_time=3600 build/fuzz/corpus-bootmap

FUZZ_FLAGS   := $(COMMON) $(WARNINGS) $(MM_INCLUDE) -O1 -fno-sanitize-recover=all
FUZZ_BOOTMAP := tests/fuzz/fuzz_bootmap.c mm/bootmap.c mm/bootmap_adapters.c

FUZZ_ARCHIVE := tests/fuzz/fuzz_archive.c kernel/fs/cpio.c

.PHONY: fuzz
fuzz: $(BUILD)/fuzz/bootmap $(BUILD)/fuzz/archive

$(BUILD)/fuzz/bootmap: $(FUZZ_BOOTMAP) $(wildcard include/quire/*.h)
	$(call say,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined $(FUZZ_BOOTMAP) -o $@

# The reader of initial archives, out of the kernel; -iquote, so that <linux/...> stays the host's.
$(BUILD)/fuzz/archive: $(FUZZ_ARCHIVE) kernel/fs/cpio.h
	$(call say,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(COMMON) $(WARNINGS) -O1 -fno-sanitize-recover=all -iquote kernel \
	    -fsanitize=fuzzer,address,undefined $(FUZZ_ARCHIVE) -o $@
