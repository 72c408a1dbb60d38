/* VmFlags of every kind of region. */
#include "proc.h"

static void show(const char *title, int protection, int flags, int fd, int advice)
{
    void *at = call_mmap(AREA, 4 * PAGE, protection, flags | MAP_FIXED, fd, 0);

    if (at == MAP_FAILED) {
        printf("%s: %s\n", title, errno_name(errno));
        return;
    }
    if (advice >= 0 && call_madvise(AREA, 4 * PAGE, advice) != 0)
        printf("%s: %s\n", title, errno_name(errno));
    show_flags(title, AREA);
    call_munmap(AREA, 4 * PAGE);
}

int main(void)
{
    int file = make_file(4), reader;

    write_file("/proc/sys/vm/overcommit_memory", "0");
    close(open("only", O_CREAT | O_WRONLY, 0600));
    truncate("only", 4 * PAGE);
    reader = open("only", O_RDONLY);
    show("none", PROT_NONE, ANONYMOUS, -1, -1);
    show("read", PROT_READ, ANONYMOUS, -1, -1);
    show("write", PROT_WRITE, ANONYMOUS, -1, -1);
    show("execute", PROT_EXEC, ANONYMOUS, -1, -1);
    show("all", PROT_READ | PROT_WRITE | PROT_EXEC, ANONYMOUS, -1, -1);
    show("not reserved", READ_WRITE, ANONYMOUS | MAP_NORESERVE, -1, -1);
    show("grows down", READ_WRITE, ANONYMOUS | MAP_GROWSDOWN, -1, -1);
    show("stack", READ_WRITE, ANONYMOUS | MAP_STACK, -1, -1);
    show("locked", READ_WRITE, ANONYMOUS | MAP_LOCKED, -1, -1);
    show("shared", READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, -1);
    show("shared read", PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, -1);
    show("file, private", READ_WRITE, MAP_PRIVATE, file, -1);
    show("file, private read", PROT_READ, MAP_PRIVATE, file, -1);
    show("file, shared", READ_WRITE, MAP_SHARED, file, -1);
    show("file for reading, shared", PROT_READ, MAP_SHARED, reader, -1);
    show("file for reading, private", READ_WRITE, MAP_PRIVATE, reader, -1);
    show("sequential", READ_WRITE, ANONYMOUS, -1, MADV_SEQUENTIAL);
    show("random", READ_WRITE, ANONYMOUS, -1, MADV_RANDOM);
    show("not forked", READ_WRITE, ANONYMOUS, -1, MADV_DONTFORK);
    show("wiped by fork", READ_WRITE, ANONYMOUS, -1, MADV_WIPEONFORK);
    show("not dumped", READ_WRITE, ANONYMOUS, -1, MADV_DONTDUMP);
    show("huge", READ_WRITE, ANONYMOUS, -1, MADV_HUGEPAGE);
    show("not huge", READ_WRITE, ANONYMOUS, -1, MADV_NOHUGEPAGE);
    show("mergeable", READ_WRITE, ANONYMOUS, -1, MADV_MERGEABLE);
    map_pages(AREA, 4);
    call_mprotect(AREA, 4 * PAGE, PROT_READ);
    show_flags("was writable", AREA);
    call_mprotect(AREA, 4 * PAGE, PROT_NONE);
    show_flags("now nothing", AREA);
    return 0;
}
