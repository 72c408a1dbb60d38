# Lua: collection, coroutines, a million entries, recursion to its end
exec /real/lua /cases/script.lua
