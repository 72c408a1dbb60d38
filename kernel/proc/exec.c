/*
 * execve.
 *
 * The new program is built aside: a fresh space with its segments, its stack with the arguments on
 * it, copies of what it must not share. Only then the other threads are ended and the new space
 * takes the old one's place; what can fail has been done by then, so the old program gets every
 * error.
 *
 * The stack, from its top down, as Linux lays it out without randomisation:
 *   a zero word, the name it was called by, environment strings, argument strings (first one
 * lowest), the platform's name, 16 random bytes, auxiliary vector, environment pointers, argument
 * pointers, count ← stack pointer, 16-aligned
 */
#include "proc/exec.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/string.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/memory.h"
#include "linux/resource.h"
#include "proc/elf.h"
#include "proc/failnth.h"
#include "proc/scheduler.h"
#include "proc/signals.h"
#include "proc/trace.h"
#include "proc/tree.h"
#include "tty/tty.h"
#include "x86/usercopy.h"

#define KEPT_BYTES   ((uint64_t)8 << 20) /* and at most this part of memory: */
#define KEPT_PART    8
#define STACK_SLACK  (128 * 1024) /* mapped below the arguments at once */
#define MAP_GAP_MIN  (128ull << 20)
#define SCRIPT_DEPTH 5
#define SCRIPT_LINE  256

enum {
    AT_NULL = 0,
    AT_PHDR = 3,
    AT_PHENT,
    AT_PHNUM,
    AT_PAGESZ,
    AT_BASE,
    AT_FLAGS,
    AT_ENTRY,
    AT_UID = 11,
    AT_EUID,
    AT_GID,
    AT_EGID,
    AT_PLATFORM,
    AT_HWCAP,
    AT_CLKTCK,
    AT_SECURE = 23,
    AT_RANDOM = 25,
    AT_HWCAP2 = 26,
    AT_EXECFN = 31,
};
#define AUXILIARY_PAIRS 20
#define AUXILIARY_SIZE  (AUXILIARY_PAIRS * 2 * sizeof(uintptr_t))

#ifdef __x86_64__
#define PLATFORM "x86_64"
#else
#define PLATFORM "i686"
#endif

/* ---- scripts ---- */

static char *skip_blanks(char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

static char *skip_word(char *at)
{
    while (*at && *at != ' ' && *at != '\t')
        at++;
    return at;
}

/*
 * "#! interpreter [one argument]". 0: no script. 1: *out_interpreter points into line, the
 * arguments are changed. -errno.
 */
static int read_script(struct file *file, const char *name, struct exec_strings *strings,
                       char *line, char **out_interpreter)
{
    uint64_t position = 0;
    long n = file_read(file, line, SCRIPT_LINE - 1, &position);
    const char *texts[3];
    unsigned count = 0;
    char *word, *end;
    int error;

    if (n < 2 || line[0] != '#' || line[1] != '!')
        return 0;
    line[n] = '\0';
    end = strchr(line, '\n');
    if (end)
        *end = '\0';
    word = skip_blanks(line + 2);
    end = skip_word(word);
    /* Nothing there, or a name that the buffer may have cut. */
    if (end == word || end == line + SCRIPT_LINE - 1)
        return -ENOEXEC;
    texts[count++] = word;
    *out_interpreter = word;
    if (*end) {
        *end++ = '\0';
        word = skip_blanks(end);
        end = word + strlen(word);
        while (end > word && (end[-1] == ' ' || end[-1] == '\t'))
            *--end = '\0';
        if (*word)
            texts[count++] = word;
    }
    texts[count++] = name;
    error = exec_strings_replace_first(strings, texts, count);
    return error ? error : 1;
}

/* ---- the stack ---- */

struct stack_builder {
    struct quire_space *space;
    quire_virt at; /* everything above is written */
    int error;
};

static quire_virt push(struct stack_builder *stack, const void *bytes, size_t size)
{
    size_t done;

    stack->at -= size;
    if (!stack->error &&
        quire_space_write(stack->space, stack->at, bytes, size, false, &done) != QUIRE_OK)
        stack->error = -ENOMEM;
    return stack->at;
}

static int map_stack(struct quire_space *space, size_t used, bool executable)
{
    size_t size = quire_page_up(used) + STACK_SLACK;
    struct quire_map map = {
        .address = USER_WINDOW_END - size,
        .length = size,
        .region = QUIRE_PROT_READ | QUIRE_PROT_WRITE | (executable ? QUIRE_PROT_EXECUTE : 0u) |
                  QUIRE_REGION_MAY_READ | QUIRE_REGION_MAY_WRITE | QUIRE_REGION_MAY_EXECUTE |
                  QUIRE_REGION_GROWS_DOWN | QUIRE_REGION_STACK,
        .flags = QUIRE_MAP_FIXED,
    };
    quire_virt unused;

    return status_errno(quire_space_map(space, &map, &unused));
}

static void fill_auxiliary(uintptr_t *vector, const struct elf_image *image,
                           const struct credentials *ids, bool secure, quire_virt random,
                           quire_virt platform, quire_virt name)
{
    const uintptr_t pairs[][2] = {
        {AT_HWCAP, cpuid(1, 0).edx},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_CLKTCK, 100},
        {AT_PHDR, image->program_headers},
        {AT_PHENT, sizeof(struct elf_program_header)},
        {AT_PHNUM, image->program_header_count},
        {AT_BASE, image->interpreter_base},
        {AT_FLAGS, 0},
        {AT_ENTRY, image->entry},
        {AT_UID, ids->uid},
        {AT_EUID, ids->euid},
        {AT_GID, ids->gid},
        {AT_EGID, ids->egid},
        {AT_SECURE, secure},
        {AT_RANDOM, random},
        {AT_HWCAP2, 0},
        {AT_EXECFN, name},
        {AT_PLATFORM, platform},
        {AT_NULL, 0},
    };
    _Static_assert(sizeof pairs <= AUXILIARY_SIZE, "the vector has room");

    memcpy(vector, pairs, sizeof pairs);
}

