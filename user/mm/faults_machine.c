/*
 * Classes of page faults that no program can bring about by itself: they need a swap device that
 * fails, a slow file, the last frame, or another CPU at the right moment. The library handles them
 * on a simulated machine in which all of that is at hand. A row's counter is the library's own.
 */
#include "faults.h"
#include "machine.h"

#include <quire/object.h>
#include <quire/slot.h>
#include <quire/space.h>

#include <string.h>

#define BASE  ((quire_virt)0x10000000)
#define RIGHT (QUIRE_PROT_READ | QUIRE_PROT_WRITE | QUIRE_REGION_MAY_READ | QUIRE_REGION_MAY_WRITE)

/* A machine and a program's space on it. */
struct place {
    struct sim_machine *machine;
    struct quire_space *space;
};

static void place_on(struct place *place, const struct sim_options *options)
{
    place->machine = sim_create(options);
    must(quire_space_create(place->machine->q, &place->space), "a space");
    sim_switch(sim_this_cpu(), place->space);
}

static void place_leave(struct place *place)
{
    sim_disk_finish(place->machine);
    sim_switch(sim_this_cpu(), NULL);
    quire_space_destroy(place->space);
    sim_quiesce(place->machine);
    sim_destroy(place->machine);
}

static void map(struct place *place, size_t pages, struct quire_object *object)
{
    const struct quire_map request = {.address = BASE,
                                      .length = pages * page_size,
                                      .region = RIGHT | (object ? QUIRE_REGION_SHARED : 0),
                                      .flags = QUIRE_MAP_FIXED,
                                      .object = object};
    quire_virt at;

    must(quire_space_map(place->space, &request, &at), "a mapping");
}

static wide counted(const struct place *place, enum quire_fault_class class)
{
    wide sum = 0;

    for (unsigned cpu = 0; cpu < place->machine->options.cpus; cpu++)
        sum += place->machine->q->cpu[cpu].fault[class];
    return sum;
}

static const char *seen(enum quire_status status)
{
    switch (status) {
    case QUIRE_OK:
        return "nothing: it goes on";
    case QUIRE_IO_ERROR:
        return "SIGBUS";
    case QUIRE_NO_MEMORY:
        return "SIGKILL, to whom the kernel chooses";
    default:
        return quire_status_string(status);
    }
}

/* One read, whose class is known beforehand, and what it must come to. */
static void read_once(struct place *place, const char *what, enum quire_fault_class class,
                      enum quire_status expected)
{
    wide from = counted(place, class);
    uint64_t word;
    enum quire_status status = sim_load(sim_this_cpu(), BASE, &word);

    if (status != expected)
        fail("%s: %s", what, quire_status_string(status));
    fault_row(what, quire_fault_class_string(class), from, counted(place, class), seen(status));
}

/* ---- a page in a slot, and a disk that fails ---- */

static void page_out(struct place *place)
{
    must(sim_store(sim_this_cpu(), BASE, 77), "a store");
    if (quire_space_page_out(place->space, BASE, page_size) != 1)
        fail("the page does not go out");
    sim_disk_finish(place->machine);
}

static void swap_classes(void)
{
    const struct sim_options options = {.cpus = 1, .frames = 512, .seed = 1};
    struct quire_slot_area *area;
    struct place place;

    place_on(&place, &options);
    must(quire_slot_area_create(place.machine->q, 16, 0, NULL, &area), "a swap area");
    map(&place, 1, NULL);
    page_out(&place);
    read_once(&place, "read a page that lies in a swap slot", QUIRE_FAULT_SWAP_IN, QUIRE_OK);
    page_out(&place);
    place.machine->disk.fail_at = 1;
    read_once(&place, "the same, and the disk fails", QUIRE_FAULT_IO_ERROR, QUIRE_IO_ERROR);
    read_once(&place, "read it again: it was lost, and stays so", QUIRE_FAULT_POISONED,
              QUIRE_IO_ERROR);
    must(quire_space_unmap(place.space, BASE, page_size), "unmapping");
    sim_quiesce(place.machine);
    must(quire_slot_area_destroy(area), "giving the swap area back");
    place_leave(&place);
}

/* ---- a file's page that has to be fetched ---- */

