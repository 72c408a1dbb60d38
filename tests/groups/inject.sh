# Every allocation and every disk transfer of a script of operations fails once.

tools/build test-inject || exit 1

. tests/lib.sh
log=$work/log

# each PART...: every allocation and transfer fails once, on these exchangeable parts of the library
each() {
    if env "$@" timeout 300 "build/tests$suffix/inject" >"$log" 2>&1; then
        sed "s/^/ok /; s/\$/${1:+ ($*)}/" "$log"
    else
        sed -n '/failed in/s/^/ok /p' "$log"
        echo "not ok a failure is survived ${1:+($*)}"
        tail -n 45 "$log"
    fi
}

each
each QUIRE_FRAMES=bitmap QUIRE_HEAP=firstfit
