# Static programs that the group files runs in the machine.

FILES_TEST_DIR   := $(BUILD)/tests/files$(GUEST_SUFFIX)
FILES_TEST_NAMES := $(basename $(notdir $(wildcard tests/files/*.c)))

.PHONY: test-files
test-files: $(FILES_TEST_NAMES:%=$(FILES_TEST_DIR)/%)
tests: test-files

$(FILES_TEST_DIR)/%: tests/files/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(GUEST_GCC) -std=gnu11 -D_GNU_SOURCE -O2 -static -no-pie -MMD -MP $(WARNINGS) $< -o $@
