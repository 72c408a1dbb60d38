/* Content on its way between the kernel and a buffer, which may lie in user memory and in pieces.
 */
#include "fs/vfs.h"

#include "core/string.h"
#include "x86/usercopy.h"

static bool transfer_next_piece(struct transfer *transfer)
{
    while (transfer->segment == 0) {
        if (transfer->vector_count == 0)
            return false;
        transfer->address = (void *)(uintptr_t)transfer->vectors->base;
        transfer->segment = transfer->vectors->length;
        transfer->vectors++;
        transfer->vector_count--;
    }
    return true;
}

/* Inlined where `out` is known: small transfers are many. */
static inline __attribute__((always_inline)) size_t transfer_piece(struct transfer *transfer,
                                                                   void *kernel, size_t n, bool out)
{
    size_t left = 0;

    if (!transfer->user)
        memcpy(out ? transfer->address : kernel, out ? kernel : transfer->address, n);
    else if (out)
        left = copy_to_user(transfer->address, kernel, n);
    else
        left = copy_from_user(kernel, transfer->address, n);
    n -= left;
    transfer->address = (void *)((uintptr_t)transfer->address + n); /* a user address: a number */
    transfer->length -= n;
    return n;
}

static __attribute__((noinline)) size_t transfer_pieces(struct transfer *transfer, char *kernel,
                                                        size_t n, bool out)
{
    size_t done = 0;

    while (done < n && transfer_next_piece(transfer)) {
        size_t piece = n - done < transfer->segment ? n - done : transfer->segment;
        size_t moved = transfer_piece(transfer, kernel + done, piece, out);

        transfer->segment -= moved;
        done += moved;
        if (moved < piece)
            break;
    }
    return done;
}

size_t transfer_out(struct transfer *transfer, const void *from, size_t n)
{
    char *kernel = (char *)(uintptr_t)from;

    if (n > transfer->length)
        n = transfer->length;
    if (unlikely(transfer->vectors != NULL))
        return transfer_pieces(transfer, kernel, n, true);
    return transfer_piece(transfer, kernel, n, true);
}

size_t transfer_in(struct transfer *transfer, void *to, size_t n)
{
    if (n > transfer->length)
        n = transfer->length;
    if (unlikely(transfer->vectors != NULL))
        return transfer_pieces(transfer, to, n, false);
    return transfer_piece(transfer, to, n, false);
}

bool transfer_readable(struct transfer *transfer)
{
    char byte;

    if (!transfer->user || transfer->length == 0)
        return true;
    if (transfer->vectors != NULL && !transfer_next_piece(transfer))
        return true;
    return copy_from_user(&byte, transfer->address, 1) == 0;
}
