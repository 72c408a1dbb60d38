/*
 * Page faults: the library resolves them; what it cannot resolve becomes a signal, and a line in
 * the log when that ends the program.
 *
 *   cause                                        signal   si_code       si_addr
 *   no region, guard gap, kernel half            SIGSEGV  SEGV_MAPERR   the address
 *   a region that lacks the right                SIGSEGV  SEGV_ACCERR   the address
 *   past the object's end, I/O error, a page of
 *     shared memory that may not be promised     SIGBUS   BUS_ADRERR    the address
 *   no memory                                    SIGKILL  -             -
 *
 * A fault of the kernel on a user address (usercopy) gives no signal: the copy is short, the system
 * call says -EFAULT.
 */
#include "core/log.h"
#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/vfs.h"
#include "proc/failnth.h"
#include "proc/signals.h"
#include "proc/tree.h"
#include "x86/trap.h"
#include "x86/usercopy.h"

static uint64_t major_faults;

static unsigned access_of(unsigned error_code)
{
    if (error_code & FAULT_FETCH)
        return QUIRE_ACCESS_EXECUTE;
    return error_code & FAULT_WRITE ? QUIRE_ACCESS_WRITE : QUIRE_ACCESS_READ;
}

static const char *access_name(unsigned access)
{
    if (access & QUIRE_ACCESS_EXECUTE)
        return "execution";
    return access & QUIRE_ACCESS_WRITE ? "write" : "read";
}

/* "[heap] 0x4c8000-0x4ea000 rw-p" of a region. */
static void describe_region(const struct quire_space *space, const struct quire_region_info *region,
                            char *text, size_t size)
{
    char buffer[128], *name = "";

    if (region->flags & QUIRE_REGION_STACK) {
        name = "[stack] ";
    } else if (region->object == NULL && region->start <= space->break_end &&
               region->end >= space->break_start) {
        name = "[heap] ";
    } else if (region->object && region->object->owner &&
               inode_text(region->object->owner, buffer, sizeof buffer - 1, &name) > 0) {
        size_t length = strlen(name);

        memmove(buffer, name, length);
        buffer[length] = ' ';
        buffer[length + 1] = '\0';
        name = buffer;
    }
    snprintf(text, size, "%s0x%zx-0x%zx %c%c%c%c", name, region->start, region->end,
             region->flags & QUIRE_PROT_READ ? 'r' : '-',
             region->flags & QUIRE_PROT_WRITE ? 'w' : '-',
             region->flags & QUIRE_PROT_EXECUTE ? 'x' : '-',
             region->flags & QUIRE_REGION_SHARED ? 's' : 'p');
}

/* The region around the address, or the nearest one: which side of it, and how far. */
static void describe_place(struct quire_space *space, quire_virt address, char *text, size_t size)
{
    struct quire_region_info next, below = {0};
    bool have_next = false, have_below = false;
    quire_virt from = 0;
    char region[200];

    while (quire_space_region(space, from, &next)) {
        have_next = next.end > address;
        if (have_next)
            break;
        if (have_below && below.object)
            quire_object_put(below.object);
        below = next;
        have_below = true;
        from = next.end;
    }
    if (have_next && next.start <= address) {
        describe_region(space, &next, region, sizeof region);
        snprintf(text, size, "in %s", region);
    } else if (have_below && (!have_next || address - below.end < next.start - address)) {
        describe_region(space, &below, region, sizeof region);
        snprintf(text, size, "0x%zx bytes above %s", address - below.end + 1, region);
    } else if (have_next) {
        describe_region(space, &next, region, sizeof region);
        snprintf(text, size, "0x%zx bytes below %s", next.start - address, region);
    } else {
        snprintf(text, size, "no region at all");
    }
    if (have_below && below.object)
        quire_object_put(below.object);
    if (have_next && next.object)
        quire_object_put(next.object);
}

/* The latest report, for whoever tells the user how the program ended. */
static struct {
    struct quire_spinlock lock;
    int process;
    char text[400];
} latest;

bool fault_report_of(int process, char *text, size_t size)
{
    bool found;

    quire_spin_lock(&latest.lock);
    found = latest.process == process;
    if (found)
        snprintf(text, size, "%s", latest.text);
    quire_spin_unlock(&latest.lock);
    return found;
}

/* One line for a person whose program was ended by it. */
static void report(const struct trap_frame *frame, quire_virt address, unsigned access,
                   enum quire_fault_class class)
{
    const struct thread *thread = current_thread();
    char place[256], text[sizeof latest.text];

