# user: programs that ship with the kernel, in /usr/bin of the image.
#
#   build/user/mm        the demos, for x86-64
#   build/user-i386/mm   the same for i386 and i386-pae; its simulated machine has two levels
#
# The demos on a simulated machine take the library and sim/ into the program.

USER_C         := $(wildcard user/mm/*.c)
USER_SIM_C     := $(wildcard sim/*.c mm/*.c)
USER_CPPFLAGS  := -Iinclude -Isim -Imm -DQUIRE_CONFIG_HEADER='"sim_config.h"' \
                  -DQUIRE_PLATFORM_HEADER='"quire_platform.h"' -D_FILE_OFFSET_BITS=64
USER_CFLAGS    := -std=gnu11 -g -O1 -D_GNU_SOURCE -MMD -MP $(WARNINGS) \
                  -Wstrict-prototypes -Wmissing-prototypes -fno-pie -pthread $(USER_CPPFLAGS)
USER_SIM_FLAGS := $(USER_CPPFLAGS) $(COMMON) $(WARNINGS) -O2 -fno-pie -pthread

# user_variant,FOLDER,FLAGS
define user_variant
$(1)/objects/user/%.o: user/%.c
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)gcc $$(USER_CFLAGS) $(2) -c $$< -o $$@

$(1)/objects/%.o: %.c
	$$(call say,CC,"$$< ($(notdir $(1)))")
	@mkdir -p $$(@D)
	$$(Q)gcc $$(USER_SIM_FLAGS) $(2) -c $$< -o $$@

$(1)/mm: $$(USER_C:%.c=$(1)/objects/%.o) $$(USER_SIM_C:%.c=$(1)/objects/%.o)
	$$(call say,LINK,$$@)
	$$(Q)gcc $(2) -static -no-pie -pthread -s $$^ -o $$@
endef
$(eval $(call user_variant,$(BUILD)/user,-m64 -DQUIRE_FORMAT=QUIRE_FORMAT_X86_64))
$(eval $(call user_variant,$(BUILD)/user-i386,-m32 -DQUIRE_FORMAT=QUIRE_FORMAT_I386))

IMAGE_PROGRAMS      += $(BUILD)/user/mm
IMAGE_PROGRAMS_I386 += $(BUILD)/user-i386/mm

.PHONY: user
user: $(BUILD)/user/mm
all: user
