# Injection tests, under AddressSanitizer and UBSan.

.PHONY: test-inject
test-inject: $(BUILD)/tests/inject
tests: test-inject

$(BUILD)/tests/inject: tests/inject/inject.c $(BUILD)/sim/asan/libsim.a
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SIM_CPPFLAGS) $(SIM_CFLAGS) $(SIM_asan) $^ -o $@ -lpthread