static enum quire_status fetch(struct quire_object *object, uint64_t index,
                               struct quire_frame *const *frames, unsigned n)
{
    (void)index;
    for (unsigned i = 0; i < n; i++) {
        void *bytes = quire_frame_map(object->q, frames[i]);

        memset(bytes, 'f', page_size);
        quire_frame_unmap(object->q, frames[i], bytes);
    }
    return QUIRE_OK;
}

static void pager_class(void)
{
    static const struct quire_pager pager = {.fill = fetch};
    const struct sim_options options = {.cpus = 1, .frames = 512, .seed = 1};
    struct quire_object *object;
    struct place place;

    place_on(&place, &options);
    must(
        quire_object_create(place.machine->q, QUIRE_OBJECT_PAGED, &pager, NULL, page_size, &object),
        "a file");
    map(&place, 1, object);
    quire_object_put(object); /* the mapping keeps it */
    read_once(&place, "read a file's page that is on a disk still", QUIRE_FAULT_PAGER_WAIT,
              QUIRE_OK);
    place_leave(&place);
}

/* ---- the last frame ---- */

static void memory_class(void)
{
    enum { PAGES = 1024 };
    const struct sim_options options = {.cpus = 1, .frames = 512, .seed = 1};
    enum quire_status status = QUIRE_OK;
    struct place place;
    wide from = 0;

    place_on(&place, &options);
    map(&place, PAGES, NULL);
    for (unsigned i = 0; i < PAGES && status == QUIRE_OK; i++) {
        from = counted(&place, QUIRE_FAULT_NO_MEMORY);
        status = sim_store(sim_this_cpu(), BASE + i * page_size, i);
    }
    if (status != QUIRE_NO_MEMORY)
        fail("memory does not end: %s", quire_status_string(status));
    fault_row("write a new page when no frame is left", "no_memory", from,
              counted(&place, QUIRE_FAULT_NO_MEMORY), seen(status));
    place_leave(&place);
}

/* ---- two CPUs at one page ---- */

static void write_page(struct sim_cpu *cpu, void *argument)
{
    const quire_virt *at = argument;

    must(sim_store(cpu, *at, 1), "a store");
}

static void switch_to(struct sim_cpu *cpu, void *argument)
{
    sim_switch(cpu, argument);
}

static void on_both(struct place *place, void (*task)(struct sim_cpu *, void *), void *argument)
{
    void (*const tasks[])(struct sim_cpu *, void *) = {task, task};
    void *const arguments[] = {argument, argument};

    sim_run(place->machine, tasks, arguments);
    sim_enter(place->machine, 0);
}

/* Both CPUs write to the same new page, one page after the other, until their steps fall so that
 * the class is met. The seed makes it the same page in every run. */
static void meet(struct place *place, const char *what, enum quire_fault_class class,
                 quire_virt *next, quire_virt end)
{
    for (; *next < end; *next += page_size) {
        wide from = counted(place, class);

        on_both(place, write_page, next);
        if (counted(place, class) != from) {
            fault_row(what, quire_fault_class_string(class), from, counted(place, class),
                      seen(QUIRE_OK));
            return;
        }
    }
    fail("the CPUs do not meet at %s", quire_fault_class_string(class));
}

static void race_classes(void)
{
    enum { PAGES = 1024 };
    const struct sim_options options = {.cpus = 2, .frames = 4096, .seed = 1, .point_mean = 2};
    struct place place;
    quire_virt next = BASE, end = BASE + PAGES * page_size;

    place_on(&place, &options);
    map(&place, PAGES, NULL);
    on_both(&place, switch_to, place.space);
    meet(&place, "write; another CPU changes the entry meanwhile", QUIRE_FAULT_RACE, &next, end);
    next += page_size;
    meet(&place, "write; another CPU's fault did it already", QUIRE_FAULT_SPURIOUS, &next, end);
    on_both(&place, switch_to, NULL);
    place_leave(&place);
}

void faults_simulated(void)
{
    swap_classes();
    pager_class();
    memory_class();
    race_classes();
    printf("\n");
    say("io_error and poisoned end in SIGBUS for the one program whose page it was. race and "
        "spurious cost a second look: faults take no lock of the space, so what was seen is looked "
        "at once more before the entry is written.");
}
