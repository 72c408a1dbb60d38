/*
 * The screen: cells that programs and the log write, and a display that follows them.
 *
 * Concepts
 *   Writing changes cells in memory (tty/vt.c) and no device. A thread brings the display up to
 *   date, at most 60 times a second: it compares each row that may have changed with what the
 *   display shows, `shown`, and draws the cells that differ. However fast a program scrolls, the
 *   display costs the same; and device memory is never read.
 *
 *   Before there are threads, and when the kernel dies, whoever writes draws at once. A report that
 *   comes before the screen was set up starts it with memory that was put aside.
 *
 * Locking
 *   screen.lock guards the terminal; it is taken in interrupt handlers (the log) and held for at
 *   most WRITE_PART bytes. `shown` and the display belong to whoever draws: one thread, or
 *   everybody while there is one CPU and no thread; screen.drawing is for the flush at the end.
 *   A log line may come from under the scheduler's locks, so it wakes nobody; the thread looks
 *   for log lines by itself ten times a second.
 */
#include "drivers/screen.h"

#include "core/init.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/mutex.h"
#include "core/spinlock.h"
#include "core/string.h"
#include "drivers/display.h"
#include "drivers/font.h"
#include "proc/process.h"
#include "x86/memory_type.h"
#include "x86/time.h"

#include <quire/area.h>
#include <quire/frame.h>

#define FRAME_TIME    (NANOSECONDS_PER_SECOND / 60)
#define LOG_TIME      (NANOSECONDS_PER_SECOND / 10)
#define WRITE_PART    256u
#define HISTORY_LINES 1000u
#define LOCK_TURNS    100000
#define EARLY_COLUMNS 80u
#define EARLY_ROWS    25u

static struct {
    struct quire_spinlock lock;
    struct vt vt;                  /* (lock) */
    const struct display *display; /* (c) after the drivers' start; NULL: none */
    vt_cell *shown;                /* what the display shows; a glyph of all ones is nothing */
    void *storage;                 /* of the terminal and `shown` */
    bool threaded;                 /* a thread draws */
    bool reporting;                /* the kernel dies: draw at once, wait for no lock */
    struct wait_queue changed;
    struct mutex drawing; /* among threads */
    void (*reply)(const char *bytes, size_t n);
} screen;

static void vt_reply(const char *bytes, size_t n)
{
    if (screen.reply)
        screen.reply(bytes, n);
}

static const struct vt_host host = {font_glyph, vt_reply};

/* ---- locking ---- */

/* A log line and a report must not wait for a lock that their own CPU may hold. */
static bool lock_soon(void)
{
    for (unsigned turn = 0; turn < LOCK_TURNS; turn++) {
        if (quire_spin_try(&screen.lock))
            return true;
        cpu_relax();
    }
    return false;
}

/* In a report the lock may be not held on return, and all goes on without it. */
static bool lock_terminal(unsigned long *flags)
{
    *flags = interrupts_save();
    if (screen.reporting)
        return lock_soon();
    quire_spin_lock(&screen.lock);
    return true;
}

static void unlock_terminal(bool locked, unsigned long flags)
{
    if (locked)
        quire_spin_unlock(&screen.lock);
    interrupts_restore(flags);
}

/* ---- drawing ---- */

static vt_cell exchange_colours(vt_cell cell)
{
    return (cell & (VT_GLYPH_MASK | VT_UNDERLINE)) |
           VT_CELL(0, VT_BACKGROUND(cell), VT_FOREGROUND(cell));
}

/* The row as it is to be seen; on some displays the cursor is a cell with its colours exchanged. */
static void compose_row(unsigned y, vt_cell *to)
{
    const vt_cell *from = vt_row(&screen.vt, y);
    unsigned x, cursor_y;

    for (x = 0; x < screen.vt.columns; x++)
        to[x] = screen.vt.reverse_screen ? exchange_colours(from[x]) : from[x];
    if (!screen.display->cursor && vt_cursor(&screen.vt, &x, &cursor_y) && cursor_y == y)
        to[x] = exchange_colours(to[x]);
}

static void draw_row(unsigned y, const vt_cell *cells)
{
    vt_cell *shown = screen.shown + (size_t)y * screen.display->columns;

    for (unsigned x = 0, end; x < screen.display->columns; x = end) {
        end = x + 1;
        if (cells[x] == shown[x])
            continue;
        while (end < screen.display->columns && cells[end] != shown[end])
            end++;
        screen.display->draw(x, y, cells + x, end - x);
        memcpy(shown + x, cells + x, (end - x) * sizeof(*cells));
    }
}

