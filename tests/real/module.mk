# Programs for tests/groups/real.sh: interpreters, a data base, allocators and compressors from
# Debian's static libraries, and programs that use memory hard. Each is static but for one: Debian has
# no static mimalloc, so `allocate-mimalloc` brings the dynamic loader into the machine.

REAL_DIR      := $(BUILD)/tests/real$(GUEST_SUFFIX)
REAL_NAMES    := allocate allocate-musl allocate-jemalloc allocate-mimalloc compress fork_tree lua \
                 regions sort $(if $(ARCH_HOST),,sparse) sqlite
REAL_PROGRAMS := $(REAL_NAMES:%=$(REAL_DIR)/%)
REAL_FLAGS    := -std=gnu11 -O2 -s -MMD -MP $(WARNINGS) -Itests/boot/programs

# Two libraries name dlopen, of which the linker warns. The option hides errors too: for these two alone.
REAL_QUIET    := -Wl,--no-warnings

# The same of Debian's i386, unpacked. Without its C library's own: the compiler brings one of 32 bits,
# and a second is taken in place of musl.
ifneq ($(ARCH_HOST),)
REAL_LIBRARIES := $(BUILD)/i386/usr/lib/i386-linux-gnu
REAL_FILES     := $(BUILD)/i386/real-programs
REAL_FLAGS     += -idirafter $(BUILD)/i386/usr/include/i386-linux-gnu -L$(REAL_LIBRARIES)

$(REAL_FILES):
	$(call say,FETCH,libraries and programs:i386)
	$(Q)tools/debian-i386 libc6 liblua5.4-dev libsqlite3-dev zlib1g-dev liblzma-dev \
	    libjemalloc-dev libmimalloc-dev libmimalloc2.0 perl-base libcrypt1 bash-static
	@touch $@
endif

.PHONY: test-real
test-real: $(REAL_PROGRAMS)
tests: test-real

# real_program,NAME,SOURCE,COMPILER,FLAGS,LIBRARIES
define real_program
$(REAL_DIR)/$(1): tests/real/programs/$(2).c $(GUEST_MUSL_FILES) | $(REAL_FILES)
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$(3) $(REAL_FLAGS) $(4) -MF $$@.d tests/real/programs/$(2).c -o $$@ $(5)
endef

$(eval $(call real_program,allocate,allocate,$(GUEST_GCC),-static -DALLOCATOR_GLIBC,))
$(eval $(call real_program,allocate-musl,allocate,$(GUEST_MUSL),-static,))
$(eval $(call real_program,allocate-jemalloc,allocate,$(GUEST_GCC),-static -DALLOCATOR_JEMALLOC,-ljemalloc -lm))
$(eval $(call real_program,allocate-mimalloc,allocate,$(GUEST_GCC),-DALLOCATOR_MIMALLOC,-lmimalloc))
$(eval $(call real_program,compress,compress,$(GUEST_GCC),-static,-lz -llzma))
$(eval $(call real_program,fork_tree,fork_tree,$(GUEST_GCC),-static,))
$(eval $(call real_program,lua,lua,$(GUEST_GCC),-static -I/usr/include/lua5.4,-llua5.4 -lm $(REAL_QUIET)))
$(eval $(call real_program,regions,regions,$(GUEST_GCC),-static,))
$(eval $(call real_program,sort,sort,$(GUEST_GCC),-static,))
$(eval $(call real_program,sparse,sparse,$(GUEST_GCC),-static,))
$(eval $(call real_program,sqlite,sqlite,$(GUEST_GCC),-static,-lsqlite3 -lm $(REAL_QUIET)))
