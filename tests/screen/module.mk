# Host tests of what draws and types: the terminal and the keyboard's map.
SCREEN_TESTS := vt keymap

.PHONY: test-screen
test-screen: $(SCREEN_TESTS:%=$(BUILD)/tests/screen/test_%)
tests: test-screen

$(BUILD)/tests/screen/test_vt: tests/screen/test_vt.c kernel/tty/vt.c kernel/tty/vt_parse.c
$(BUILD)/tests/screen/test_keymap: tests/screen/test_keymap.c kernel/drivers/keymap.c

$(BUILD)/tests/screen/test_%:
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(COMMON) $(WARNINGS) -Wconversion -D_GNU_SOURCE -Ikernel -O1 \
	    -fsanitize=address,undefined -fno-sanitize-recover $(filter %.c,$^) -o $@ -lcmocka
