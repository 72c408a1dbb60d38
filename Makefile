# quire: one Makefile, one module.mk per folder. All output goes to build/.
#
#   make            the kernel image, the host tools and the initial archive
#   make library    build/libquire.a for embedders (generic platform header)
#   make tests      every host-side test program
#
# Set V=1 to see each command.

CC        ?= gcc
HOSTCC    ?= $(CC)
BUILD     := build
V         ?= 0
ifeq ($(V),0)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
else
Q :=
say = @:
endif

,         := ,

# What is built for: the kernel, and the library in the host's tests. Output for x86_64 goes to
# build/kernel, build/sim and so on, for others to build/kernel-ARCH, build/sim-ARCH.
ARCH ?= x86_64
ifeq ($(ARCH),x86_64)
ARCH_SUFFIX :=
ARCH_FORMAT := QUIRE_FORMAT_X86_64
ARCH_HOST   :=
else ifeq ($(ARCH),i386)
ARCH_SUFFIX := -i386
ARCH_FORMAT := QUIRE_FORMAT_I386
ARCH_HOST   := -m32
else ifeq ($(ARCH),i386-pae)
ARCH_SUFFIX := -i386-pae
ARCH_FORMAT := QUIRE_FORMAT_I386_PAE
ARCH_HOST   := -m32
else
$(error ARCH is x86_64, i386 or i386-pae)
endif

# The i386 test programs' cmocka is unpacked, not installed (tests/module.mk). It is named by its path:
# a C library that is unpacked beside it is not the one to link.
CMOCKA_I386  := $(BUILD)/i386/usr/lib/i386-linux-gnu
CMOCKA       := $(if $(ARCH_HOST),$(CMOCKA_I386)/libcmocka.so -Wl$(,)-rpath$(,)$(abspath $(CMOCKA_I386)),-lcmocka)
CMOCKA_FILES := $(if $(ARCH_HOST),$(CMOCKA_I386)/libcmocka.so)

WARNINGS  := -Wall -Wextra -Wshadow -Werror
STRICT    := $(WARNINGS) -Wconversion -Wstrict-prototypes -Wmissing-prototypes
COMMON    := -std=c11 -g -MMD -MP

.PHONY: all library tests install
all:

include mm/module.mk
-include sim/module.mk
-include kernel/module.mk
-include boot/module.mk
-include user/module.mk
-include tools/module.mk
-include tests/module.mk
-include bench/module.mk

-include $(shell find $(BUILD) -path $(BUILD)/i386 -prune -o -type f -name '*.d' -print 2>/dev/null)
