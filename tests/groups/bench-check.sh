# What the benchmark does is done right by the kernel: each row's own checks, few operations.

tools/build kernel bench || exit 1
build/bench/quire-bench --check
