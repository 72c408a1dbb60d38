# Injection tests, under AddressSanitizer and UBSan.

.PHONY: test-inject
test-inject: $(BUILD)/tests$(ARCH_SUFFIX)/inject
tests: test-inject

$(BUILD)/tests$(ARCH_SUFFIX)/inject: tests/inject/inject.c $(SIM_OUT)/asan/libsim.a
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SIM_CPPFLAGS) $(SIM_CFLAGS) $(SIM_asan) $^ -o $@ -lpthread
