/*
 * ptrace: what a tracer asks of a thread. Tracing itself: proc/trace.c.
 *
 * A request finds its thread under the tree lock, stopped, and works on a reference: nothing but
 * SIGKILL moves a stopped thread, and one that dies meanwhile keeps its stack and context as long
 * as it is referred to.
 *
 * Not here, with Linux's answer for what a machine does not have (-EIO): debug registers, filters
 * of system calls, PTRACE_SYSEMU.
 */
#include "core/string.h"
#include "linux/errno.h"
#include "linux/memory.h"
#include "linux/syscalls.h"
#include "proc/scheduler.h"
#include "proc/trace.h"
#include "proc/tree.h"
#include "x86/usercopy.h"

enum {
    PTRACE_TRACEME = 0,
    PTRACE_PEEKTEXT,
    PTRACE_PEEKDATA,
    PTRACE_PEEKUSR,
    PTRACE_POKETEXT,
    PTRACE_POKEDATA,
    PTRACE_POKEUSR,
    PTRACE_CONT,
    PTRACE_KILL,
    PTRACE_SINGLESTEP,
    PTRACE_GETREGS = 12,
    PTRACE_SETREGS,
    PTRACE_GETFPREGS,
    PTRACE_SETFPREGS,
    PTRACE_ATTACH,
    PTRACE_DETACH,
    PTRACE_GETFPXREGS, /* i386 */
    PTRACE_SETFPXREGS, /* i386 */
    PTRACE_SYSCALL = 24,
    PTRACE_SETOPTIONS = 0x4200,
    PTRACE_GETEVENTMSG,
    PTRACE_GETSIGINFO,
    PTRACE_SETSIGINFO,
    PTRACE_GETREGSET,
    PTRACE_SETREGSET,
    PTRACE_SEIZE,
    PTRACE_INTERRUPT,
    PTRACE_LISTEN,
    PTRACE_GETSIGMASK = 0x420a,
    PTRACE_SETSIGMASK,
    PTRACE_GET_SYSCALL_INFO = 0x420e,
};

enum { NT_PRSTATUS = 1, NT_PRFPREG = 2, NT_X86_XSTATE = 0x202, NT_PRXFPREG = 0x46e62b7f };

#define REGISTER_WORDS (TRACE_REGISTERS_SIZE / sizeof(word))
/* struct user: the debug registers behind what else it holds, and its end. */
#define USER_DEBUG      (sizeof(word) == 8 ? 848u : 252u)
#define USER_SIZE       (sizeof(word) == 8 ? 912u : 284u)
#define DEBUG_REGISTERS 8

/* ---- memory ---- */

static long access_memory(struct thread *thread, word address, word *value, bool write)
{
    struct memory *memory = process_memory(thread->process);
    size_t done = 0;

    if (!memory)
        return -ESRCH;
    if (write)
        quire_space_write(memory->space, address, value, sizeof *value, true, &done);
    else
        quire_space_read(memory->space, address, value, sizeof *value, true, &done);
    memory_put(memory);
    return done == sizeof *value ? 0 : -EIO;
}

static long peek(struct thread *thread, word address, word data)
{
    word value;
    long error = access_memory(thread, address, &value, false);

    return error ? error : copy_to_user((void *)data, &value, sizeof value) ? -EFAULT : 0;
}

/* ---- registers ---- */

static long peek_user(const struct thread *thread, bool hide_step, word address, word data)
{
    word registers[REGISTER_WORDS], value = 0;

    if (address % sizeof(word) != 0 || address >= USER_SIZE)
        return -EIO;
    if (address < TRACE_REGISTERS_SIZE) {
        trace_registers_get(thread, hide_step, registers);
        value = registers[address / sizeof(word)];
    }
    return copy_to_user((void *)data, &value, sizeof value) ? -EFAULT : 0;
}

static long poke_user(struct thread *thread, bool keep_step, word address, word value)
{
    if (address % sizeof(word) != 0 || address >= USER_SIZE)
        return -EIO;
    if (address < TRACE_REGISTERS_SIZE)
        return trace_registers_set(thread, keep_step, &value, address / sizeof(word), 1);
    /* No debug registers for programs: those that are off stay off. */
    if (address >= USER_DEBUG && address < USER_DEBUG + DEBUG_REGISTERS * sizeof(word))
        return value == 0 ? 0 : -EIO;
    return -EIO;
}

static long get_registers(const struct thread *thread, bool hide_step, word data, size_t size)
{
    word registers[REGISTER_WORDS];

    trace_registers_get(thread, hide_step, registers);
    return copy_to_user((void *)data, registers, size) ? -EFAULT : 0;
}

