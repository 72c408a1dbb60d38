/* The first program of every machine: arguments, environment, standard streams, exit status. */
#include <stdio.h>
#include <stdlib.h>

static _Thread_local int thread_value = 5;
static int zeroed[3000];

int main(int argc, char **argv)
{
    const char *home = getenv("HOME");

    for (int i = 0; i < 3000; i++)
        if (zeroed[i])
            return 99;
    printf("hello, world: %d %s %s %d %.3f\n", argc, argc > 1 ? argv[1] : "-",
           home ? home : "no home", thread_value, 22.0 / 7);
    fprintf(stderr, "errors are apart\n");
    return argc > 2 ? atoi(argv[2]) : 0;
}
