# Programs for tests/groups/real.sh: interpreters, a data base, allocators and compressors from
# Debian's static libraries, and programs that use memory hard. Each is static but for one: Debian has
# no static mimalloc, so `allocate-mimalloc` brings the dynamic loader into the machine.

REAL_DIR      := $(BUILD)/tests/real
REAL_NAMES    := allocate allocate-musl allocate-jemalloc allocate-mimalloc compress fork_tree lua \
                 regions sort sparse sqlite
REAL_PROGRAMS := $(REAL_NAMES:%=$(REAL_DIR)/%)
REAL_FLAGS    := -std=gnu11 -O2 -s -MMD -MP $(WARNINGS) -Itests/boot/programs -Wl,--no-warnings

.PHONY: test-real
test-real: $(REAL_PROGRAMS)
tests: test-real

# real_program,NAME,SOURCE,COMPILER,FLAGS,LIBRARIES
define real_program
$(REAL_DIR)/$(1): tests/real/programs/$(2).c
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$(3) $(REAL_FLAGS) $(4) -MF $$@.d $$< -o $$@ $(5)
endef

$(eval $(call real_program,allocate,allocate,gcc,-static -DALLOCATOR_GLIBC,))
$(eval $(call real_program,allocate-musl,allocate,musl-gcc,-static,))
$(eval $(call real_program,allocate-jemalloc,allocate,gcc,-static -DALLOCATOR_JEMALLOC,-ljemalloc -lm))
$(eval $(call real_program,allocate-mimalloc,allocate,gcc,-DALLOCATOR_MIMALLOC,-lmimalloc))
$(eval $(call real_program,compress,compress,gcc,-static,-lz -llzma))
$(eval $(call real_program,fork_tree,fork_tree,gcc,-static,))
$(eval $(call real_program,lua,lua,gcc,-static -I/usr/include/lua5.4,-llua5.4 -lm))
$(eval $(call real_program,regions,regions,gcc,-static,))
$(eval $(call real_program,sort,sort,gcc,-static,))
$(eval $(call real_program,sparse,sparse,gcc,-static,))
$(eval $(call real_program,sqlite,sqlite,gcc,-static,-lsqlite3 -lm))
