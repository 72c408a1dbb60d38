/*
 * Time. The time stamp counter is the clock: measured once against the 8254 timer, whose rate is
 * the same on every PC. Nanoseconds are (ticks * scale) >> 32. The 8254's channel 0 interrupts
 * TIMER_HZ times a second, for the scheduler and for one-shot timers.
 *
 * Locking: timer_lock protects the list of armed timers; taken with interrupts off, because the
 * tick takes it. Functions of expired timers run without it.
 */

#include "x86/time.h"

#include <quire/lock.h>

#include "core/log.h"
#include "core/panic.h"
#include "core/printf.h"
#include "x86/cpu.h"
#include "x86/interrupt.h"

#define PIT_HZ           1193182
#define PIT_CHANNEL0     0x40
#define PIT_CHANNEL2     0x42
#define PIT_COMMAND      0x43
#define PIT_RATE         0x34 /* channel 0, both bytes, mode 2: a pulse every n */
#define PIT_FREE_RUN2    0xb4 /* channel 2, both bytes, mode 2 */
#define PIT_LATCH2       0x80
#define PIT_LINE         0
#define SPEAKER          0x61
#define SPEAKER_GATE     0x01
#define SPEAKER_SOUND    0x02
#define MEASURE_TICKS    (PIT_HZ / 250) /* 4 ms */
#define MEASURE_ATTEMPTS 20
#define MEASURE_TURNS    10000000
#define SAMPLE_ATTEMPTS  5

#define CMOS_ADDRESS 0x70
#define CMOS_DATA    0x71

static uint64_t tsc_hz, tsc_base, tsc_scale;
static uint64_t realtime_offset; /* nanoseconds of 1970 at boot */

static struct quire_spinlock timer_lock;
static struct timer *timers; /* (timer_lock) sorted by deadline */

/* --- the clock ------------------------------------------------------------------------------- */

/* (a * b) >> 32, without its bits from 64 on. */
static uint64_t multiply_shift(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    return (uint64_t)(((unsigned __int128)a * b) >> 32);
#else
    uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;

    return ((a_high * b_high) << 32) + a_high * b_low + a_low * b_high + (a_low * b_low >> 32);
#endif
}

uint64_t clock_monotonic_ns(void)
{
    return tsc_scale != 0 ? multiply_shift(tsc_read() - tsc_base, tsc_scale) : 0;
}

uint64_t clock_realtime_ns(void)
{
    return __atomic_load_n(&realtime_offset, __ATOMIC_RELAXED) + clock_monotonic_ns();
}

void clock_set_realtime_ns(uint64_t now)
{
    __atomic_store_n(&realtime_offset, now - clock_monotonic_ns(), __ATOMIC_RELAXED);
}

uint64_t clock_tsc_hz(void)
{
    return tsc_hz;
}

void clock_delay_ns(uint64_t nanoseconds)
{
    uint64_t end = clock_monotonic_ns() + nanoseconds;

    while (clock_monotonic_ns() < end)
        cpu_relax();
}

/* Both clocks at one moment; the 8254 counts down. */
struct sample {
    uint64_t tsc;
    unsigned count;
};

/*
 * Reading the 8254 takes port accesses, between which a hypervisor may stop this CPU for
 * milliseconds. The attempt that took the fewest ticks is the one that was not disturbed.
 */
static struct sample take_sample(void)
{
    struct sample best = {0, 0};
    uint64_t best_window = UINT64_MAX;

    for (unsigned attempt = 0; attempt < SAMPLE_ATTEMPTS; attempt++) {
        uint64_t before = tsc_read(), window;
        unsigned count;

        port_write8(PIT_COMMAND, PIT_LATCH2);
        count = port_read8(PIT_CHANNEL2);
        count |= (unsigned)port_read8(PIT_CHANNEL2) << 8;
        window = tsc_read() - before;
        if (window < best_window) {
            best_window = window;
            best = (struct sample){before + window / 2, count};
        }
    }
    return best;
}

/* Ticks of the time stamp counter a second, from two samples MEASURE_TICKS apart; 0: it stands. */
static uint64_t measure_tsc(void)
{
    uint8_t speaker = port_read8(SPEAKER) & (uint8_t)~SPEAKER_SOUND;
    struct sample first, last;
    unsigned turn, elapsed = 0;

    port_write8(SPEAKER, speaker | SPEAKER_GATE);
    port_write8(PIT_COMMAND, PIT_FREE_RUN2);
    port_write8(PIT_CHANNEL2, 0xff);
    port_write8(PIT_CHANNEL2, 0xff);
    first = take_sample();
    last = first;
    for (turn = 0; turn < MEASURE_TURNS && elapsed < MEASURE_TICKS; turn++) {
        last = take_sample();
        elapsed = (first.count - last.count) & 0xffff;
    }
    port_write8(SPEAKER, speaker & (uint8_t)~SPEAKER_GATE);
    if (elapsed < MEASURE_TICKS)
        return 0;
    return (last.tsc - first.tsc) * PIT_HZ / elapsed;
}

/* A stop of more than 55 ms lets the 8254 wrap unseen and the rate seem higher: believe the second
   of two that agree to a thousandth. */
