/* on DEVICE PRIORITY: swapon with a priority, which busybox's knows no option for. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/swap.h>

int main(int argc, char **argv)
{
    if (argc < 3 || swapon(argv[1], SWAP_FLAG_PREFER | atoi(argv[2])) != 0) {
        perror("swapon");
        return 1;
    }
    return 0;
}
