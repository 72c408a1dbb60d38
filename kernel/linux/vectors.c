#include "linux/vectors.h"

#include "core/memory.h"
#include "linux/errno.h"
#include "x86/usercopy.h"

int vectors_get(struct vectors *v, unsigned long user_list, unsigned long count)
{
    size_t total = 0;

    if (count > IOV_LIMIT)
        return -EINVAL;
    v->list = v->short_list;
    if (count > SHORT_VECTORS) {
        v->list = kernel_alloc(count * sizeof *v->list);
        if (v->list == NULL)
            return -ENOMEM;
    }
    if (copy_from_user(v->list, (void *)user_list, count * sizeof *v->list) != 0)
        goto bad_address;
    for (unsigned long i = 0; i < count; i++) {
        if ((long)v->list[i].length < 0) {
            if (v->list != v->short_list)
                kernel_free(v->list);
            return -EINVAL;
        }
        if (!user_range_ok((void *)v->list[i].base, v->list[i].length))
            goto bad_address;
        if (v->list[i].length > RW_LIMIT - total)
            v->list[i].length = RW_LIMIT - total;
        total += v->list[i].length;
    }
    v->transfer =
        (struct transfer){.user = true, .length = total, .vectors = v->list, .vector_count = count};
    return 0;
bad_address:
    if (v->list != v->short_list)
        kernel_free(v->list);
    return -EFAULT;
}

void vectors_done(struct vectors *v)
{
    if (v->list != v->short_list)
        kernel_free(v->list);
}
