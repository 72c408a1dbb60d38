# tests: each folder has its own module.mk; `make tests` builds what they add to this target.
-include $(sort $(wildcard tests/*/module.mk))
