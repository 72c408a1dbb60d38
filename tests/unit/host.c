#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "host.h"

_Thread_local unsigned host_cpu;
unsigned host_log_lines;
char host_log_text[8192];
int host_frames_mapped;
const struct quire_frame_manager *host_manager;
const struct quire_heap_manager *host_heap;
jmp_buf *host_panic_jump;
const char *host_panic_message;

/* ---- hooks ---- */

unsigned quire_hook_cpu(void)
{
    return host_cpu;
}

void *quire_hook_direct(const struct quire *q, quire_phys p)
{
    const struct host *host = (const struct host *)q;

    if (p >= host->size) {
        fprintf(stderr, "direct map of 0x%llx, beyond RAM\n", (unsigned long long)p);
        abort();
    }
    return host->ram + p;
}

quire_phys quire_hook_direct_phys(const struct quire *q, const void *v)
{
    return (uintptr_t)v - (uintptr_t)((const struct host *)q)->ram;
}

void quire_hook_panic(struct quire *q, const char *message)
{
    (void)q;
    host_panic_message = message;
    if (host_panic_jump != NULL)
        longjmp(*host_panic_jump, 1);
    fprintf(stderr, "panic: %s\n", message);
    abort();
}

void quire_hook_log(struct quire *q, const char *line)
{
    size_t used = strlen(host_log_text);

    (void)q;
    host_log_lines++;
    snprintf(host_log_text + used, sizeof(host_log_text) - used, "%s\n", line);
}

/* RAM beyond the direct map is reachable here all the same: only the pairing is watched. */
void *quire_hook_frame_map(struct quire *q, quire_phys frame)
{
    struct host *host = (struct host *)q;

    assert_true(frame >= q->frame.direct_end && frame < host->size);
    host_frames_mapped++;
    return host->ram + frame;
}

void quire_hook_frame_unmap(struct quire *q, void *address)
{
    assert_true((uint8_t *)address >= ((struct host *)q)->ram + q->frame.direct_end);
    host_frames_mapped--;
}

void host_log_clear(void)
{
    host_log_lines = 0;
    host_log_text[0] = '\0';
}

/* ---- machines ---- */

void host_init(struct host *host, size_t size)
{
    memset(host, 0, sizeof(*host));
    host->size = size;
    host->ram = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(host->ram != MAP_FAILED);
    host_cpu = 0;
    quire_bootmap_init(&host->map, host->rows, HOST_ROWS);
}

void host_start(struct host *host, const struct quire_frame_config *config)
{
    struct quire_frame_config filled = *config;

    if (filled.manager == NULL)
        filled.manager = host_manager;
    if (filled.direct_end == 0)
        filled.direct_end = host->size;
    assert_int_equal(quire_bootmap_finish(&host->map), QUIRE_OK);
    assert_int_equal(quire_frame_init(&host->q, &host->map, &filled), QUIRE_OK);
}

void host_simple(struct host *host, size_t size)
{
    host_init(host, size);
    assert_int_equal(quire_bootmap_add(&host->map, 0, size, QUIRE_MEMORY_USABLE), QUIRE_OK);
    host_start(host, &(struct quire_frame_config){.cpu_count = 1});
}

void host_end(struct host *host)
{
    munmap(host->ram, host->size);
}

uint64_t host_free_frames(const struct host *host)
{
    struct quire_frame_stats stats;

    quire_frame_stats(&host->q, &stats);
    return stats.free;
}

void host_check_panic(const char *text)
{
    if (host_panic_message == NULL)
        fail_msg("no panic; expected \"%s\"", text);
    if (strstr(host_panic_message, text) == NULL)
        fail_msg("panic \"%s\"; expected \"%s\"", host_panic_message, text);
}

/* ---- exchangeable parts ---- */

static int run_named(const char *name, const struct CMUnitTest *tests, size_t count)
{
    struct CMUnitTest *named = calloc(count, sizeof(*named));
    char *text = calloc(count, 128);
    int failed;

    for (size_t i = 0; i < count; i++) {
        named[i] = tests[i];
        snprintf(&text[i * 128], 128, "%s: %s", name, tests[i].name);
        named[i].name = &text[i * 128];
    }
    failed = _cmocka_run_group_tests(name, named, count, NULL, NULL);
    free(named);
    free(text);
    return failed;
}

int host_run_on_each(enum host_parts parts, const struct CMUnitTest *tests, size_t count)
{
    static const struct quire_frame_manager *const managers[] = {
        &quire_frame_buddy,
        &quire_frame_bitmap,
        &quire_frame_freelist,
    };
    static const struct quire_heap_manager *const heaps[] = {
        &quire_heap_slab,
        &quire_heap_firstfit,
    };
    int failed = 0;

    for (size_t i = 0; parts == HOST_HEAPS && i < sizeof(heaps) / sizeof(heaps[0]); i++) {
        host_heap = heaps[i];
        failed += run_named(host_heap->name, tests, count);
    }
    for (size_t i = 0; parts == HOST_MANAGERS && i < sizeof(managers) / sizeof(managers[0]); i++) {
        host_manager = managers[i];
        failed += run_named(host_manager->name, tests, count);
    }
    return failed;
}

/* ---- random numbers ---- */

uint64_t host_seed(void)
{
    const char *text = getenv("QUIRE_SEED");
    struct timespec now;
    uint64_t seed;

    clock_gettime(CLOCK_REALTIME, &now);
    seed = text != NULL ? strtoull(text, NULL, 0)
                        : (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec;
    fprintf(stderr, "# QUIRE_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* splitmix64 */
uint64_t host_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t host_random_below(uint64_t *state, uint64_t limit)
{
    return host_random(state) % limit;
}
