# The model test, in three builds: asan (with UBSan), fast, tsan. With MUTANT=DIR (see sim/module.mk) the
# library inside is another one.

MODEL_SOURCES := $(sort $(wildcard tests/model/*.c))
MODEL_DIR     := $(SIM_OUT)

.PHONY: test-model
test-model: $(MODEL_DIR)/asan/model $(MODEL_DIR)/fast/model $(if $(ARCH_HOST),,$(MODEL_DIR)/tsan/model)
tests: test-model

# $(1): the variant
define model_variant
$$(MODEL_DIR)/$(1)/tests/model/%.o: tests/model/%.c
	$$(call say,CC,"$$< ($(1))")
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(SIM_CPPFLAGS) $$(SIM_CFLAGS) $$(SIM_$(1)) -c $$< -o $$@

$$(MODEL_DIR)/$(1)/model: $$(MODEL_SOURCES:%.c=$$(MODEL_DIR)/$(1)/%.o) $$(SIM_OUT)/$(1)/libsim.a
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(SIM_$(1)) $$^ -o $$@ -lpthread
endef
$(foreach variant,asan fast tsan,$(eval $(call model_variant,$(variant))))
