# Every allocation inside the kernel fails once, step by step; and the first allocations of a whole
# session. The kernel lives, and loses nothing.

. tests/lib.sh
tools/build kernel tools image "build/tests/boot$mode/failnth" || exit 1

check steps status 0 machine --timeout 120 --append check -- "build/tests/boot$mode/failnth"

# The shell may say "out of memory", or die; the machine may not (124 to 126 are its own).
kernel_option() {
    result=0
    for n in 1 2 3 4 5 7 10 14 20 28 40 56; do
        machine --timeout 120 --append "check failnth=$n" -- /bin/sh -c \
            'ls /proc | cat >/dev/null; (cd /tmp; echo x >y; rm y); sleep 0'
        case $? in
        124 | 125 | 126)
            echo "the machine died with failnth=$n"
            result=1
            ;;
        esac
    done
    return $result
}
check "kernel option failnth=" kernel_option