static void draw_changes(void)
{
    static vt_cell cells[DISPLAY_COLUMNS_MAX];
    unsigned first, end, x, y;
    unsigned long flags;
    bool any, cursor, locked = lock_terminal(&flags);

    any = vt_take_dirty(&screen.vt, &first, &end);
    unlock_terminal(locked, flags);
    if (!any)
        return;
    for (; first < end; first++) {
        locked = lock_terminal(&flags);
        compose_row(first, cells);
        unlock_terminal(locked, flags);
        draw_row(first, cells);
    }
    if (screen.display->cursor) {
        locked = lock_terminal(&flags);
        cursor = vt_cursor(&screen.vt, &x, &y);
        unlock_terminal(locked, flags);
        screen.display->cursor(x, y, cursor);
    }
    if (screen.display->finish)
        screen.display->finish();
}

static bool has_changes(void)
{
    return __atomic_load_n(&screen.vt.dirty_first, __ATOMIC_ACQUIRE) <
           __atomic_load_n(&screen.vt.dirty_end, __ATOMIC_ACQUIRE);
}

/* Sleeps for so long, or until programs have written. */
static void wait_for_changes(uint64_t until, bool also_changes)
{
    struct waiter waiter = {0};
    struct wait_queue nobody;

    wait_queue_init(&nobody);
    wait_prepare(also_changes ? &screen.changed : &nobody, &waiter);
    if (!also_changes || !has_changes())
        schedule_until(until);
    wait_finish(&waiter);
}

static void draw_alone(void)
{
    mutex_lock(&screen.drawing);
    draw_changes();
    mutex_unlock(&screen.drawing);
}

static void follow(void *argument)
{
    (void)argument;
    for (;;) {
        while (!has_changes())
            wait_for_changes(clock_monotonic_ns() + LOG_TIME, true);
        draw_alone();
        wait_for_changes(clock_monotonic_ns() + FRAME_TIME, false);
    }
}

static int screen_thread_init(void)
{
    if (!screen.display)
        return 0;
    wait_queue_init(&screen.changed);
    mutex_init(&screen.drawing);
    if (kernel_thread_start("screen", follow, NULL))
        __atomic_store_n(&screen.threaded, true, __ATOMIC_RELEASE);
    else
        log_warn("screen: no memory for its thread; it is drawn as it is written");
    return 0;
}
INITCALL(INIT_LATE, screen_thread_init);

/* ---- writing ---- */

void screen_write(const char *bytes, size_t n)
{
    if (!screen.display)
        return;
    while (n > 0) {
        size_t part = n < WRITE_PART ? n : WRITE_PART;
        unsigned long flags;
        bool locked = lock_terminal(&flags);

        vt_write(&screen.vt, bytes, part);
        unlock_terminal(locked, flags);
        bytes += part;
        n -= part;
    }
    if (screen.threaded)
        wake_all(&screen.changed);
    else
        draw_changes();
}

void screen_flush(void)
{
    if (screen.threaded)
        draw_alone();
    else if (screen.display)
        draw_changes();
}

/*
 * Log lines end with a line feed alone. From inside an NMI the lock may be that of the interrupted
 * code: such a line is on the serial port and in the ring, and not here.
 */
static void write_log(const char *text, size_t size)
{
    unsigned long flags = interrupts_save();
    bool locked = lock_soon();

    while (size > 0 && (locked || screen.reporting)) {
        const char *end = memchr(text, '\n', size);
        size_t length = end ? (size_t)(end - text) : size;

        vt_write(&screen.vt, text, length);
        if (end)
            vt_write(&screen.vt, "\r\n", 2);
        length += end != NULL;
        text += length;
        size -= length;
    }
    unlock_terminal(locked, flags);
}

void screen_log(const char *text, size_t size)
{
    if (!screen.display)
        return;
    write_log(text, size);
    if (!screen.threaded || screen.reporting)
        draw_changes();
}

/* ---- starting ---- */

/* The log so far: what was said before there was a screen. */
static void show_log(void)
{
    uint64_t position = 0;
    char part[WRITE_PART];
    size_t n;

    while ((n = log_read(&position, part, sizeof(part))) > 0)
        write_log(part, n);
    draw_changes();
}

static size_t storage_size(const struct display *display, unsigned history)
{
    return vt_storage_size(display->columns, display->rows, history) + sizeof(vt_cell) +
           (size_t)display->columns * display->rows * sizeof(vt_cell);
}

