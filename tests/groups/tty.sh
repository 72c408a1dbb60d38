# The line discipline of terminals, by itself on this host.

make --no-print-directory -j2 test-tty || exit 1

CMOCKA_MESSAGE_OUTPUT=TAP build/tests/line-test 2>&1