/* Pointers to `count` strings that lie one after the other from `address` on. */
static uintptr_t *fill_pointers(uintptr_t *to, const char *bytes, quire_virt address,
                                uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        size_t size = strlen(bytes) + 1;

        *to++ = address;
        bytes += size;
        address += size;
    }
    *to++ = 0;
    return to;
}

static int build_stack(struct memory *memory, const struct elf_image *image,
                       const struct exec_strings *strings, const char *name,
                       const struct credentials *ids, bool secure, quire_virt *out_sp)
{
    static const char platform_text[] = PLATFORM;
    struct stack_builder stack = {.space = memory->space, .at = USER_WINDOW_END};
    size_t size =
        (1 + strings->argument_count + 1 + strings->environment_count + 1) * sizeof(uintptr_t) +
        AUXILIARY_SIZE;
    uintptr_t *vector, *at, zero = 0;
    quire_virt name_at, platform, random;
    uint8_t random_data[16];

    stack.error = map_stack(memory->space, strings->size + strlen(name) + size + 256,
                            image->executable_stack);
    if (stack.error)
        return stack.error;
    push(&stack, &zero, sizeof zero);
    name_at = push(&stack, name, strlen(name) + 1);
    memory->argument_start = push(&stack, strings->bytes, strings->size);
    memory->argument_end = memory->argument_start + strings->environment_start;
    memory->environment_start = memory->argument_end;
    memory->environment_end = memory->argument_start + strings->size;
    stack.at &= ~(quire_virt)15;
    platform = push(&stack, platform_text, sizeof platform_text);
    random_bytes(random_data, sizeof random_data);
    random = push(&stack, random_data, sizeof random_data);

    vector = table_alloc(size);
    if (!vector)
        return -ENOMEM;
    at = vector;
    *at++ = strings->argument_count;
    at = fill_pointers(at, strings->bytes, memory->argument_start, strings->argument_count);
    at = fill_pointers(at, strings->bytes + strings->environment_start, memory->environment_start,
                       strings->environment_count);
    fill_auxiliary(at, image, ids, secure, random, platform, name_at);
    stack.at = ((stack.at - size) & ~(quire_virt)15) + size;
    *out_sp = push(&stack, vector, size);
    memory->stack_start = *out_sp;
    memory->auxiliary_start = *out_sp + (quire_virt)((char *)at - (char *)vector);
    memory->auxiliary_size = AUXILIARY_SIZE;
    table_free(vector, size);
    return stack.error;
}

