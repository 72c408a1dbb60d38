/* ptrace: stops, what wait tells of them, registers and memory of the one that is traced. */
#include "process.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#ifdef __x86_64__
#define CALL_OF(r)   ((r).orig_rax)
#define RESULT_OF(r) ((r).rax)
#define IP_OF(r)     ((r).rip)
#else
#define CALL_OF(r)   ((r).orig_eax)
#define RESULT_OF(r) ((r).eax)
#define IP_OF(r)     ((r).eip)
#endif

static volatile long word = 0x1234;
static volatile sig_atomic_t caught;

static long request(int what, pid_t pid, unsigned long address, unsigned long data)
{
    return syscall(SYS_ptrace, (long)what, (long)pid, address, data);
}

static void show(const char *what, long result)
{
    say("%s: %s", what, result == -1 ? error_name(errno) : result == 0 ? "0" : "positive");
}

/* What the next news of a child is. */
static int next(const char *what, pid_t pid, int options)
{
    int status = 0;
    pid_t got = waitpid(pid, &status, options);

    if (got < 0)
        say("%s: wait: %s", what, error_name(errno));
    else if (got == 0)
        say("%s: no news", what);
    else if (WIFSTOPPED(status))
        say("%s: stopped, %x, event %d", what, WSTOPSIG(status), status >> 16);
    else if (WIFSIGNALED(status))
        say("%s: killed by %d", what, WTERMSIG(status));
    else
        say("%s: exited %d", what, WEXITSTATUS(status));
    return status;
}

static pid_t start(void (*child)(void))
{
    pid_t pid = fork();

    if (pid == 0) {
        show("traceme", request(PTRACE_TRACEME, 0, 0, 0));
        show("again", request(PTRACE_TRACEME, 0, 0, 0));
        raise(SIGSTOP);
        child();
        _exit(0);
    }
    next("first", pid, 0);
    return pid;
}

static void on_signal(int signo)
{
    caught = signo;
}

static void calls(void)
{
    syscall(SYS_getppid);
    syscall(9999);
    if (word == 0x777)
        _exit((int)syscall(SYS_getpid) == 55 ? 3 : 4);
    _exit(5);
}

static void system_calls(void)
{
    struct user_regs_struct registers;
    pid_t pid = start(calls);

    show("bad options", request(PTRACE_SETOPTIONS, pid, 0, 0x800000));
    show("options", request(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD));
    say("peek %lx", (unsigned long)ptrace(PTRACE_PEEKDATA, pid, (void *)&word, NULL));
    show("poke", request(PTRACE_POKEDATA, pid, (unsigned long)&word, 0x777));
    show("peek nowhere", request(PTRACE_PEEKDATA, pid, 8, (unsigned long)&registers));
    show("poke text", request(PTRACE_POKETEXT, pid, (unsigned long)&word + 1, 0));
    show("poke back", request(PTRACE_POKETEXT, pid, (unsigned long)&word, 0x777));
    for (int i = 0; i < 40; i++) {
        int status;

        request(PTRACE_SYSCALL, pid, 0, 0);
        if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
            break;
        request(PTRACE_GETREGS, pid, 0, (unsigned long)&registers);
        if (CALL_OF(registers) == SYS_getppid)
            say("getppid, %x: %s", WSTOPSIG(status),
                (long)RESULT_OF(registers) == -ENOSYS ? "begins" : "ended");
        else if (CALL_OF(registers) == 9999)
            say("9999, %x: %ld", WSTOPSIG(status), (long)RESULT_OF(registers));
        else if (CALL_OF(registers) == SYS_getpid && (long)RESULT_OF(registers) != -ENOSYS) {
            RESULT_OF(registers) = 55;
            show("set", request(PTRACE_SETREGS, pid, 0, (unsigned long)&registers));
        } else if (CALL_OF(registers) == SYS_exit_group) {
            say("exit_group, %x", WSTOPSIG(status));
        }
        if (CALL_OF(registers) == SYS_exit_group) {
            request(PTRACE_CONT, pid, 0, 0);
            next("end", pid, 0);
            return;
        }
    }
}

static void signals_of_child(void)
{
    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, SIG_IGN);
    raise(SIGUSR1);
    say("caught %d", (int)caught);
    caught = 0;
    raise(SIGUSR1);
    say("then %d", (int)caught);
    raise(SIGUSR2);
    raise(SIGUSR2);
    say("last %d", (int)caught);
    raise(SIGTERM);
    _exit(1);
}

