# Every allocation and every disk transfer of a script of operations fails once.

tools/build test-inject || exit 1

. tests/lib.sh
log=$work/log
if timeout 300 "build/tests$suffix/inject" >"$log" 2>&1; then
    sed 's/^/ok /' "$log"
else
    sed -n '/failed in/s/^/ok /p' "$log"
    echo "not ok a failure is survived"
    tail -n 45 "$log"
fi
