# What the benchmark does is done right by the kernel: each row's own checks, few operations.

make --no-print-directory -j2 kernel bench || exit 1
build/bench/quire-bench --check
