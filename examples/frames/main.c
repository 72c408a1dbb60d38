/*
 * Physical frames in an ordinary program: the boot map and the frame layer (layers 0 and 1),
 * nothing else. A machine of 64 MiB is a block of this process's memory; its firmware's map has
 * holes. The program brings the frames up, allocates until nothing is left, frees every second
 * block, and shows what that does to the blocks of each order.
 *
 *     make install PREFIX=$HOME/quire
 *     cc -I$HOME/quire/include main.c -L$HOME/quire/lib -lquire
 */

#include <stdio.h>
#include <stdlib.h>

#include <quire/frame.h>
#include <quire/hooks.h>

#define RAM_SIZE ((size_t)64 << 20)

static unsigned char *ram;

/* The four hooks that layers 0 and 1 need. */

unsigned quire_hook_cpu(void)
{
    return 0;
}

void *quire_hook_direct(const struct quire *q, quire_phys p)
{
    (void)q;
    return ram + p;
}

quire_phys quire_hook_direct_phys(const struct quire *q, const void *v)
{
    (void)q;
    return (quire_phys)((const unsigned char *)v - ram);
}

void quire_hook_panic(struct quire *q, const char *message)
{
    (void)q;
    fprintf(stderr, "quire: %s\n", message);
    abort();
}

static void must(enum quire_status status)
{
    if (status == QUIRE_OK)
        return;
    fprintf(stderr, "frames: %s\n", quire_status_string(status));
    exit(1);
}

static void show(const struct quire *q, const char *when)
{
    struct quire_frame_stats stats;

    quire_frame_stats(q, &stats);
    printf("%-22s %6llu of %llu frames free; blocks by order:", when,
           (unsigned long long)stats.free, (unsigned long long)stats.total);
    for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++) {
        unsigned long long blocks = 0;

        for (unsigned zone = 0; zone < QUIRE_ZONE_COUNT; zone++)
            blocks += q->frame.zone[zone].blocks[order];
        printf(" %llu", blocks);
    }
    printf("\n");
}

int main(void)
{
    static struct quire machine;
    static struct quire_frame *frames[RAM_SIZE / 4096];
    struct quire_memory_range rows[16];
    struct quire_bootmap map;
    size_t n = 0;

    ram = aligned_alloc(4096, RAM_SIZE);
    if (ram == NULL)
        return 1;
    quire_bootmap_init(&map, rows, sizeof(rows) / sizeof(rows[0]));
    must(quire_bootmap_add(&map, 0, RAM_SIZE, QUIRE_MEMORY_USABLE));
    must(quire_bootmap_add(&map, 0x9fc00, 0x400, QUIRE_MEMORY_RESERVED));
    must(quire_bootmap_add(&map, RAM_SIZE - 0x20000, 0x20000, QUIRE_MEMORY_ACPI));
    must(quire_bootmap_finish(&map));
    for (size_t i = 0; i < map.count; i++)
        printf("%#10llx - %#10llx  %s\n", (unsigned long long)map.range[i].start,
               (unsigned long long)map.range[i].end, quire_memory_type_string(map.range[i].type));

    must(quire_frame_init(&machine, &map,
                          &(struct quire_frame_config){.cpu_count = 1, .direct_end = RAM_SIZE}));
    show(&machine, "at start");
    while ((frames[n] = quire_frame_alloc_one(&machine, QUIRE_FRAME_KERNEL, 0)) != NULL)
        n++;
    show(&machine, "all taken");
    for (size_t i = 0; i < n; i += 2)
        must(quire_frame_free(&machine, frames[i]));
    quire_frame_drain(&machine);
    show(&machine, "every second one freed");
    for (size_t i = 1; i < n; i += 2)
        must(quire_frame_free(&machine, frames[i]));
    quire_frame_drain(&machine);
    show(&machine, "all freed");
    return quire_frame_check(&machine) == 0 ? 0 : 1;
}
