# Random sequences of memory calls, which run under Linux and quire.

SEQUENCE_SOURCES := $(sort $(wildcard tests/differential/*.c))

.PHONY: test-differential
test-differential: $(BUILD)/tests/differential/sequences
tests: test-differential

$(BUILD)/tests/differential/sequences: $(SEQUENCE_SOURCES) $(wildcard tests/differential/*.h)
	$(call say,CC,tests/differential)
	@mkdir -p $(@D)
	$(Q)musl-gcc -std=gnu11 -g -O1 $(WARNINGS) -static -no-pie $(SEQUENCE_SOURCES) -o $@
