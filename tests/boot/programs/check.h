/*
 * For self-checking programs. Each named group of checks runs in turn; a failed check says where
 * and why and the program ends with status 1. Printed lines do not depend on the kernel, so Linux
 * and quire must print the same.
 */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_failures;
static int check_count;

#define check(condition)                                                                           \
    do {                                                                                           \
        check_count++;                                                                             \
        if (!(condition)) {                                                                        \
            check_failures++;                                                                      \
            printf("FAILED %s:%d: %s (errno %d)\n", __func__, __LINE__, #condition, errno);        \
        }                                                                                          \
    } while (0)

/* The call fails with exactly this errno. */
#define check_error(call, wanted)                                                                  \
    do {                                                                                           \
        long result_ = (long)(call);                                                               \
        int errno_ = errno;                                                                        \
        check_count++;                                                                             \
        if (result_ != -1 || errno_ != (wanted)) {                                                 \
            check_failures++;                                                                      \
            printf("FAILED %s:%d: %s: %ld, errno %d, wanted errno %d\n", __func__, __LINE__,       \
                   #call, result_, errno_, wanted);                                                \
        }                                                                                          \
    } while (0)

#define run(group)                                                                                 \
    do {                                                                                           \
        int before_ = check_failures;                                                              \
        check_count = 0;                                                                           \
        group();                                                                                   \
        printf("%s: %s\n", #group, check_failures == before_ ? "ok" : "FAILED");                   \
        fflush(stdout);                                                                            \
    } while (0)

#endif
