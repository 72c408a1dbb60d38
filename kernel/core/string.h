#ifndef KERNEL_CORE_STRING_H
#define KERNEL_CORE_STRING_H

/*
 * The part of <string.h> that a kernel needs. The four mem* functions are also what the compiler
 * itself calls; all of them work in any context.
 */

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *left, const void *right, size_t size);
void *memchr(const void *memory, int byte, size_t size);

size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t limit);
char *strchr(const char *text, int byte);
char *strrchr(const char *text, int byte);
char *strstr(const char *text, const char *wanted);

/* Copies at most size - 1 bytes and always ends the result; returns strlen(from). */
size_t strlcpy(char *to, const char *from, size_t size);
size_t strlcat(char *to, const char *from, size_t size);

/* Base 0 takes 0x and 0 prefixes; saturates at ULONG_MAX. *out_end is the first byte not used. */
unsigned long long strtoull(const char *text, char **out_end, int base);
unsigned long strtoul(const char *text, char **out_end, int base);

#endif