static uint64_t measure_tsc_twice(void)
{
    uint64_t previous = measure_tsc(), hz = 0;

    for (unsigned attempt = 0; attempt < MEASURE_ATTEMPTS; attempt++, previous = hz) {
        hz = measure_tsc();
        if (hz > previous - previous / 1000 && hz < previous + previous / 1000)
            break;
    }
    return hz;
}

/* --- the wall clock -------------------------------------------------------------------------- */

struct rtc {
    unsigned second, minute, hour, day, month, year, century, status;
};

static unsigned cmos_read(unsigned reg)
{
    port_write8(CMOS_ADDRESS, (uint8_t)reg);
    return port_read8(CMOS_DATA);
}

static struct rtc rtc_read_once(void)
{
    while (cmos_read(0x0a) & 0x80) /* the clock is being moved on */
        cpu_relax();
    return (struct rtc){cmos_read(0), cmos_read(2), cmos_read(4),    cmos_read(7),
                        cmos_read(8), cmos_read(9), cmos_read(0x32), cmos_read(0x0b)};
}

static unsigned from_bcd(unsigned value)
{
    return (value >> 4) * 10 + (value & 0xf);
}

/* Days from 1970-01-01 in the Gregorian calendar; the year is counted from March. */
static uint64_t days_from_civil(unsigned year, unsigned month, unsigned day)
{
    unsigned y = month <= 2 ? year - 1 : year;
    unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return 365ull * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static uint64_t rtc_seconds(void)
{
    struct rtc now, again = rtc_read_once();
    bool afternoon;

    do { /* two equal readings: none was torn */
        now = again;
        again = rtc_read_once();
    } while (now.second != again.second || now.minute != again.minute || now.hour != again.hour);

    afternoon = (now.hour & 0x80) != 0 && !(now.status & 0x02);
    now.hour &= 0x7f;
    if (!(now.status & 0x04)) {
        now.second = from_bcd(now.second);
        now.minute = from_bcd(now.minute);
        now.hour = from_bcd(now.hour);
        now.day = from_bcd(now.day);
        now.month = from_bcd(now.month);
        now.year = from_bcd(now.year);
        now.century = from_bcd(now.century);
    }
    if (!(now.status & 0x02))
        now.hour = now.hour % 12 + (afternoon ? 12 : 0);
    if (now.century < 19 || now.century > 99)
        now.century = 20;
    return days_from_civil(now.century * 100 + now.year, now.month, now.day) * 86400 +
           now.hour * 3600 + now.minute * 60 + now.second;
}

/* --- timers ---------------------------------------------------------------------------------- */

static void timer_unlink_locked(struct timer *timer)
{
    *timer->link = timer->next;
    if (timer->next)
        timer->next->link = timer->link;
    __atomic_store_n(&timer->link, NULL, __ATOMIC_RELEASE);
}

void timer_add(struct timer *timer, uint64_t deadline_ns, void (*function)(void *), void *argument)
{
    unsigned long flags = interrupts_save();
    struct timer **link = &timers;

    quire_spin_lock(&timer_lock);
    if (timer->link)
        timer_unlink_locked(timer);
    timer->deadline = deadline_ns;
    timer->function = function;
    timer->argument = argument;
    while (*link && (*link)->deadline <= deadline_ns)
        link = &(*link)->next;
    timer->next = *link;
    timer->link = link;
    if (timer->next)
        timer->next->link = &timer->next;
    *link = timer;
    quire_spin_unlock(&timer_lock);
    interrupts_restore(flags);
}

bool timer_cancel(struct timer *timer)
{
    unsigned long flags = interrupts_save();
    bool armed;

    quire_spin_lock(&timer_lock);
    armed = timer->link != NULL;
    if (armed)
        timer_unlink_locked(timer);
    quire_spin_unlock(&timer_lock);
    interrupts_restore(flags);
    return armed;
}

static void run_expired(void)
{
    uint64_t now = clock_monotonic_ns();

    quire_spin_lock(&timer_lock);
    while (timers && timers->deadline <= now) {
        struct timer *timer = timers;
        void (*function)(void *) = timer->function;
        void *argument = timer->argument;

        timer_unlink_locked(timer);
        quire_spin_unlock(&timer_lock);
        function(argument);
        quire_spin_lock(&timer_lock);
    }
    quire_spin_unlock(&timer_lock);
}

static void tick(struct trap_frame *frame, void *argument)
{
    (void)argument;
    run_expired();
    timer_tick(frame);
}

void time_init(void)
{
    unsigned divisor = PIT_HZ / TIMER_HZ;

    tsc_hz = measure_tsc_twice();
    if (tsc_hz == 0)
        panic("the 8254 timer does not run: no clock on this machine");
    tsc_scale = (NANOSECONDS_PER_SECOND << 32) / tsc_hz;
    tsc_base = tsc_read();
    realtime_offset = rtc_seconds() * NANOSECONDS_PER_SECOND;

    port_write8(PIT_COMMAND, PIT_RATE);
    port_write8(PIT_CHANNEL0, (uint8_t)divisor);
    port_write8(PIT_CHANNEL0, (uint8_t)(divisor >> 8));
    irq_register(PIT_LINE, tick, NULL);
    log_info("clock: time stamp counter at %" PRIu64 ".%03" PRIu64 " MHz, tick %u Hz",
             tsc_hz / 1000000, tsc_hz / 1000 % 1000, TIMER_HZ);
}
