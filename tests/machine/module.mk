# Unit tests of layers 3 and 4 on the simulated machine, under AddressSanitizer and UBSan.

MACHINE_TESTS := $(patsubst tests/machine/test_%.c,%,$(wildcard tests/machine/test_*.c))
MACHINE_DIR   := $(BUILD)/tests$(ARCH_SUFFIX)/machine

.PHONY: test-machine
test-machine: $(MACHINE_TESTS:%=$(MACHINE_DIR)/test_%)
tests: test-machine

$(MACHINE_DIR)/%.o: tests/machine/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SIM_CPPFLAGS) $(SIM_CFLAGS) $(SIM_asan) -c $< -o $@

$(MACHINE_DIR)/test_%: $(MACHINE_DIR)/test_%.o $(MACHINE_DIR)/machine.o $(MACHINE_DIR)/scene.o $(SIM_OUT)/asan/libsim.a \
		| $(CMOCKA_FILES)
	$(call say,LD,$@)
	$(Q)$(CC) $(SIM_asan) $^ -o $@ $(CMOCKA) -lpthread
.PRECIOUS: $(MACHINE_DIR)/%.o