static long set_registers(struct thread *thread, bool keep_step, word data, size_t size)
{
    word registers[REGISTER_WORDS];

    if (copy_from_user(registers, (void *)data, size) != 0)
        return -EFAULT;
    return trace_registers_set(thread, keep_step, registers, 0, size / sizeof(word));
}

static long get_fpu(const struct thread *thread, word data, size_t size)
{
    struct fpu_state image = {{0}};

    trace_fpu_get(thread, &image);
    return copy_to_user((void *)data, &image, size) ? -EFAULT : 0;
}

static long set_fpu(struct thread *thread, word data, size_t size)
{
    struct fpu_state image = {{0}};

    trace_fpu_get(thread, &image);
    if (copy_from_user(&image, (void *)data, size) != 0)
        return -EFAULT;
    trace_fpu_set(thread, &image);
    return 0;
}

#ifndef __x86_64__
static long get_wide_fpu(const struct thread *thread, word data, size_t size)
{
    return copy_to_user((void *)data, &thread->context.fpu, size) ? -EFAULT : 0;
}

static long set_wide_fpu(struct thread *thread, word data, size_t size)
{
    struct fpu_state image = thread->context.fpu;

    if (copy_from_user(&image, (void *)data, size) != 0)
        return -EFAULT;
    fpu_make_safe(&image);
    thread->context.fpu = image;
    return 0;
}
#endif

struct range {
    word start, length;
};

static long register_set(struct thread *thread, bool step, word type, word data, bool set)
{
    struct range range;
    size_t unit = sizeof(word), size;
    long result;

    if (copy_from_user(&range, (void *)data, sizeof range) != 0)
        return -EFAULT;
    switch (type) {
    case NT_PRSTATUS:
        size = TRACE_REGISTERS_SIZE;
        break;
    case NT_PRFPREG:
        size = TRACE_FPU_SIZE;
        unit = sizeof(word) == 8 ? 1 : sizeof(word);
        break;
#ifndef __x86_64__
    case NT_PRXFPREG:
        size = sizeof(struct fpu_state);
        break;
#endif
    case NT_X86_XSTATE:
        return -ENODEV;
    default:
        return -EINVAL;
    }
    if (range.length % unit != 0)
        return -EINVAL;
    if (range.length > size)
        range.length = size;
    if (type == NT_PRSTATUS)
        result = set ? set_registers(thread, step, range.start, range.length)
                     : get_registers(thread, step, range.start, range.length);
#ifndef __x86_64__
    else if (type == NT_PRXFPREG)
        result = set ? set_wide_fpu(thread, range.start, range.length)
                     : get_wide_fpu(thread, range.start, range.length);
#endif
    else
        result = set ? set_fpu(thread, range.start, range.length)
                     : get_fpu(thread, range.start, range.length);
    if (result == 0 &&
        copy_to_user(&((struct range *)data)->length, &range.length, sizeof range.length) != 0)
        return -EFAULT;
    return result;
}

/* ---- what the stop is about ---- */

/* struct ptrace_syscall_info. */
struct call_info {
    uint8_t op, pad[3];
    uint32_t arch;
    uint64_t ip, sp;
    union {
        struct {
            uint64_t number, arguments[6];
        };
        struct {
            int64_t result;
            uint8_t is_error;
        };
    };
};

#ifdef __x86_64__
#define AUDIT_ARCH 0xc000003e
#else
#define AUDIT_ARCH 0x40000003
#endif
#define ERRNO_MAX 4095

static long call_info(const struct thread *thread, enum trace_call call, word size, word data)
{
    const struct trap_frame *frame = context_user_frame(&thread->context);
    struct call_info info = {
        .op = (uint8_t)call, .arch = AUDIT_ARCH, .ip = frame->ip, .sp = frame->sp};
    word arguments[6];
    size_t actual = offsetof(struct call_info, number);

    if (call == TRACE_CALL_ENTRY) {
        info.number = (uint64_t)(int32_t)frame->orig_ax;
        trap_frame_arguments(frame, arguments);
        for (unsigned i = 0; i < 6; i++)
            info.arguments[i] = arguments[i];
        actual = offsetof(struct call_info, arguments) + sizeof info.arguments;
    } else if (call == TRACE_CALL_EXIT) {
        info.result = (long)frame->ax;
        info.is_error = info.result < 0 && info.result >= -ERRNO_MAX;
        actual = offsetof(struct call_info, is_error) + sizeof info.is_error;
    }
    if (copy_to_user((void *)data, &info, size < actual ? size : actual) != 0)
        return -EFAULT;
    return (long)actual;
}

