# bench: the operations that are measured, as one static program, and the host's side of it.
#
#   build/bench/bench           the program; runs on Linux and on quire
#   build/bench/quire-bench     boots both kernels with it and compares (`quire bench`)
#   build/bench/swap            the benchmark of swap, and
#   build/bench/quire-swap      its host's side (`bench/run-swap`)
#   build/bench/quire-profile   says in which functions a row's instructions are spent

BENCH_DIR   := $(BUILD)/bench
BENCH_FLAGS := $(COMMON) $(STRICT) -O2

# The program. Its flags say what figures depend on, so they are fixed here.
BENCH_PROGRAM_O := $(patsubst %,$(BENCH_DIR)/%.o,bench measure rows \
	rows_anonymous rows_region rows_file rows_process)

BENCH_HOST_O := $(patsubst %,$(BENCH_DIR)/host/%.o,guest figures) $(BENCH_DIR)/rows.o \
	$(TOOLS_DIR)/common/report.o $(TOOLS_DIR)/archive/archive.o

.PHONY: bench-program bench
bench-program: $(BENCH_DIR)/bench $(BENCH_DIR)/swap
bench: bench-program $(BENCH_DIR)/quire-bench $(BENCH_DIR)/quire-swap $(BENCH_DIR)/quire-profile $(BENCH_DIR)/plugin.so

$(BENCH_DIR)/%.o: bench/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_FLAGS) -fno-pie -c $< -o $@

$(BENCH_DIR)/bench: $(BENCH_PROGRAM_O)
	$(call say,LINK,$@)
	$(Q)$(CC) -static -no-pie $^ -o $@

$(BENCH_DIR)/swap: $(BENCH_DIR)/swap.o $(BENCH_DIR)/measure.o
	$(call say,LINK,$@)
	$(Q)$(CC) -static -no-pie $^ -o $@

$(BENCH_DIR)/host/%.o: bench/host/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(BENCH_FLAGS) -c $< -o $@

$(BENCH_DIR)/quire-bench: $(BENCH_DIR)/host/compare.o $(BENCH_HOST_O)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) -no-pie $^ -o $@

$(BENCH_DIR)/quire-swap: $(BENCH_DIR)/host/swap.o $(BENCH_HOST_O)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) -no-pie $^ -o $@

$(BENCH_DIR)/quire-profile: $(BENCH_DIR)/host/profile.o $(BENCH_HOST_O)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) -no-pie $^ -o $@

$(BENCH_DIR)/plugin.so: bench/host/plugin.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(BENCH_FLAGS) -fPIC -shared $< -o $@
