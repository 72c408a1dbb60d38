/* What clear_refs takes, and who may open it. */
#include "proc.h"

#define PATH "/proc/self/clear_refs"

int main(void)
{
    static const char *const texts[] = {"0", "1", "5", "6", "-1", "x", "", "1\n", " 2 ", "3 4"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int result = write_file(PATH, texts[i]);

        printf("[%s]: %s\n", *texts[i] && texts[i][1] == '\n' ? "1 and a newline" : texts[i],
               result == 0 ? "fine" : errno_name(errno));
    }
    show_open(PATH, O_RDONLY);
    become_user();
    show_open(PATH, O_RDONLY);
    show_open(PATH, O_WRONLY);
    show_open("/proc/1/clear_refs", O_WRONLY);
    return 0;
}