/* ---- the program ---- */

static void set_limits(struct quire_space *space, const struct process *process)
{
    uint64_t gap = process->limits[RLIMIT_STACK].soft;
    uint64_t pad = (uint64_t)QUIRE_STACK_GUARD_PAGES * PAGE_SIZE;

    space->limits.total = process->limits[RLIMIT_AS].soft;
    space->limits.data = data_limit(&process->limits[RLIMIT_DATA]);
    space->limits.stack = process->limits[RLIMIT_STACK].soft;
    space->limits.locked =
        process->credentials.euid == 0 ? UINT64_MAX : process->limits[RLIMIT_MEMLOCK].soft;
    space->limits.administrator = process->credentials.euid == 0;
    if (gap + pad > gap)
        gap += pad;
    if (gap < MAP_GAP_MIN)
        gap = MAP_GAP_MIN;
    if (gap > USER_WINDOW_END / 6 * 5)
        gap = USER_WINDOW_END / 6 * 5;
    space->map_top = (quire_virt)quire_page_up(USER_WINDOW_END - gap);
    space->window_end = USER_WINDOW_END;
}

/* A program file that runs with its owner's rights (setuid, setgid bits). */
static bool new_credentials(struct file *file, struct credentials *ids)
{
    const struct vfs_inode *inode = file->inode;

    if (current_process()->no_new_privileges)
        return false;
    if (inode->mode & S_ISUID)
        ids->euid = inode->uid;
    if ((inode->mode & (S_ISGID | 0010)) == (S_ISGID | 0010))
        ids->egid = inode->gid;
    return ids->euid != ids->uid || ids->egid != ids->gid;
}

struct exec_plan {
    struct memory *memory;
    struct signal_handlers *handlers; /* NULL: its own already */
    struct file_table *files;         /* NULL: its own already */
    struct elf_image image;
    struct credentials ids;
    bool secure;
    quire_virt sp;
};

static void plan_discard(struct exec_plan *plan)
{
    memory_put(plan->memory);
    signal_handlers_put(plan->handlers);
    if (plan->files)
        file_table_put(plan->files);
}

/* Everything that may fail. */
static int plan_make(struct exec_plan *plan, struct file *file, const char *name,
                     const struct exec_strings *strings)
{
    struct thread *thread = current_thread();
    struct process *process = thread->process;
    struct memory *memory = memory_create();
    int error;

    *plan = (struct exec_plan){.memory = memory, .ids = process->credentials};
    if (!memory)
        return -ENOMEM;
    set_limits(memory->space, process);
    plan->secure = new_credentials(file, &plan->ids);
    /* Kept over exec where programs may be from before there was the difference. */
    error =
        elf_load(file, memory->space,
                 sizeof(long) == 4 && !plan->secure && (thread->personality & READ_IMPLIES_EXEC),
                 &plan->image);
    if (!error)
        error =
            build_stack(memory, &plan->image, strings, name, &plan->ids, plan->secure, &plan->sp);
    if (error)
        return error;
    quire_space_set_break(memory->space, plan->image.break_start);
    memory->code_start = plan->image.code_start;
    memory->code_end = plan->image.code_end;
    memory->data_start = plan->image.data_start;
    memory->data_end = plan->image.data_end;
    file_get(file);
    memory->executable = file;
    if (__atomic_load_n(&process->handlers->references, __ATOMIC_ACQUIRE) > 1 &&
        !(plan->handlers = signal_handlers_clone(process->handlers)))
        return -ENOMEM;
    if (file_table_is_shared(thread->files) && !(plan->files = file_table_clone(thread->files)))
        return -ENOMEM;
    return 0;
}

static void set_name(struct thread *thread, const char *name)
{
    const char *base = strrchr(name, '/');

    strlcpy(thread->name, base ? base + 1 : name, sizeof thread->name);
}

