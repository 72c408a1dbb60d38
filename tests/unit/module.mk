# Unit tests of layers 0 to 2, with cmocka on the host, under AddressSanitizer and UBSan. Each runs on
# two builds of the library: as released, and with the debug checks.

comma := ,
UNIT_DIR := $(BUILD)/unit$(ARCH_SUFFIX)
UNIT_SOURCES := atomic bootmap bootmap_adapters buddy frame frame_bitmap frame_freelist frame_init frame_lists \
	frame_table heap heap_firstfit hook_defaults line parts status
UNIT_TESTS := bootmap bootmap_maps frame frame_check heap status
UNIT_FLAGS := $(ARCH_HOST) $(COMMON) $(WARNINGS) $(MM_INCLUDE) -D_GNU_SOURCE -DQUIRE_FORMAT=$(ARCH_FORMAT) -O1 -fno-omit-frame-pointer

.PHONY: test-unit
test-unit: $(UNIT_TESTS:%=$(UNIT_DIR)/release/test_%) $(UNIT_TESTS:%=$(UNIT_DIR)/debug/test_%) \
	$(if $(ARCH_HOST),,$(UNIT_DIR)/thread/test_threads)
tests: test-unit

# unit_variant,NAME,FLAGS: the library and the tests built with these flags below build/unit/NAME
define unit_variant
$(UNIT_DIR)/$(1)/%.o: mm/%.c
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(HOSTCC) $(UNIT_FLAGS) $(2) -c $$< -o $$@

$(UNIT_DIR)/$(1)/tests/%.o: tests/unit/%.c
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(HOSTCC) $(UNIT_FLAGS) $(2) -c $$< -o $$@

$(UNIT_DIR)/$(1)/libquire.a: $(UNIT_SOURCES:%=$(UNIT_DIR)/$(1)/%.o)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^

$(UNIT_DIR)/$(1)/test_%: $(UNIT_DIR)/$(1)/tests/test_%.o $(UNIT_DIR)/$(1)/tests/host.o \
		$(UNIT_DIR)/$(1)/libquire.a | $(CMOCKA_FILES)
	$$(call say,LD,$$@)
	$$(Q)$$(HOSTCC) $(ARCH_HOST) $(2) $$^ -o $$@ $(CMOCKA) -lpthread
endef

$(eval $(call unit_variant,release,-fsanitize=address$(comma)undefined -fno-sanitize-recover=all))
$(eval $(call unit_variant,debug,-DQUIRE_DEBUG=1 -fsanitize=address$(comma)undefined -fno-sanitize-recover=all))
$(eval $(call unit_variant,thread,-fsanitize=thread))
.PRECIOUS: $(foreach v,release debug thread,$(UNIT_DIR)/$(v)/tests/%.o)

# The example that uses layers 0 and 1 only, against the files that `make install` puts in place: an
# embedder who stops there needs four hooks and nothing else.
.PHONY: test-install
test-install: $(BUILD)/stage/frames
tests: test-install

$(BUILD)/stage/frames: examples/frames/main.c $(BUILD)/libquire.a $(wildcard include/quire/*.h)
	$(Q)$(MAKE) -s install PREFIX=$(BUILD)/stage
	$(call say,CC,$<)
	$(Q)$(HOSTCC) -std=c11 -O1 -g $(STRICT) -I$(BUILD)/stage/include $< -L$(BUILD)/stage/lib -lquire -o $@
