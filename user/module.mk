# user: programs that ship with the kernel, in /usr/bin of the image.
#
#   build/user/mm        the demos, for x86-64
#   build/user-i386/mm   the same for i386

USER_C      := $(wildcard user/mm/*.c)
USER_CFLAGS := -std=gnu11 -g -O1 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -MMD -MP $(WARNINGS) \
               -Wstrict-prototypes -Wmissing-prototypes -fno-pie

# user_variant,FOLDER,FLAGS
define user_variant
$(1)/%.o: user/mm/%.c
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)gcc $$(USER_CFLAGS) $(2) -c $$< -o $$@

$(1)/mm: $$(USER_C:user/mm/%.c=$(1)/%.o)
	$$(call say,LINK,$$@)
	$$(Q)gcc $(2) -static -no-pie -s $$^ -o $$@
endef
$(eval $(call user_variant,$(BUILD)/user,))
$(eval $(call user_variant,$(BUILD)/user-i386,-m32))

IMAGE_PROGRAMS += $(BUILD)/user/mm

.PHONY: user
user: $(BUILD)/user/mm
all: user
