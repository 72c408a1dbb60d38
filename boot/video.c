/*
 * The screen, by the VESA BIOS extensions 2.0: of all modes with a linear framebuffer of direct
 * colour, the largest that is no larger than 1024 x 768, and of those the one with most bits a
 * pixel. Larger ones are slow to scroll and may be more than the monitor shows. Where there is
 * none, or the command line says video=text, the text mode stays.
 */

#include "boot/loader.h"

#define MAX_WIDTH  1024u
#define MAX_HEIGHT 768u

struct vbe_info {
    char signature[4];
    uint16_t version;
    uint32_t vendor, capabilities;
    uint16_t modes_offset, modes_segment;
    uint8_t rest[512 - 18];
} __attribute__((packed));

struct vbe_mode {
    uint16_t attributes;
    uint8_t windows[14];
    uint16_t pitch, width, height;
    uint8_t character[2], planes, bits, banks, memory_model, bank_size, pages, reserved;
    uint8_t channels[6]; /* size and position of red, green, blue */
    uint8_t more[3];
    uint32_t framebuffer;
    uint8_t rest[256 - 44];
} __attribute__((packed));

enum {
    MODE_SUPPORTED = 1 << 0,
    MODE_GRAPHICS = 1 << 4,
    MODE_LINEAR = 1 << 7,
    MODEL_PACKED = 4,
    MODEL_DIRECT = 6,
    SET_LINEAR = 1 << 14,
};

static struct vbe_info info;
static struct vbe_mode mode;

static bool vbe_call(uint32_t function, uint32_t ebx, uint32_t ecx, void *block)
{
    struct bios_registers r = {.eax = function, .ebx = ebx, .ecx = ecx};

    r.es = segment_of(block);
    r.edi = offset_of(block);
    bios_call(0x10, &r);
    return (r.eax & 0xffff) == 0x004f;
}

/* How good the mode in `mode` is; 0: not at all. */
static uint32_t score(void)
{
    const uint16_t needed = MODE_SUPPORTED | MODE_GRAPHICS | MODE_LINEAR;

    if ((mode.attributes & needed) != needed || mode.framebuffer == 0 ||
        (mode.memory_model != MODEL_DIRECT && mode.memory_model != MODEL_PACKED))
        return 0;
    if (mode.bits < 15 || mode.bits > 32 || mode.channels[0] == 0 || mode.width > MAX_WIDTH ||
        mode.height > MAX_HEIGHT)
        return 0;
    return (uint32_t)mode.width * mode.height * 64 + mode.bits;
}

static bool read_mode(uint16_t number)
{
    memset(&mode, 0, sizeof mode);
    return vbe_call(0x4f01, 0, number, &mode);
}

/* The list ends with 0xffff; a broken one ends with the 64 KiB that its segment has. */
static uint16_t best_mode(void)
{
    const uint16_t *list =
        (const uint16_t *)(uintptr_t)((uint32_t)info.modes_segment * 16 + info.modes_offset);
    uint32_t best_score = 0;
    uint16_t best = 0xffff;

    for (unsigned i = 0; i < 0x8000 && list[i] != 0xffff; i++) {
        if (!read_mode(list[i]) || score() <= best_score)
            continue;
        best_score = score();
        best = list[i];
    }
    return best;
}

/* The word video=text is in the command line. */
static bool text_wanted(void)
{
    static const char word[] = "video=text";
    const char *line = disk_header.command_line;

    for (const char *at = line; *at != '\0'; at++) {
        char next;

        if ((at != line && at[-1] != ' ') || memcmp(at, word, sizeof word - 1) != 0)
            continue;
        next = at[sizeof word - 1];
        if (next == '\0' || next == ' ')
            return true;
    }
    return false;
}

static void describe_text(struct boot_handoff *handoff)
{
    struct bios_registers r = {.eax = 0x0f00};

    bios_call(0x10, &r); /* the mode that is set: AL, and its columns: AH */
    if ((r.eax & 0x7f) != 3)
        return;
    handoff->screen_kind = BOOT_HANDOFF_TEXT;
    handoff->width = r.eax >> 8 & 0xff;
    handoff->height = 25;
}

void video_set(struct boot_handoff *handoff)
{
    uint16_t number;

    describe_text(handoff);
    memcpy(info.signature, "VBE2", 4);
    if (text_wanted() || !vbe_call(0x4f00, 0, 0, &info) || memcmp(info.signature, "VESA", 4) != 0 ||
        info.version < 0x200)
        return;
    number = best_mode();
    if (number == 0xffff || !read_mode(number) || !vbe_call(0x4f02, number | SET_LINEAR, 0, &info))
        return;
    handoff->screen_kind = BOOT_HANDOFF_PIXELS;
    handoff->framebuffer = mode.framebuffer;
    handoff->pitch = mode.pitch;
    handoff->width = mode.width;
    handoff->height = mode.height;
    handoff->bits = mode.bits;
    for (unsigned i = 0; i < 6; i += 2) {
        handoff->channels[i] = mode.channels[i + 1];
        handoff->channels[i + 1] = mode.channels[i];
    }
}