    describe_place(thread->memory->space, address, place, sizeof place);
    snprintf(text, sizeof text, "%s at 0x%zx from ip 0x%lx sp 0x%lx: %s; %s", access_name(access),
             address, frame->ip, frame->sp, quire_fault_class_string(class), place);
    log_info("%s[%d]: %s", thread->name, thread->tid, text);
    quire_spin_lock(&latest.lock);
    latest.process = thread->process->number;
    snprintf(latest.text, sizeof latest.text, "%s", text);
    quire_spin_unlock(&latest.lock);
}

/* Neither caches nor the out-of-memory killer found any. */
static void out_of_memory(struct thread *thread, quire_virt address)
{
    if (thread->dying || failnth_struck())
        return; /* on its way out; or it only seemed so: the access is tried again */
    log_warn("%s[%d]: out of memory at 0x%zx: killed", thread->name, thread->tid, address);
    signal_send_process(thread->process, SIGKILL, NULL);
}

/*
 * Linux looks at the right to execute only once the page is there: the fetch of an absent page
 * brings it in as a read would, or fails as a read would.
 */
static enum quire_status fetch_absent(quire_virt address, unsigned *error_code)
{
    enum quire_status status =
        quire_space_fault(current_thread()->memory->space, address, QUIRE_ACCESS_READ, NULL);

    if (status != QUIRE_OK)
        return status;
    *error_code |= FAULT_PRESENT;
    return QUIRE_NO_PERMISSION;
}

static void raise(struct trap_frame *frame, quire_virt address, unsigned error_code,
                  enum quire_status status, enum quire_fault_class class)
{
    struct thread *thread = current_thread();
    struct signal_info info;
    int signo = SIGSEGV, code = SEGV_MAPERR;

    if (status == QUIRE_NO_PERMISSION &&
        (error_code & (FAULT_FETCH | FAULT_PRESENT)) == FAULT_FETCH)
        status = fetch_absent(address, &error_code);
    switch (status) {
    case QUIRE_NO_MEMORY:
        out_of_memory(thread, address);
        return;
    case QUIRE_NO_PERMISSION:
        code = SEGV_ACCERR;
        break;
    case QUIRE_BEYOND_END:
    case QUIRE_IO_ERROR:
    case QUIRE_COMMIT_LIMIT: /* a page of shared memory that nobody had promised */
        signo = SIGBUS;
        code = BUS_ADRERR;
        break;
    default:
        break;
    }
    /* Whether something is in the kernel half is nobody's business. */
    if (address >= USER_END)
        error_code |= FAULT_PRESENT;
    thread->trap.vector = TRAP_PAGE_FAULT;
    thread->trap.error_code = error_code;
    thread->trap.address = address;
    info = (struct signal_info){.signo = signo, .code = code, .address = address};
    if (signal_deliver_fault(frame, &info))
        return;
    report(frame, address, access_of(error_code), class);
    signal_force(signo, &info);
}

/* A fault is major when it had to wait for a device. */
static void count_fault(struct thread *thread, uint64_t reads_before)
{
    if (likely(thread->reads == reads_before)) {
        thread->times.minor_faults++;
    } else {
        thread->times.major_faults++;
        major_faults++;
    }
}

uint64_t fault_major_count(void)
{
    return major_faults;
}

int fault_handle(struct trap_frame *frame, uintptr_t address, unsigned error_code)
{
    struct thread *thread = current_thread();
    enum quire_fault_class class = QUIRE_FAULT_KERNEL_ADDRESS;
    enum quire_status status = QUIRE_NO_MAPPING;
    uint64_t reads = thread->reads;

    if (likely(trap_from_user(frame))) {
        /*
         * A program's instruction that touched memory with the kernel's rights, where SMAP forbids
         * it: descriptor tables in user memory, or IRET in QEMU, which reads the stack so. Trying
         * again would never end.
         */
        bool implicit = (error_code & (FAULT_PRESENT | FAULT_USER)) == FAULT_PRESENT;

        if (likely(!implicit)) {
            status =
                quire_space_fault(thread->memory->space, address, access_of(error_code), &class);
            if (likely(status == QUIRE_OK)) {
                count_fault(thread, reads);
                return 0;
            }
        }
        raise(frame, address, error_code, status, class);
        return 0;
    }
    if (!thread->memory || address >= USER_END)
        return -1;
    status = quire_space_fault(thread->memory->space, address,
                               access_of(error_code) | QUIRE_ACCESS_KERNEL, &class);
    if (status == QUIRE_OK) {
        count_fault(thread, reads);
        return 0;
    }
    if (status == QUIRE_NO_MEMORY)
        out_of_memory(thread, address);
    return -1;
}
