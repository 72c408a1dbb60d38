/*
 * QEMU plugin: how often each instruction is executed between the marks that the benchmark sets
 * around what it measures (clock_start() and clock_stop() in measure.h).
 *
 * Argument: out=FILE; when QEMU ends the file gets a line "ADDRESS COUNT" for each instruction,
 * in hexadecimal and decimal. An instruction that was translated several times has several lines.
 * Or each=FILE: the n-th time that a stop mark is passed (from 0 on), what was counted since the
 * start mark goes to the file FILE.n.
 *
 * What is counted is executions of translated blocks, so instructions of a block behind one that
 * faults are counted once too often. QEMU executes each turn of a repeated string instruction as
 * a block of its own, as its instruction counter does too. One CPU.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The part of QEMU's plugin interface, version 1, that is used; Debian has no header for it. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
typedef void (*qemu_plugin_tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*qemu_plugin_exec_cb)(unsigned int cpu, void *argument);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_tb_trans_cb cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_plugin_exec_cb cb,
                                          enum qemu_plugin_cb_flags flags, void *argument);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, qemu_plugin_exec_cb cb,
                                            enum qemu_plugin_cb_flags flags, void *argument);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

extern int qemu_plugin_version;
int qemu_plugin_version = 1;
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

struct block {
    struct block *next;
    uint64_t count;
    size_t length;
    uint64_t address[]; /* of each instruction */
};

static struct block *blocks;
static bool active;
static const char *out_path, *each_path;
static unsigned stops;

static void write_counts(const char *path)
{
    FILE *file = fopen(path, "w");

    if (file == NULL) {
        perror(path);
        return;
    }
    for (struct block *block = blocks; block != NULL; block = block->next)
        for (size_t i = 0; block->count > 0 && i < block->length; i++)
            fprintf(file, "%" PRIx64 " %" PRIu64 "\n", block->address[i], block->count);
    fclose(file);
}

static void write_all_counts(void)
{
    write_counts(out_path);
}

static void start(unsigned int cpu, void *argument)
{
    (void)cpu;
    (void)argument;
    active = true;
}

static void stop(unsigned int cpu, void *argument)
{
    (void)cpu;
    (void)argument;
    if (active && each_path != NULL) {
        char path[256];

        snprintf(path, sizeof(path), "%s.%u", each_path, stops++);
        write_counts(path);
        for (struct block *block = blocks; block != NULL; block = block->next)
            block->count = 0;
    }
    active = false;
}

static void executed(unsigned int cpu, void *argument)
{
    struct block *block = argument;

    (void)cpu;
    block->count += active;
}

/* nopl 0x717569xx(%rax), where xx says which mark it is. */
static qemu_plugin_exec_cb mark_of(const struct qemu_plugin_insn *insn)
{
    static const uint8_t common[] = {0x69, 0x75, 0x71};
    uint8_t code[16] = {0};
    size_t size = qemu_plugin_insn_size(insn);

    if (size != 7)
        return NULL;
    memcpy(code, qemu_plugin_insn_data(insn), size);
    if (code[0] != 0x0f || code[1] != 0x1f || code[2] != 0x80 || memcmp(code + 4, common, 3) != 0)
        return NULL;
    return code[3] == 1 ? start : code[3] == 2 ? stop : NULL;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t length = qemu_plugin_tb_n_insns(tb);
    struct block *block = calloc(1, sizeof(*block) + length * sizeof(block->address[0]));

    (void)id;
    if (block == NULL)
        abort();
    block->length = length;
    for (size_t i = 0; i < length; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_exec_cb mark = mark_of(insn);

        block->address[i] = qemu_plugin_insn_vaddr(insn);
        if (mark != NULL)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, QEMU_PLUGIN_CB_NO_REGS, NULL);
    }
    block->next = blocks;
    blocks = block;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, block);
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0)
            out_path = strdup(argv[i] + 4);
        if (strncmp(argv[i], "each=", 5) == 0)
            each_path = strdup(argv[i] + 5);
    }
    if ((out_path == NULL) == (each_path == NULL)) {
        fprintf(stderr, "the plugin needs out=FILE or each=FILE\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return out_path != NULL ? atexit(write_all_counts) : 0;
}
