# Host programs with which the launcher and the kernel's terminal are tested.
TEST_TOOLS := $(BUILD)/tests/guest-agent $(BUILD)/tests/pty-drive $(BUILD)/tests/channel-test \
    $(BUILD)/tests/screen-drive $(BUILD)/tests/count-plugin.so

.PHONY: test-tools
test-tools: $(TEST_TOOLS)
tests: test-tools

$(BUILD)/tests/guest-agent: tests/tools/guest_agent.c kernel/drivers/channel_protocol.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(COMMON) $(STRICT) -O1 -static $< -o $@ -lutil

# For Debian's Linux of 32 bits.
$(BUILD)/tests/guest-agent-i386: tests/tools/guest_agent.c kernel/drivers/channel_protocol.h
	$(call say,CC,"$< (i386)")
	@mkdir -p $(@D)
	$(Q)gcc -m32 $(COMMON) -w -O1 -static $< -o $@ -lutil

$(BUILD)/tests/pty-drive: tests/tools/pty_drive.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(COMMON) $(STRICT) -O1 $< -o $@ -lutil

$(BUILD)/tests/screen-drive: tests/tools/screen_drive.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(COMMON) $(STRICT) -O2 $< -o $@

$(BUILD)/tests/count-plugin.so: tests/tools/count_plugin.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(COMMON) $(STRICT) -O2 -fPIC -shared $< -o $@

# Messages cut anywhere, queues that stall: the parts of the launcher by themselves.
$(BUILD)/tests/channel-test: tests/tools/channel_test.c tools/run/channel.c tools/run/output.c \
		tools/common/report.c $(wildcard tools/run/*.h)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(COMMON) $(STRICT) -O1 -fsanitize=address,undefined -fno-sanitize-recover $(filter %.c,$^) -o $@
