# tools: programs for the host, and the initial archive that they make.
#
#   build/tools/quire-image   writes the base of the initial archive
#   build/tools/quire-run     boots the kernel and runs one program (`quire run`)
#   build/tools/quire-disk    writes a disk that boots with the code of boot/ (`quire disk`)
#   build/image/base.cpio     the base: busybox, its links, /etc, programs of user/

BUSYBOX ?= /bin/busybox

TOOLS_DIR   := $(BUILD)/tools
TOOLS_FLAGS := $(COMMON) $(STRICT) -O2
TOOLS_C     := $(wildcard tools/*/*.c)
TOOLS_O     := $(TOOLS_C:tools/%.c=$(TOOLS_DIR)/%.o)

# user/module.mk adds the programs that the image shall have in /usr/bin.
IMAGE_PROGRAMS ?=

.PHONY: tools image
tools: $(TOOLS_DIR)/quire-run $(TOOLS_DIR)/quire-image $(TOOLS_DIR)/quire-disk
image: $(BUILD)/image/base.cpio
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

$(TOOLS_DIR)/quire-disk: $(filter $(TOOLS_DIR)/disk/% $(TOOLS_DIR)/common/%,$(TOOLS_O))
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $^ -o $@

$(BUILD)/image/base.cpio: $(TOOLS_DIR)/quire-image $(BUSYBOX) $(IMAGE_PROGRAMS)
	$(call say,IMAGE,$@)
	@mkdir -p $(@D)
	$(Q)$(BUSYBOX) --list-full >$(@D)/applets
	$(Q)$(TOOLS_DIR)/quire-image $(BUSYBOX) $@ $(IMAGE_PROGRAMS) <$(@D)/applets
