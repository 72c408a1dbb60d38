/* lua SCRIPT [ARGUMENT]...: runs a script with the standard libraries; an error is told with its
 * callers and gives status 1. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

static int with_callers(lua_State *lua)
{
    luaL_traceback(lua, lua, lua_tostring(lua, 1), 1);
    return 1;
}

int main(int argc, char **argv)
{
    lua_State *lua = luaL_newstate();
    int i, failed;

    if (lua == NULL || argc < 2) {
        fprintf(stderr, "usage: lua SCRIPT [ARGUMENT]...\n");
        return 2;
    }
    luaL_openlibs(lua);
    lua_pushcfunction(lua, with_callers);
    failed = luaL_loadfile(lua, argv[1]);
    if (!failed) {
        for (i = 2; i < argc; i++)
            lua_pushstring(lua, argv[i]);
        failed = lua_pcall(lua, argc - 2, 0, 1);
    }
    if (failed)
        fprintf(stderr, "%s\n", lua_tostring(lua, -1));
    lua_close(lua);
    return failed != 0;
}
