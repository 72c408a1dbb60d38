# Unit tests of layers 0 to 2, with cmocka on the host, under AddressSanitizer and UBSan. Each runs on
# two builds of the library: as released, and with the debug checks.

comma := ,
UNIT_SOURCES := bootmap bootmap_adapters buddy frame frame_init heap hook_defaults line status
UNIT_TESTS := bootmap bootmap_maps frame heap status
UNIT_FLAGS := $(COMMON) $(WARNINGS) $(MM_INCLUDE) -D_GNU_SOURCE -O1 -fno-omit-frame-pointer

.PHONY: test-unit
test-unit: $(UNIT_TESTS:%=$(BUILD)/unit/release/test_%) $(UNIT_TESTS:%=$(BUILD)/unit/debug/test_%) \
	$(BUILD)/unit/thread/test_threads
tests: test-unit

# unit_variant,NAME,FLAGS: the library and the tests built with these flags below build/unit/NAME
define unit_variant
$(BUILD)/unit/$(1)/%.o: mm/%.c
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(HOSTCC) $(UNIT_FLAGS) $(2) -c $$< -o $$@

$(BUILD)/unit/$(1)/tests/%.o: tests/unit/%.c
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(HOSTCC) $(UNIT_FLAGS) $(2) -c $$< -o $$@

$(BUILD)/unit/$(1)/libquire.a: $(UNIT_SOURCES:%=$(BUILD)/unit/$(1)/%.o)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^

$(BUILD)/unit/$(1)/test_%: $(BUILD)/unit/$(1)/tests/test_%.o $(BUILD)/unit/$(1)/tests/host.o \
		$(BUILD)/unit/$(1)/libquire.a
	$$(call say,LD,$$@)
	$$(Q)$$(HOSTCC) $(2) $$^ -o $$@ -lcmocka -lpthread
endef

$(eval $(call unit_variant,release,-fsanitize=address$(comma)undefined -fno-sanitize-recover=all))
$(eval $(call unit_variant,debug,-DQUIRE_DEBUG=1 -fsanitize=address$(comma)undefined -fno-sanitize-recover=all))
$(eval $(call unit_variant,thread,-fsanitize=thread))
.PRECIOUS: $(foreach v,release debug thread,$(BUILD)/unit/$(v)/tests/%.o)

# The example that uses layers 0 and 1 only, against the files that `make install` puts in place: an
# embedder who stops there needs four hooks and nothing else.
.PHONY: test-install
test-install: $(BUILD)/stage/frames
tests: test-install

$(BUILD)/stage/frames: examples/frames/main.c $(BUILD)/libquire.a $(wildcard include/quire/*.h)
	$(Q)$(MAKE) -s install PREFIX=$(BUILD)/stage
	$(call say,CC,$<)
	$(Q)$(HOSTCC) -std=c11 -O1 -g $(STRICT) -I$(BUILD)/stage/include $< -L$(BUILD)/stage/lib -lquire -o $@
