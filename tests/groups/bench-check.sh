# What the benchmark does is done right by the kernel: each row's own checks, few operations. And swap
# costs no more than a third of Linux's instructions per page, measured in a small machine.

tools/build kernel bench || exit 1
build/bench/quire-bench --check
build/bench/quire-swap --check --memory 64 --touch 64