static void replace_resources(struct thread *thread, struct exec_plan *plan)
{
    struct memory *old_memory = thread->memory;
    struct file_table *old_files = NULL;
    uint64_t flags = tree_lock_interrupts();

    thread->memory = plan->memory;
    if (plan->files) {
        old_files = thread->files;
        thread->files = plan->files;
    }
    tree_unlock_interrupts(flags);
    scheduler_load_memory(plan->memory);
    memory_put(old_memory);
    if (old_files)
        file_table_put(old_files);
    file_table_close_on_exec(thread->files);
}

static void replace_handlers(struct process *process, struct signal_handlers *handlers)
{
    struct signal_handlers *old = NULL;
    unsigned long flags = spin_lock_interrupts(&process->lock);

    if (handlers) {
        old = process->handlers;
        process->handlers = handlers;
    }
    spin_unlock_interrupts(&process->lock, flags);
    signal_handlers_put(old);
    signal_handlers_reset(process->handlers);
}

/*
 * The first program is the one that the user talks to, a shell mostly: it stays in memory while it
 * is small, so that it answers whatever a swap device does.
 */
static void keep_in_memory(struct memory *memory)
{
    uint64_t limit = KEPT_BYTES / PAGE_SIZE, part = kernel_machine.frame.count / KEPT_PART;
    struct quire_object *object = memory->executable->inode->object;

    if (limit > part)
        limit = part;
    quire_space_keep(memory->space, limit);
    if (object != NULL && object->size <= limit * PAGE_SIZE)
        __atomic_store_n(&object->kept, true, __ATOMIC_RELAXED);
}

/* Nothing fails from here on. */
static void plan_carry_out(struct exec_plan *plan, const char *name, struct trap_frame *frame)
{
    struct thread *thread = current_thread();
    struct process *process = thread->process;

    futex_thread_exit(thread);
    replace_resources(thread, plan);
    vfork_release(thread);
    replace_handlers(process, plan->handlers);
    timers_exec(process);
    thread->signal_stack = SIGNAL_STACK_NONE;
    thread->rseq = 0;
    thread->set_child_tid = 0;
    set_name(thread, name);
    process->exec_done = true;
    process->exit_signal = SIGCHLD;
    process->dumpable = !plan->secure;
    if (plan->secure)
        thread->personality &= ~PERSONALITY_CLEARED;
    thread->personality &= ~(uint32_t)(READ_IMPLIES_EXEC | (sizeof(long) == 4 ? 0xff : 0));
    if (plan->image.all_executable)
        thread->personality |= READ_IMPLIES_EXEC;
    process->credentials.euid = process->credentials.suid = process->credentials.fsuid =
        plan->ids.euid;
    process->credentials.egid = process->credentials.sgid = process->credentials.fsgid =
        plan->ids.egid;
    plan->memory->space->limits.administrator = plan->ids.euid == 0;
    if (process->on_exit)
        keep_in_memory(plan->memory);

    trap_frame_start(frame, plan->image.start, plan->sp);
}

static int open_program(int start, const char *name, unsigned at_flags,
                        struct exec_strings *strings, struct file **out_file)
{
    char line[SCRIPT_LINE], held[SCRIPT_LINE];
    char *interpreter;
    struct file *file;
    int script, error = vfs_open_executable(start, name, at_flags, &file);

    for (unsigned depth = 0; !error; depth++) {
        script = read_script(file, name, strings, line, &interpreter);
        if (script == 0) {
            *out_file = file;
            return 0;
        }
        file_put(file);
        if (script < 0)
            return script;
        if (depth == SCRIPT_DEPTH)
            return -ELOOP;
        strlcpy(held, interpreter, sizeof held);
        name = held;
        error = vfs_open_executable(AT_FDCWD, name, 0, &file);
    }
    return error;
}

int exec_program(int start, const char *name, unsigned at_flags, struct exec_strings *strings,
                 struct trap_frame *frame)
{
    struct exec_plan plan;
    struct file *file;
    int error = open_program(start, name, at_flags, strings, &file), tid = current_thread()->tid;

    if (error)
        return error;
    error = plan_make(&plan, file, name, strings);
    file_put(file);
    if (!error)
        error = process_end_other_threads();
    if (error) {
        plan_discard(&plan);
        return error;
    }
    plan_carry_out(&plan, name, frame);
    trace_exec(tid);
    return 0;
}

