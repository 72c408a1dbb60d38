/* Robust lists at a thread's end: good ones, cycles, wild pointers. */
#include "futex.h"

struct entry {
    struct entry *next;
    uint32_t word, pad;
};

struct head {
    struct entry *next;
    long offset;
    struct entry *pending;
};

static struct entry entries[8];
static struct head head;

enum kind {
    GOOD,
    CYCLE,
    WILD,
    WILD_HEAD,
    PENDING,
    NOT_MINE,
    UNALIGNED,
    KERNEL,
    PENDING_ZERO,
    KINDS
};

static void *owner(void *argument)
{
    enum kind kind = *(enum kind *)argument;
    uint32_t tid = (uint32_t)syscall(SYS_gettid);

    memset(entries, 0, sizeof entries);
    head = (struct head){.next = &entries[0], .offset = offsetof(struct entry, word)};
    for (int i = 0; i < 5; i++) {
        entries[i].next = i < 4 ? &entries[i + 1] : (struct entry *)&head;
        entries[i].word = tid | (i & 1 ? FUTEX_WAITERS : 0);
    }
    entries[6].word = tid;
    switch (kind) {
    case CYCLE:
        entries[4].next = &entries[2];
        break;
    case WILD:
        entries[2].next = (struct entry *)0x10;
        head.pending = &entries[6];
        break;
    case WILD_HEAD:
        head.next = (struct entry *)0x900000000000;
        break;
    case PENDING:
        head.pending = &entries[6];
        break;
    case NOT_MINE:
        entries[2].word = tid + 1;
        entries[3].word = 0;
        break;
    case UNALIGNED:
        head.offset++;
        break;
    case KERNEL:
        entries[1].next = (struct entry *)0xffff888000000000;
        break;
    case PENDING_ZERO:
        entries[6].word = 0;
        head.pending = &entries[6];
        break;
    default:
        break;
    }
    NEED(syscall(SYS_set_robust_list, &head, sizeof head) == 0);
    return NULL;
}

static void show(int kind)
{
    char text[128];
    int length = 0;

    for (int i = 0; i < 7; i++) {
        uint32_t word = entries[i].word;

        length += snprintf(text + length, sizeof text - (size_t)length, " %s%s%s",
                           word & 0x3fffffff ? "t" : "0", word & FUTEX_WAITERS ? "w" : "",
                           word & FUTEX_OWNER_DIED ? "d" : "");
    }
    say("kind %d:%s", kind, text);
}

int main(void)
{
    pthread_mutexattr_t attribute;
    static pthread_mutex_t mutex;

    for (enum kind kind = GOOD; kind < KINDS; kind++) {
        pthread_t thread;

        NEED(pthread_create(&thread, NULL, owner, &kind) == 0);
        pthread_join(thread, NULL);
        show((int)kind);
    }
    pthread_mutexattr_init(&attribute);
    pthread_mutexattr_setrobust(&attribute, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_settype(&attribute, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&mutex, &attribute);
    return 0;
}
