# The boot loader's questions about memory, answered by BIOSes of many kinds: boot/memory.c on the host.

LOADER_TEST := $(BUILD)/tests/loader/loader-test

.PHONY: test-loader
test-loader: $(LOADER_TEST)
tests: test-loader

$(LOADER_TEST): tests/loader/loader_test.c boot/memory.c boot/loader.h boot/disk_header.h boot/handoff.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 -g -O1 $(WARNINGS) -I. -fsanitize=address,undefined \
	    -fno-sanitize-recover=all tests/loader/loader_test.c boot/memory.c -o $@ -lcmocka
