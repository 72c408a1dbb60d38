# The line discipline of terminals, by itself on this host.

tools/build test-tty || exit 1

CMOCKA_MESSAGE_OUTPUT=TAP build/tests/line-test 2>&1
