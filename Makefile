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

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