static void signals(void)
{
    pid_t pid = start(signals_of_child);
    siginfo_t info;

    show("bad signal", request(PTRACE_CONT, pid, 0, 65));
    request(PTRACE_CONT, pid, 0, 0);
    next("usr1", pid, 0);
    show("info", request(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&info));
    say("%d %d", info.si_signo, info.si_code);
    next("no second news", pid, WNOHANG);
    request(PTRACE_CONT, pid, 0, SIGUSR1);
    next("usr1 again", pid, 0);
    request(PTRACE_CONT, pid, 0, 0);
    next("usr2, ignored", pid, 0);
    request(PTRACE_CONT, pid, 0, SIGUSR1);
    next("usr2 again", pid, 0);
    request(PTRACE_CONT, pid, 0, 0);
    next("term", pid, 0);
    request(PTRACE_CONT, pid, 0, SIGTERM);
    next("end", pid, 0);
    show("gone", request(PTRACE_CONT, pid, 0, 0));
}

static void faults(void)
{
    sigset_t set;

    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *(volatile int *)8 = 1;
}

static void fault_that_is_blocked(void)
{
    pid_t pid = start(faults);
    siginfo_t info;

    request(PTRACE_CONT, pid, 0, 0);
    next("fault", pid, 0);
    request(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&info);
    say("%d %d at %lx", info.si_signo, info.si_code, (unsigned long)info.si_addr);
    request(PTRACE_CONT, pid, 0, 0);
    next("and again", pid, 0);
    request(PTRACE_CONT, pid, 0, SIGSEGV);
    next("end", pid, 0);
}

static void forks(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(7);
    waitpid(pid, NULL, 0);
    pid = vfork();
    if (pid == 0)
        _exit(8);
    waitpid(pid, NULL, 0);
    execl("/proc/self/exe", "self", "child", NULL);
    _exit(9);
}

static void events(void)
{
    pid_t pid = start(forks);
    unsigned long message = 0, status = 0;

    request(PTRACE_SETOPTIONS, pid, 0,
            PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE |
                PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
    for (int i = 0; i < 2; i++) {
        request(PTRACE_CONT, pid, 0, 0);
        next(i == 0 ? "fork" : "vfork", pid, 0);
        show("message", request(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&message));
        next("child", (pid_t)message, __WALL);
        request(PTRACE_CONT, pid, 0, 0);
        request(PTRACE_CONT, (pid_t)message, 0, 0);
        next("child exits", (pid_t)message, __WALL);
        request(PTRACE_GETEVENTMSG, (pid_t)message, 0, (unsigned long)&status);
        say("status %lx", status);
        request(PTRACE_CONT, (pid_t)message, 0, 0);
        next("child ended", (pid_t)message, __WALL);
        if (i == 1) {
            next("vfork done", pid, 0);
            request(PTRACE_CONT, pid, 0, 0);
        }
        next("sigchld", pid, 0);
    }
    request(PTRACE_CONT, pid, 0, 0);
    next("exec", pid, 0);
    request(PTRACE_CONT, pid, 0, 0);
    next("exit", pid, 0);
    request(PTRACE_CONT, pid, 0, 0);
    next("end", pid, 0);
}

static void exec_only(void)
{
    execl("/proc/self/exe", "self", "child", NULL);
}

/* Without the event exec is told by a SIGTRAP. */
static void exec(void)
{
    pid_t pid = start(exec_only);

    request(PTRACE_CONT, pid, 0, 0);
    next("exec", pid, 0);
    request(PTRACE_CONT, pid, 0, 0);
    next("end", pid, 0);
}

static void steps_of_child(void)
{
    for (volatile int i = 0; i < 100; i++)
        ;
}

static void steps(void)
{
    struct user_regs_struct before, after;
    pid_t pid = start(steps_of_child);
    int moved = 0, status = 0;

    for (int i = 0; i < 20; i++) {
        request(PTRACE_GETREGS, pid, 0, (unsigned long)&before);
        request(PTRACE_SINGLESTEP, pid, 0, 0);
        waitpid(pid, &status, 0);
        request(PTRACE_GETREGS, pid, 0, (unsigned long)&after);
        moved += IP_OF(before) != IP_OF(after);
        if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP || after.eflags & 0x100)
            say("step %d: %x", i, status);
    }
    say("moved %d", moved);
    request(PTRACE_CONT, pid, 0, 0);
    next("end", pid, 0);
}

static void waits_for_ever(void)
{
    for (;;)
        pause();
}