/* From here on the screen is that display with an empty terminal. */
static void switch_to(const struct display *display, unsigned history, void *storage)
{
    size_t cells = (size_t)display->columns * display->rows;

    screen.display = NULL;
    screen.storage = storage;
    screen.shown = storage;
    memset(screen.shown, 0xff, cells * sizeof(vt_cell));
    vt_init(&screen.vt, display->columns, display->rows, history, screen.shown + cells, &host);
    vt_make_dirty(&screen.vt, 0, display->rows);
    screen.display = display;
    show_log();
}

/* History takes no more than a 256th of the machine. */
static unsigned history_lines(const struct display *display)
{
    size_t frames = kernel_machine.commit.machine;
    size_t lines = frames * (QUIRE_PAGE_SIZE / 256) / (display->columns * sizeof(vt_cell));

    return lines < HISTORY_LINES ? (unsigned)lines : HISTORY_LINES;
}

static bool start(const struct display *display)
{
    unsigned history = history_lines(display);
    void *old = screen.storage, *storage;

    storage = quire_area_alloc(&kernel_machine, storage_size(display, history), "screen");
    if (!storage) {
        log_warn("screen: no memory for %u times %u characters", display->columns, display->rows);
        return false;
    }
    switch_to(display, history, storage);
    if (old)
        (void)quire_area_free(&kernel_machine, old);
    return true;
}

bool screen_present(void)
{
    return screen.display != NULL;
}

bool screen_has_pixels(void)
{
    return screen.display && screen.display->width != 0;
}

bool screen_use_framebuffer(const struct boot_framebuffer *framebuffer)
{
    const struct display *display;

    return framebuffer_start(framebuffer, &display) && start(display);
}

static void start_text(void)
{
    void *base = quire_area_map_device(&kernel_machine, VGA_TEXT_ADDRESS, VGA_TEXT_SIZE,
                                       QUIRE_CACHE_UNCACHED, "vga text");
    const struct display *display;

    if (!base)
        return;
    if (!vga_text_start(base, &display) || !start(display)) {
        (void)quire_area_free(&kernel_machine, base);
        return;
    }
    log_info("screen: VGA text, %u times %u characters", display->columns, display->rows);
}

static int screen_init(void)
{
    font_init();
    if (boot_info.framebuffer.kind != BOOT_SCREEN_PIXELS ||
        !screen_use_framebuffer(&boot_info.framebuffer))
        start_text();
    return 0;
}
INITCALL(INIT_SCREEN, screen_init);

/* ---- the last report ---- */

/* Memory put aside: two screens of cells, the displayed one and numbers of rows. */
static vt_cell early_storage[4 * EARLY_COLUMNS * EARLY_ROWS];

static bool find_early_display(const struct display **out)
{
    const struct boot_framebuffer *from = &boot_info.framebuffer;
    void *base;

    if (from->kind == BOOT_SCREEN_PIXELS) {
        base = memory_early_device(from->address, (uint64_t)from->pitch * from->height);
        return base && framebuffer_start_early(from, base, out);
    }
    /* Firmware's low memory is in the direct map from the first instruction on. */
    return vga_text_start(direct_map(VGA_TEXT_ADDRESS), out);
}

static void start_for_report(void)
{
    static struct display small;
    const struct display *display;

    font_init();
    if (!find_early_display(&display))
        return;
    small = *display;
    if (small.columns > EARLY_COLUMNS && !small.cursor)
        small.columns = EARLY_COLUMNS;
    if (small.rows > EARLY_ROWS && !small.cursor)
        small.rows = EARLY_ROWS;
    if (storage_size(&small, 0) <= sizeof(early_storage))
        switch_to(&small, 0, early_storage);
}

void screen_begin_report(void)
{
    if (screen.reporting)
        return;
    screen.reporting = true;
    if (!screen.display)
        start_for_report();
    else
        screen_log("", 0);
}

/* ---- the keyboard's and the console's questions ---- */

void screen_size(struct screen_size *out)
{
    *out = (struct screen_size){0, 0, 0, 0};
    if (screen.display)
        *out = (struct screen_size){screen.display->rows, screen.display->columns,
                                    screen.display->width, screen.display->height};
}

void screen_set_reply(void (*reply)(const char *bytes, size_t n))
{
    screen.reply = reply;
}

bool screen_application_cursor(void)
{
    return screen.vt.application_cursor;
}

void screen_scroll_view(int pages)
{
    unsigned long flags = spin_lock_interrupts(&screen.lock);

    if (screen.display)
        vt_scroll_view(&screen.vt, pages * (int)(screen.vt.rows / 2));
    spin_unlock_interrupts(&screen.lock, flags);
    if (screen.threaded)
        wake_all(&screen.changed);
}