/* ---- the first program ---- */

struct first_program {
    const char *path;
    struct exec_strings strings;
    int error;
    bool done;
    struct wait_queue wait;
};

/* A kernel thread in the new process, which becomes the program. */
static void first_program_main(void *argument)
{
    struct first_program *first = argument;
    struct trap_frame frame;

    context_become_user(&current_thread()->context);
    first->error = exec_program(AT_FDCWD, first->path, 0, &first->strings, &frame);
    if (first->error) {
        struct wait_queue *wait = &first->wait;

        current_process()->on_exit = NULL;
        __atomic_store_n(&first->done, true, __ATOMIC_RELEASE);
        wake_all(wait);
        thread_exit(0x7f00);
    }
    __atomic_store_n(&first->done, true, __ATOMIC_RELEASE);
    wake_all(&first->wait);
    context_reset_user(&current_thread()->context);
    failnth_start(current_thread());
    enter_user(&frame);
}

static void default_limits(struct process *process)
{
    for (int i = 0; i < RESOURCE_COUNT; i++)
        process->limits[i] = (struct resource_limit){RLIM_INFINITY, RLIM_INFINITY};
    process->limits[RLIMIT_STACK].soft = 8 << 20;
    process->limits[RLIMIT_CORE].soft = 0;
    process->limits[RLIMIT_NOFILE] = (struct resource_limit){1024, 1048576};
    process->limits[RLIMIT_MEMLOCK] = (struct resource_limit){8 << 20, 8 << 20};
    process->limits[RLIMIT_SIGPENDING] = (struct resource_limit){4096, 4096};
    process->limits[RLIMIT_MSGQUEUE] = (struct resource_limit){819200, 819200};
    process->limits[RLIMIT_NICE] = (struct resource_limit){0, 0};
    process->limits[RLIMIT_RTPRIO] = (struct resource_limit){0, 0};
}

/* The process leads a session and a group of its own. */
static void enter_as_session_leader(struct process *process, struct thread *thread, struct pid *pid)
{
    struct pid *unused;
    uint64_t flags = tree_lock_interrupts();

    process_link_locked(process, init_process, pid);
    process_set_session_locked(process, pid, &unused);
    process_set_group_locked(process, pid, &unused);
    process_add_thread_locked(process, thread, pid);
    process->leader = thread;
    thread_get(thread);
    tree_unlock_interrupts(flags);
}

int process_start(const char *path, char *const argv[], char *const envp[], const char *cwd,
                  struct file_table *files, struct tty *controlling,
                  void (*on_exit)(void *argument, int wait_status), void *argument)
{
    struct first_program first = {.path = path, .strings.limit = EXEC_STRINGS_MAX};
    struct process *process = process_create();
    struct thread *thread = thread_create("init");
    struct pid *pid = NULL;
    int error = -ENOMEM, number;

    wait_queue_init(&first.wait);
    if (!process || !thread || !(process->handlers = signal_handlers_create()) ||
        !(thread->fs = fs_context_create()))
        goto failed;
    default_limits(process);
    error = fs_context_change_directory(thread->fs, cwd);
    if (!error)
        error = exec_strings_from_kernel(&first.strings, argv, envp);
    if (error)
        goto failed;
    pid = pid_create(&error);
    if (!pid)
        goto failed;
    number = pid->number;
    process->on_exit = on_exit;
    process->on_exit_argument = argument;
    file_table_get(files);
    thread->files = files;
    wait_queue_init(&thread->vfork_wait);
    enter_as_session_leader(process, thread, pid);
    if (controlling) {
        tty_set_controlling(controlling, number, number);
        process_set_tty(process, controlling);
    }
    context_prepare_kernel(&thread->context, first_program_main, &first);
    thread_start(thread);
    wait_event(&first.wait, __atomic_load_n(&first.done, __ATOMIC_ACQUIRE));
    error = first.error;
    exec_strings_done(&first.strings);
    return error ? error : number;

failed:
    exec_strings_done(&first.strings);
    if (thread) {
        if (thread->fs)
            fs_context_put(thread->fs);
        thread_put(thread);
    }
    if (process)
        process_put(process);
    return error;
}
