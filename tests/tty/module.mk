# The line discipline by itself, on the host.
TTY_TEST_FLAGS := $(COMMON) $(STRICT) -O1 -fsanitize=address,undefined -fno-sanitize-recover=all

.PHONY: test-tty
test-tty: $(BUILD)/tests/line-test
tests: test-tty

$(BUILD)/tests/line-test: tests/tty/line_test.c kernel/tty/line.c kernel/tty/line.h \
		kernel/tty/termios.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TTY_TEST_FLAGS) -DLINE_HOSTED -Ikernel $(filter %.c,$^) -o $@ -lcmocka
