# tools: programs for the host, and the initial archive that they make.
#
#   build/tools/quire-image   writes the base of the initial archive
#   build/tools/quire-run     boots the kernel and runs one program (`quire run`)
#   build/tools/quire-disk    writes a disk that boots with the code of boot/ (`quire disk`)
#   build/tools/quire-sim     replays a trace of references by replacement policies (`quire sim`)
#   build/image/base.cpio     the base: busybox, its links, /etc, programs of user/
#   build/image-i386/base.cpio  the same for i386 and i386-pae

BUSYBOX      ?= /bin/busybox
BUSYBOX_I386 ?= $(BUILD)/i386/bin/busybox

TOOLS_DIR   := $(BUILD)/tools
TOOLS_FLAGS := $(COMMON) $(STRICT) -O2
TOOLS_C     := $(wildcard tools/*/*.c)
TOOLS_O     := $(TOOLS_C:tools/%.c=$(TOOLS_DIR)/%.o)

# user/module.mk adds the programs that the image shall have in /usr/bin.
IMAGE_PROGRAMS      ?=
IMAGE_PROGRAMS_I386 ?=

.PHONY: tools image
tools: $(TOOLS_DIR)/quire-run $(TOOLS_DIR)/quire-image $(TOOLS_DIR)/quire-disk $(TOOLS_DIR)/quire-sim
image: $(BUILD)/image$(if $(filter i386%,$(ARCH)),-i386)/base.cpio
all: tools image

$(TOOLS_DIR)/%.o: tools/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOLS_FLAGS) -c $< -o $@

$(TOOLS_DIR)/quire-run: $(filter $(TOOLS_DIR)/run/% $(TOOLS_DIR)/common/%,$(TOOLS_O)) \
		$(TOOLS_DIR)/archive/archive.o $(TOOLS_DIR)/archive/base.o
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $^ -o $@

$(TOOLS_DIR)/quire-image: $(filter $(TOOLS_DIR)/archive/% $(TOOLS_DIR)/common/%,$(TOOLS_O))
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $^ -o $@

# The policies are the library's own files, compiled for the host.
$(TOOLS_DIR)/study/%.o: TOOLS_FLAGS += -Iinclude
$(TOOLS_DIR)/study/mm/%.o: mm/%.c
	$(call say,CC,"$< (host)")
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOLS_FLAGS) -Iinclude -c $< -o $@

$(TOOLS_DIR)/quire-sim: $(filter $(TOOLS_DIR)/study/%,$(TOOLS_O)) \
		$(patsubst mm/%.c,$(TOOLS_DIR)/study/mm/%.o,$(wildcard mm/policy*.c))
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $^ -lm -o $@

$(TOOLS_DIR)/quire-disk: $(filter $(TOOLS_DIR)/disk/% $(TOOLS_DIR)/common/%,$(TOOLS_O))
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $^ -o $@

# image_of,FOLDER,BUSYBOX,PROGRAMS
define image_of
$(1)/base.cpio: $(TOOLS_DIR)/quire-image $(2) $(3)
	$$(call say,IMAGE,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(2) --list-full >$$(@D)/applets
	$$(Q)$(TOOLS_DIR)/quire-image $(2) $$@ $(3) <$$(@D)/applets
endef
$(eval $(call image_of,$(BUILD)/image,$(BUSYBOX),$$(IMAGE_PROGRAMS)))
$(eval $(call image_of,$(BUILD)/image-i386,$(BUSYBOX_I386),$$(IMAGE_PROGRAMS_I386)))

$(BUILD)/i386/bin/busybox:
	$(call say,FETCH,busybox-static:i386)
	$(Q)tools/debian-i386 busybox-static
	@touch $@
