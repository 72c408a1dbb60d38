/* oom_score_adj and oom_adj: ranges, their relation, who may change them, inheritance. */
#include "proc.h"

#define ADJUST "/proc/self/oom_score_adj"
#define OLD    "/proc/self/oom_adj"

static void show(const char *path, const char *text)
{
    int result = write_file(path, text);
    char adjust[16];

    snprintf(adjust, sizeof adjust, "%s", strtok(read_file(ADJUST), "\n"));
    printf("%s to %s: %s, now %s and %s\n", text, strrchr(path, '/') + 1,
           result == 0 ? "fine" : errno_name(errno), adjust, strtok(read_file(OLD), "\n"));
}

static void child(void *unused)
{
    (void)unused;
    printf("child has %s", read_file(ADJUST));
    show(ADJUST, "300");
}

static void user(void *unused)
{
    (void)unused;
    SHOW(write_file(ADJUST, "100"));
    become_user();
    show(ADJUST, "200");
    show_open(ADJUST, O_WRONLY);
    show_open("/proc/1/oom_score_adj", O_RDONLY);
    show_open("/proc/1/oom_score_adj", O_WRONLY);
    show_open("/proc/1/oom_score", O_RDONLY);
}

int main(void)
{
    static const char *const texts[] = {"0",   "500", "1000", "1001", "-1000", "-1001",
                                        "x",   "",    " 17 ", "+18",  "0x10",  "10 20",
                                        "-17", "15",  "16",   "-18"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        show(ADJUST, texts[i]);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        show(OLD, texts[i]);
    write_file(ADJUST, "250");
    in_child(child, NULL);
    printf("parent has %s", read_file(ADJUST));
    in_child(user, NULL);
    return 0;
}