static long get_info(const struct signal_info *info, word data)
{
    uint8_t whole[SIGNAL_INFO_SIZE] = {0};

    memcpy(whole, info, sizeof *info);
    return copy_to_user((void *)data, whole, sizeof whole) ? -EFAULT : 0;
}

/* ---- going on ---- */

/* A change of the record, if it is still there and stopped. */
static long go_on(int tid, word request, int signo)
{
    struct trace *gone = NULL, *trace;
    uint64_t flags;
    long error = 0;

    if (signo < 0 || signo > SIGNAL_COUNT)
        return -EIO;
    flags = tree_lock_interrupts();
    trace = trace_find_locked(tid);
    if (!trace || !trace->stopped || trace->listening)
        error = -ESRCH;
    else if (request == PTRACE_DETACH)
        gone = trace_detach_locked(trace, signo);
    else
        trace_resume_locked(trace, request == PTRACE_SYSCALL, request == PTRACE_SINGLESTEP, signo);
    tree_unlock_interrupts(flags);
    trace_free(gone);
    return error;
}

static long listen(int tid)
{
    uint64_t flags = tree_lock_interrupts();
    struct trace *trace = trace_find_locked(tid);
    long error = -EIO;

    if (trace && trace->seized && trace->stopped && trace->stop_code >> 8 == EVENT_STOP) {
        trace->listening = trace->job_stop;
        trace->news = false;
        /* It was continued after it had stopped: it tells that now. */
        if (trace->listening && !trace->thread->process->stopped)
            trace_continued_locked(trace->thread);
        error = 0;
    }
    tree_unlock_interrupts(flags);
    return error;
}

/* ---- attaching ---- */

static long trace_me(void)
{
    struct process *process = current_process();
    struct thread *tracer = NULL;
    uint64_t flags = tree_lock_interrupts();
    long error;

    if (process->parent && !process->parent->kernel && process->parent != init_process) {
        list_for_each(node, &process->parent->threads)
        {
            struct thread *thread = container_of(node, struct thread, thread_node);

            if (!tracer || thread->tid == process->creator)
                tracer = thread;
        }
    }
    if (tracer)
        thread_get(tracer);
    tree_unlock_interrupts(flags);
    if (!tracer)
        return -EPERM;
    error = trace_attach(tracer, current_thread(), false, 0);
    thread_put(tracer);
    return error;
}

static long attach(struct thread *thread, bool seize, word address, word options)
{
    long error;

    if (seize && (address != 0 || (options & ~(word)TRACE_OPTIONS)))
        return -EIO;
    if (thread->process == current_process() || process_access(thread->process, PROCESS_ATTACH))
        return -EPERM;
    error = trace_attach(current_thread(), thread, seize, seize ? (uint32_t)options : 0);
    if (!error && !seize)
        signal_send_thread(thread, SIGSTOP, NULL);
    return error;
}

/* ---- requests to a thread that is traced ---- */

/* Copies of what the record says; the thread with a reference. */
struct asked {
    struct thread *thread;
    bool seized, step;
    enum trace_call call;
    struct signal_info info;
    word message;
};

static long look(int tid, bool running_too, struct asked *out)
{
    uint64_t flags = tree_lock_interrupts();
    struct trace *trace = trace_find_locked(tid);
    long error = -ESRCH;

    if (trace && (running_too || (trace->stopped && !trace->listening))) {
        *out = (struct asked){trace->thread, trace->seized, trace->step,
                              trace->call,   trace->info,   trace->message};
        thread_get(out->thread);
        error = 0;
    }
    tree_unlock_interrupts(flags);
    return error;
}

/* Changes of the record. */
static long set_options(int tid, word options)
{
    uint64_t flags;
    struct trace *trace;

    if (options & ~(word)TRACE_OPTIONS)
        return -EINVAL;
    flags = tree_lock_interrupts();
    trace = trace_find_locked(tid);
    if (trace)
        trace->options = (uint32_t)options;
    tree_unlock_interrupts(flags);
    return 0;
}

static long set_info(int tid, word data)
{
    struct signal_info info;
    struct trace *trace;
    uint64_t flags;

    if (copy_from_user(&info, (void *)data, sizeof info) != 0)
        return -EFAULT;
    flags = tree_lock_interrupts();
    trace = trace_find_locked(tid);
    if (trace)
        trace->info = info;
    tree_unlock_interrupts(flags);
    return 0;
}

