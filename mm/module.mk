# mm: the library.
#
#   build/libquire.a        gcc, generic platform header; linkable anywhere (position independent)
#   make check-clang        every source once more with clang, same warnings
#   make check-symbols      the archive needs nothing but four mem* functions and hooks
#   make install            headers and archive below PREFIX (default /usr/local)

MM_SOURCES := $(sort $(wildcard mm/*.c))
MM_OBJECTS := $(MM_SOURCES:mm/%.c=$(BUILD)/mm/%.o)
MM_CLANG   := $(MM_SOURCES:mm/%.c=$(BUILD)/mm-clang/%.o)
MM_INCLUDE := -Iinclude -Imm

# An embedder's own choices: make library QUIRE_CFLAGS='-DQUIRE_CONFIG_HEADER=\"my_config.h\" -Imy'
QUIRE_CFLAGS ?=
CLANG        ?= clang
PREFIX       ?= /usr/local

MM_FLAGS := $(COMMON) $(STRICT) $(MM_INCLUDE) -O2 -ffreestanding -fPIE -fvisibility=hidden \
	-fno-stack-protector -fno-asynchronous-unwind-tables -mno-red-zone -mgeneral-regs-only \
	$(QUIRE_CFLAGS)

library: $(BUILD)/libquire.a

$(BUILD)/mm/%.o: mm/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(MM_FLAGS) -c $< -o $@

$(BUILD)/mm-clang/%.o: mm/%.c
	$(call say,CLANG,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(MM_FLAGS) -c $< -o $@

$(BUILD)/libquire.a: $(MM_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

.PHONY: check-clang check-symbols
check-clang: $(MM_CLANG)

# What no member of the archive defines must be a hook or one of the four functions that every
# freestanding compiler may call.
check-symbols: $(BUILD)/libquire.a
	$(Q)nm -A --undefined-only $< | sed 's/.* //' | sort -u >$(BUILD)/mm/undefined
	$(Q)nm -A --defined-only $< | sed 's/.* //' | sort -u >$(BUILD)/mm/defined
	$(Q)comm -23 $(BUILD)/mm/undefined $(BUILD)/mm/defined \
	| grep -Ev '^(memcpy|memmove|memset|memcmp|quire_hook_[a-z_]+)$$' \
	>$(BUILD)/mm/foreign; \
	if [ -s $(BUILD)/mm/foreign ]; then echo 'libquire.a needs:'; cat $(BUILD)/mm/foreign; exit 1; fi

install: $(BUILD)/libquire.a
	$(call say,INSTALL,$(PREFIX))
	$(Q)mkdir -p $(PREFIX)/include/quire $(PREFIX)/lib
	$(Q)cp include/quire/*.h $(PREFIX)/include/quire/
	$(Q)cp $(BUILD)/libquire.a $(PREFIX)/lib/
