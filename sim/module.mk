# sim: the simulated machine with the library inside, one archive per way of building it.
#
#   build/sim/asan/libsim.a    AddressSanitizer and UndefinedBehaviorSanitizer
#   build/sim/fast/libsim.a    optimised, for long runs
#   build/sim/tsan/libsim.a    ThreadSanitizer, for host threads (x86_64 only)
#
# MUTANT=DIR takes the library's sources from DIR instead of mm/ and puts everything below DIR/build.

SIM_MM      := mm
SIM_OUT     := $(BUILD)/sim$(ARCH_SUFFIX)
ifdef MUTANT
SIM_MM      := $(MUTANT)
SIM_OUT     := $(MUTANT)/build
endif

SIM_SOURCES    := $(sort $(wildcard sim/*.c))
SIM_MM_SOURCES := $(sort $(wildcard $(SIM_MM)/*.c))
SIM_INCLUDE    := -Iinclude -Isim -I$(SIM_MM)
SIM_CPPFLAGS   := $(SIM_INCLUDE) -DQUIRE_CONFIG_HEADER='"sim_config.h"' \
                  -DQUIRE_PLATFORM_HEADER='"quire_platform.h"' \
                  -DQUIRE_FORMAT=$(ARCH_FORMAT) -D_FILE_OFFSET_BITS=64
SIM_CFLAGS     := $(ARCH_HOST) $(COMMON) $(WARNINGS) -fno-omit-frame-pointer -pthread

SIM_asan := $(ARCH_HOST) -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
SIM_fast := $(ARCH_HOST) -O2
SIM_tsan := $(ARCH_HOST) -O1 -fsanitize=thread -Wno-tsan

# $(1): the variant
define sim_variant
SIM_OBJECTS_$(1) := $$(SIM_MM_SOURCES:$$(SIM_MM)/%.c=$$(SIM_OUT)/$(1)/mm/%.o) \
                    $$(SIM_SOURCES:sim/%.c=$$(SIM_OUT)/$(1)/sim/%.o)

$$(SIM_OUT)/$(1)/mm/%.o: $$(SIM_MM)/%.c
	$$(call say,CC,"$$< ($(1))")
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(SIM_CPPFLAGS) $$(SIM_CFLAGS) $$(SIM_$(1)) -c $$< -o $$@

$$(SIM_OUT)/$(1)/sim/%.o: sim/%.c
	$$(call say,CC,"$$< ($(1))")
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(SIM_CPPFLAGS) $$(SIM_CFLAGS) $$(SIM_$(1)) -c $$< -o $$@

$$(SIM_OUT)/$(1)/libsim.a: $$(SIM_OBJECTS_$(1))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^
endef
$(foreach variant,asan fast tsan,$(eval $(call sim_variant,$(variant))))