static long interrupt(int tid, bool seized)
{
    uint64_t flags;
    struct trace *trace;

    if (!seized)
        return -EIO;
    flags = tree_lock_interrupts();
    trace = trace_find_locked(tid);
    if (trace)
        trace_interrupt_locked(trace);
    tree_unlock_interrupts(flags);
    return 0;
}

static long signal_mask(struct thread *thread, word size, word data, bool set)
{
    signal_set mask = thread->restore_blocked ? thread->saved_blocked : thread->blocked;
    uint64_t flags;

    if (size != sizeof mask)
        return -EINVAL;
    if (!set)
        return copy_to_user((void *)data, &mask, sizeof mask) ? -EFAULT : 0;
    if (copy_from_user(&mask, (void *)data, sizeof mask) != 0)
        return -EFAULT;
    flags = spin_lock_interrupts(&thread->process->lock);
    thread->blocked = mask & ~SIGNALS_UNBLOCKABLE;
    thread->restore_blocked = false;
    context_set_exit_work(&thread->context, EXIT_WORK_SIGNAL);
    spin_unlock_interrupts(&thread->process->lock, flags);
    return 0;
}

static long ask(const struct asked *asked, int tid, word request, word address, word data)
{
    struct thread *thread = asked->thread;

    switch (request) {
    case PTRACE_PEEKTEXT:
    case PTRACE_PEEKDATA:
        return peek(thread, address, data);
    case PTRACE_POKETEXT:
    case PTRACE_POKEDATA:
        return access_memory(thread, address, &data, true);
    case PTRACE_PEEKUSR:
        return peek_user(thread, asked->step, address, data);
    case PTRACE_POKEUSR:
        return poke_user(thread, asked->step, address, data);
    case PTRACE_GETREGS:
        return get_registers(thread, asked->step, data, TRACE_REGISTERS_SIZE);
    case PTRACE_SETREGS:
        return set_registers(thread, asked->step, data, TRACE_REGISTERS_SIZE);
    case PTRACE_GETFPREGS:
        return get_fpu(thread, data, TRACE_FPU_SIZE);
    case PTRACE_SETFPREGS:
        return set_fpu(thread, data, TRACE_FPU_SIZE);
#ifndef __x86_64__
    case PTRACE_GETFPXREGS:
        return get_wide_fpu(thread, data, sizeof(struct fpu_state));
    case PTRACE_SETFPXREGS:
        return set_wide_fpu(thread, data, sizeof(struct fpu_state));
#endif
    case PTRACE_GETREGSET:
    case PTRACE_SETREGSET:
        return register_set(thread, asked->step, address, data, request == PTRACE_SETREGSET);
    case PTRACE_CONT:
    case PTRACE_SYSCALL:
    case PTRACE_SINGLESTEP:
    case PTRACE_DETACH:
        return go_on(tid, request, (int)data);
    case PTRACE_KILL:
        return signal_send_process(thread->process, SIGKILL, NULL);
    case PTRACE_SETOPTIONS:
        return set_options(tid, data);
    case PTRACE_GETEVENTMSG:
        return copy_to_user((void *)data, &asked->message, sizeof asked->message) ? -EFAULT : 0;
    case PTRACE_GETSIGINFO:
        return asked->info.code == 0 && asked->info.pid == 0 && asked->info.signo == 0
                   ? -EINVAL
                   : get_info(&asked->info, data);
    case PTRACE_SETSIGINFO:
        return set_info(tid, data);
    case PTRACE_INTERRUPT:
        return interrupt(tid, asked->seized);
    case PTRACE_LISTEN:
        return listen(tid);
    case PTRACE_GETSIGMASK:
    case PTRACE_SETSIGMASK:
        return signal_mask(thread, address, data, request == PTRACE_SETSIGMASK);
    case PTRACE_GET_SYSCALL_INFO:
        return call_info(thread, asked->call, address, data);
    default:
        return -EIO;
    }
}

long sys_ptrace(word request, word pid, word address, word data)
{
    bool attaching = request == PTRACE_ATTACH || request == PTRACE_SEIZE;
    struct thread *thread;
    struct asked asked;
    long result;

    if (request == PTRACE_TRACEME)
        return trace_me();
    thread = (int)pid > 0 ? thread_find((int)pid) : NULL;
    if (!thread)
        return -ESRCH;
    if (attaching)
        result = attach(thread, request == PTRACE_SEIZE, address, data);
    else
        result = look((int)pid, request == PTRACE_KILL || request == PTRACE_INTERRUPT, &asked);
    thread_put(thread);
    if (result != 0 || attaching)
        return result;
    result = ask(&asked, (int)pid, request, address, data);
    thread_put(asked.thread);
    return result;
}
