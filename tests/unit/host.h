/*
 * A machine on the host for unit tests of layers 0 to 2: RAM is one mapping of this process, the
 * direct map adds its address. Several may live at once.
 */
#ifndef TESTS_UNIT_HOST_H
#define TESTS_UNIT_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <quire/frame.h>
#include <quire/heap.h>
#include <quire/hooks.h>

#define HOST_ROWS 256

struct host {
    struct quire q; /* first: the hooks get from it to the machine */
    uint8_t *ram;
    size_t size;
    struct quire_bootmap map;
    struct quire_memory_range rows[HOST_ROWS];
};

/* Reserves RAM [0, size) and starts an empty boot map. */
void host_init(struct host *host, size_t size);
/* The frame manager of machines whose configuration names none; NULL: the library's choice. */
extern const struct quire_frame_manager *host_manager;

/* Finishes the map and brings layer 1 up; everything must succeed. direct_end 0: all of RAM. */
void host_start(struct host *host, const struct quire_frame_config *config);
/* One CPU, RAM [0, size) all usable, default manager. */
void host_simple(struct host *host, size_t size);
void host_end(struct host *host);

/* Free frames as the layer counts them. */
uint64_t host_free_frames(const struct host *host);

/* The CPU that this thread plays. */
extern _Thread_local unsigned host_cpu;

/* What was given to the log hook since host_log_clear (cut when there is too much). */
extern unsigned host_log_lines;
extern char host_log_text[8192];
void host_log_clear(void);

/* Frames that are mapped through quire_hook_frame_map at this moment. */
extern int host_frames_mapped;

/*
 * Runs the statement and expects it to panic with a message that contains the text. The machine
 * is not usable afterwards (a lock may be held).
 */
extern jmp_buf *host_panic_jump;
extern const char *host_panic_message;
void host_check_panic(const char *text);

#define assert_panics(statement, text)                                                             \
    do {                                                                                           \
        jmp_buf jump;                                                                              \
        host_panic_message = NULL;                                                                 \
        host_panic_jump = &jump;                                                                   \
        if (setjmp(jump) == 0) {                                                                   \
            statement;                                                                             \
        }                                                                                          \
        host_panic_jump = NULL;                                                                    \
        host_check_panic(text);                                                                    \
    } while (0)

/* The heap's manager of the tests that run. */
extern const struct quire_heap_manager *host_heap;

/* Runs the tests once on each frame manager, or each manager of the heap, which goes before their
 * names. */
enum host_parts { HOST_MANAGERS, HOST_HEAPS };
int host_run_on_each(enum host_parts parts, const struct CMUnitTest *tests, size_t count);

/* A small random generator; the seed of a test comes from QUIRE_SEED or the clock, and is printed.
 */
uint64_t host_seed(void);
uint64_t host_random(uint64_t *state);
/* Uniform enough in [0, limit). */
uint64_t host_random_below(uint64_t *state, uint64_t limit);

#endif