static void attach_and_seize(void)
{
    struct iovec range = {&(struct user_regs_struct){0}, sizeof(struct user_regs_struct)};
    pid_t pid = fork();

    if (pid == 0)
        waits_for_ever();
    show("not traced", request(PTRACE_CONT, pid, 0, 0));
    show("nobody", request(PTRACE_ATTACH, 0, 0, 0));
    show("self", request(PTRACE_ATTACH, getpid(), 0, 0));
    show("attach", request(PTRACE_ATTACH, pid, 0, 0));
    show("twice", request(PTRACE_ATTACH, pid, 0, 0));
    next("stop", pid, 0);
    show("interrupt", request(PTRACE_INTERRUPT, pid, 0, 0));
    show("listen", request(PTRACE_LISTEN, pid, 0, 0));
    show("registers", request(PTRACE_GETREGSET, pid, NT_PRSTATUS, (unsigned long)&range));
    say("%d", range.iov_len == sizeof(struct user_regs_struct));
    show("no such set", request(PTRACE_GETREGSET, pid, 0x12345, (unsigned long)&range));
    show("peek user", request(PTRACE_PEEKUSER, pid, 4096, (unsigned long)&range));
    show("peek odd", request(PTRACE_PEEKUSER, pid, 3, (unsigned long)&range));
    show("detach", request(PTRACE_DETACH, pid, 0, 0));
    show("gone", request(PTRACE_CONT, pid, 0, 0));

    show("bad seize", request(PTRACE_SEIZE, pid, 1, 0));
    show("seize", request(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD));
    next("runs on", pid, WNOHANG);
    show("running", request(PTRACE_CONT, pid, 0, 0));
    show("interrupt", request(PTRACE_INTERRUPT, pid, 0, 0));
    next("stop", pid, 0);
    show("go on", request(PTRACE_CONT, pid, 0, 0));
    kill(pid, SIGSTOP);
    next("signal", pid, 0);
    show("with it", request(PTRACE_CONT, pid, 0, SIGSTOP));
    next("group", pid, 0);
    show("listen", request(PTRACE_LISTEN, pid, 0, 0));
    show("listening", request(PTRACE_CONT, pid, 0, 0));
    kill(pid, SIGCONT);
    next("continued", pid, 0);
    show("go on", request(PTRACE_CONT, pid, 0, 0));
    next("sigcont", pid, 0);
    show("go on", request(PTRACE_CONT, pid, 0, SIGCONT));
    kill(pid, SIGKILL);
    next("end", pid, 0);
}

/* The tracer ends: its child goes on, or dies with it. */
static void tracer_ends(unsigned long options)
{
    int ends[2];
    char byte;
    pid_t tracer;

    NEED(pipe(ends) == 0);
    tracer = fork();
    if (tracer == 0) {
        pid_t pid = fork();

        if (pid == 0) {
            close(ends[0]);
            raise(SIGSTOP);
            byte = 'x';
            _exit(write(ends[1], &byte, 1) == 1 ? 0 : 1);
        }
        waitpid(pid, NULL, WUNTRACED);
        request(PTRACE_SEIZE, pid, 0, options);
        waitpid(pid, NULL, 0);
        if (!options)
            kill(pid, SIGCONT);
        _exit(0);
    }
    close(ends[1]);
    waitpid(tracer, NULL, 0);
    say("the traced one %s", read(ends[0], &byte, 1) == 1 ? "went on" : "died");
    close(ends[0]);
}

static void *thread(void *argument)
{
    (void)argument;
    return NULL;
}

static void makes_thread(void)
{
    pthread_t made;

    NEED(pthread_create(&made, NULL, thread, NULL) == 0);
    pthread_join(made, NULL);
}

static void threads(void)
{
    pid_t pid = start(makes_thread);
    unsigned long tid = 0;

    request(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE);
    request(PTRACE_CONT, pid, 0, 0);
    next("clone", pid, 0);
    request(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&tid);
    request(PTRACE_CONT, pid, 0, 0);
    next("thread", (pid_t)tid, __WALL);
    request(PTRACE_CONT, (pid_t)tid, 0, 0);
    next("thread's end", (pid_t)tid, __WALL);
    next("end", pid, 0);
}

int main(int count, char **arguments)
{
    if (count > 1) {
        say("the new program");
        return 6;
    }
    system_calls();
    signals();
    fault_that_is_blocked();
    events();
    exec();
    steps();
    attach_and_seize();
    tracer_ends(0);
    tracer_ends(PTRACE_O_EXITKILL);
    threads();
    return 0;
}
