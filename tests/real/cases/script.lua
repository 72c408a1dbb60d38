-- What a garbage-collected language asks of a kernel: a heap that grows and shrinks, and a deep stack.

local function section(name) print("-- " .. name) end

section("a million entries")
local array = {}
for i = 1, 1000000 do array[i] = i * 3 % 1000003 end
local sum = 0
for _, value in ipairs(array) do sum = sum + value end
print(#array, sum)
table.sort(array, function(a, b) return a > b end)
print(array[1], array[500000], array[1000000])
array = nil

local map = {}
for i = 1, 200000 do map["key" .. i] = { i } end
for i = 1, 200000, 2 do map["key" .. i] = nil end
local count = 0
for key, value in pairs(map) do
    count = count + 1
    assert(key == "key" .. value[1])
end
print("map", count)
map = nil

section("collection")
local function used() collectgarbage() collectgarbage() return collectgarbage("count") end
local before = used()
local keep = {}
for i = 1, 100000 do keep[i] = { name = "object " .. i, next = keep[i - 1] } end
local grown = used()
print("grew by megabytes", grown - before > 8 * 1024)
local finalized = 0
for _ = 1, 1000 do setmetatable({}, { __gc = function() finalized = finalized + 1 end }) end
keep = nil
print("came back", used() - before < 1024)
print("finalized", finalized)
local weak = setmetatable({}, { __mode = "v" })
for i = 1, 1000 do weak[i] = {} end
weak.strong = print
collectgarbage()
count = 0
for _ in pairs(weak) do count = count + 1 end
print("weak entries left", count)
for _, mode in ipairs { "incremental", "generational" } do
    collectgarbage(mode)
    local checksum = 0
    for i = 1, 200000 do
        local garbage = { i, tostring(i) }
        checksum = (checksum + #garbage[2] * garbage[1]) % 1000007
    end
    print(mode, checksum)
end

section("strings")
local parts = {}
for i = 1, 50000 do parts[#parts + 1] = string.format("%05d", i) end
local text = table.concat(parts, ",")
print(#text, text:sub(-11), select(2, text:gsub("9", "9")))
local doubled = "x"
while #doubled < 32 * 1024 * 1024 do doubled = doubled .. doubled end
print(#doubled, doubled:rep(2):byte(-1))
doubled = nil
print(("the quick brown fox"):gsub("%w+", string.upper))
print(string.pack("<i4z", 305419896, "end"):byte(1, 8))

section("coroutines")
local function generate(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
sum = 0
for value in generate(100000) do sum = sum + value end
print("one", sum)
local threads = {}
for i = 1, 10000 do
    threads[i] = coroutine.create(function(start)
        local at = start
        while true do at = at + coroutine.yield(at) end
    end)
    coroutine.resume(threads[i], i)
end
sum = 0
for i, thread in ipairs(threads) do sum = sum + select(2, coroutine.resume(thread, i)) end
print("ten thousand", sum)
threads = nil

section("recursion")
local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end
print(depth(150000))
local function forever(n) return 1 + forever(n + 1) end
local ok, message = pcall(forever, 1)
print(ok, message:match("stack overflow"))
local function in_c(n) return (string.gsub("x", "x", function() return in_c(n + 1) end)) end
ok, message = pcall(in_c, 1)
print(ok, message:match("C stack overflow"))
local function tail(n) if n == 0 then return "done" end return tail(n - 1) end
print(tail(1000000))
ok, message = pcall(string.rep, "x", 1 << 40)
print(ok, message)

section("numbers")
local function fibonacci(n) if n < 2 then return n end return fibonacci(n - 1) + fibonacci(n - 2) end
print(fibonacci(25), 2 ^ 53, 7 // 2, -7 % 3, 1 << 62, math.maxinteger + 1 == math.mininteger)
print(string.format("%.14g %.3f %a", math.pi, math.exp(1), 0.5))

section("files")
local name = os.tmpname()
local file = assert(io.open(name, "w"))
for i = 1, 20000 do file:write(i, "\n") end
file:close()
sum = 0
for line in io.lines(name) do sum = sum + tonumber(line) end
print(sum, os.remove(name), io.open(name) == nil)
