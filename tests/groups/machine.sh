# Unit tests of layers 3 and 4, and of the simulated machine itself.

. tests/lib.sh

tools/build -k test-machine || echo "not ok every test compiles"
for source in tests/machine/test_*.c; do
    program=build/tests$suffix/machine/$(basename "$source" .c)
    CMOCKA_MESSAGE_OUTPUT=TAP timeout 120 "$program" 2>&1 ||
        [ $? -lt 100 ] || echo "not ok $program did not end by itself"
done
