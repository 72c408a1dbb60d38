/* After FREE a page holds what it held or zeros; once written it stays. */
#include "advice.h"

int main(void)
{
    char *at = anonymous(8);
    bool fine = true;

    fill(at, 8, 'A');
    SHOW(call_madvise(at, 8 * PAGE, MADV_FREE));
    for (size_t i = 0; i < 8; i++)
        for (size_t j = 0; j < PAGE; j++)
            fine &= at[i * PAGE + j] == 0 || at[i * PAGE + j] == 'A' + (int)i;
    SHOW(fine);
    fill(at, 8, 'K');
    pages_of("written", at, 8);
    SHOW(call_madvise(at + PAGE, PAGE, MADV_FREE));
    at[PAGE] = 'x';
    pages_of("written after", at, 8);
    SHOW(call_madvise(at + PAGE, PAGE, MADV_FREE));
    SHOW(call_madvise(at + PAGE, PAGE, MADV_DONTNEED));
    pages_of("then not needed", at, 8);
    SHOW(call_madvise(shared_anonymous(1), PAGE, MADV_FREE));
    SHOW(call_madvise(file_map(make_file(1), 1, MAP_PRIVATE), PAGE, MADV_FREE));
    return 0;
}
