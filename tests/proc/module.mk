# The program that procps' tools look at.

PROC_HOLD := $(BUILD)/tests/proc/hold

.PHONY: test-proc
test-proc: $(PROC_HOLD)
tests: test-proc

$(PROC_HOLD): tests/proc/hold.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)gcc -std=gnu11 -g -O1 $(WARNINGS) -static $< -o $@
