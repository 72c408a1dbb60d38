# Static programs that the group swap runs in the machine.

SWAP_TEST_DIR   := $(BUILD)/tests/swap$(GUEST_SUFFIX)
SWAP_TEST_NAMES := $(basename $(notdir $(wildcard tests/swap/*.c)))

.PHONY: test-swap
test-swap: $(SWAP_TEST_NAMES:%=$(SWAP_TEST_DIR)/%)
tests: test-swap

$(SWAP_TEST_DIR)/%: tests/swap/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(GUEST_GCC) -std=gnu11 -D_GNU_SOURCE -O2 -static -no-pie -MMD -MP $(WARNINGS) $< -o $@
