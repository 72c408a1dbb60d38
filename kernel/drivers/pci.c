/*
 * Enumeration: bus 0, and every bus that a bridge says lies behind it. Buses wait in a bitmap, not
 * on the stack, so that bridges which point at each other cannot make us go round.
 */
#include "drivers/pci.h"

#include "core/init.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"
#include "x86/cpu.h"

#include <quire/area.h>

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  (1u << 31)

#define PCI_VENDOR             0x00
#define PCI_STATUS             0x06
#define PCI_CLASS              0x08
#define PCI_HEADER_TYPE        0x0e
#define PCI_BAR0               0x10
#define PCI_SECONDARY_BUS      0x19
#define PCI_SUBSYSTEM          0x2e
#define PCI_CAPABILITIES       0x34
#define PCI_INTERRUPT_LINE     0x3c
#define PCI_INTERRUPT_PIN      0x3d
#define PCI_STATUS_CAPABILITY  (1u << 4)
#define PCI_HEADER_SEVERAL     0x80u
#define PCI_HEADER_BRIDGE      0x01u
#define PCI_BAR_IS_PORTS       1u
#define PCI_BAR_IS_64_BIT(bar) (((bar)&6u) == 4u)
#define PCI_NO_DEVICE          0xffffu
#define PCI_CLASS_BRIDGE       0x06u
#define PCI_SUBCLASS_PCI       0x04u

struct list pci_devices = LIST_INIT(pci_devices);

static void select_register(const struct pci_device *device, unsigned offset)
{
    port_write32(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)device->bus << 16 |
                                     (uint32_t)device->slot << 11 |
                                     (uint32_t)device->function << 8 | (offset & 0xfcu));
}

/* The two ports are one resource: an interrupt between them must not select something else. */
uint32_t pci_read32(const struct pci_device *device, unsigned offset)
{
    unsigned long flags = interrupts_save();
    uint32_t value;

    select_register(device, offset);
    value = port_read32(CONFIG_DATA);
    interrupts_restore(flags);
    return value;
}

uint16_t pci_read16(const struct pci_device *device, unsigned offset)
{
    return (uint16_t)(pci_read32(device, offset) >> (offset & 2) * 8);
}

uint8_t pci_read8(const struct pci_device *device, unsigned offset)
{
    return (uint8_t)(pci_read32(device, offset) >> (offset & 3) * 8);
}

void pci_write32(const struct pci_device *device, unsigned offset, uint32_t value)
{
    unsigned long flags = interrupts_save();

    select_register(device, offset);
    port_write32(CONFIG_DATA, value);
    interrupts_restore(flags);
}

void pci_write16(const struct pci_device *device, unsigned offset, uint16_t value)
{
    unsigned long flags = interrupts_save();

    select_register(device, offset);
    port_write16((uint16_t)(CONFIG_DATA + (offset & 2)), value);
    interrupts_restore(flags);
}

unsigned pci_capability(const struct pci_device *device, uint8_t id, unsigned after)
{
    unsigned at;

    if (!(pci_read16(device, PCI_STATUS) & PCI_STATUS_CAPABILITY))
        return 0;
    at = pci_read8(device, after ? after + 1 : PCI_CAPABILITIES) & 0xfcu;
    /* 48 capabilities fill the space; more steps mean that the list is a ring. */
    for (unsigned steps = 0; at && steps < 48; steps++) {
        if (pci_read8(device, at) == id)
            return at;
        at = pci_read8(device, at + 1) & 0xfcu;
    }
    return 0;
}

void pci_enable(const struct pci_device *device)
{
    uint16_t command = pci_read16(device, PCI_COMMAND);

    command |= PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    command &= (uint16_t)~PCI_COMMAND_INTX_OFF;
    pci_write16(device, PCI_COMMAND, command);
}

volatile void *pci_map_bar(const struct pci_device *device, unsigned bar, uint64_t offset,
                           uint64_t size)
{
    const struct pci_bar *window;

    if (bar >= PCI_BAR_COUNT)
        return NULL;
    window = &device->bar[bar];
    if (window->ports || window->address == 0 || size == 0 || offset > window->size ||
        size > window->size - offset)
        return NULL;
    return quire_area_map_device(&kernel_machine, window->address + offset, size,
                                 QUIRE_CACHE_UNCACHED, "pci");
}

/* Writing ones and reading back shows which address bits the device decodes: its size. */
static uint32_t probe_bar(const struct pci_device *device, unsigned offset, uint32_t value)
{
    uint32_t mask;

    pci_write32(device, offset, 0xffffffffu);
    mask = pci_read32(device, offset);
    pci_write32(device, offset, value);
    return mask;
}

static void read_bars(struct pci_device *device, unsigned count)
{
    uint16_t command = pci_read16(device, PCI_COMMAND);

    /* While its size is probed the device must not answer at a nonsense address. */
    pci_write16(device, PCI_COMMAND, command & (uint16_t) ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
    for (unsigned i = 0; i < count; i++) {
        struct pci_bar *bar = &device->bar[i];
        unsigned offset = PCI_BAR0 + 4 * i;
        uint32_t low = pci_read32(device, offset), high = 0;
        uint32_t mask = probe_bar(device, offset, low), high_mask = 0xffffffffu;

        if (mask == 0)
            continue;
        if (low & PCI_BAR_IS_PORTS) {
            bar->ports = true;
            bar->address = low & 0xfffcu;
            bar->size = (uint16_t) ~(mask & 0xfffcu) + 1u;
            continue;
        }
        if (PCI_BAR_IS_64_BIT(low) && i + 1 < count) {
            high = pci_read32(device, offset + 4);
            high_mask = probe_bar(device, offset + 4, high);
            i++;
        }
        bar->address = (uint64_t)high << 32 | (low & ~0xfu);
        bar->size = ~((uint64_t)high_mask << 32 | (mask & ~0xfu)) + 1;
    }
    pci_write16(device, PCI_COMMAND, command);
}

static struct pci_device *add_device(const struct pci_device *address, uint16_t vendor)
{
    struct pci_device *device = kernel_alloc_zeroed(sizeof(*device));
    uint32_t class_word;
    bool bridge;

    if (!device)
        return NULL;
    *device = *address;
    class_word = pci_read32(device, PCI_CLASS);
    device->vendor = vendor;
    device->device = pci_read16(device, PCI_VENDOR + 2);
    device->class_code = (uint8_t)(class_word >> 24);
    device->subclass = (uint8_t)(class_word >> 16);
    device->interface = (uint8_t)(class_word >> 8);
    bridge = (pci_read8(device, PCI_HEADER_TYPE) & 0x7f) == PCI_HEADER_BRIDGE;
    if (!bridge)
        device->subsystem = pci_read16(device, PCI_SUBSYSTEM);
    device->interrupt_line =
        pci_read8(device, PCI_INTERRUPT_PIN) ? pci_read8(device, PCI_INTERRUPT_LINE) : 0xff;
    read_bars(device, bridge ? 2 : PCI_BAR_COUNT);
    list_add_tail(&pci_devices, &device->node);
    return device;
}

/* Returns false when memory is short. */
static bool scan_bus(uint8_t bus, uint8_t waiting[32])
{
    for (unsigned slot = 0; slot < 32; slot++) {
        unsigned functions = 1;

        for (unsigned function = 0; function < functions; function++) {
            struct pci_device at = {
                .bus = bus, .slot = (uint8_t)slot, .function = (uint8_t)function};
            uint16_t vendor = pci_read16(&at, PCI_VENDOR);
            struct pci_device *device;

            if (vendor == PCI_NO_DEVICE)
                continue;
            if (function == 0 && (pci_read8(&at, PCI_HEADER_TYPE) & PCI_HEADER_SEVERAL))
                functions = 8;
            device = add_device(&at, vendor);
            if (!device)
                return false;
            log_debug("pci %02x:%02x.%x: %04x:%04x class %02x%02x irq %u", bus, slot, function,
                      vendor, device->device, device->class_code, device->subclass,
                      device->interrupt_line);
            if (device->class_code == PCI_CLASS_BRIDGE && device->subclass == PCI_SUBCLASS_PCI) {
                uint8_t behind = pci_read8(device, PCI_SECONDARY_BUS);

                waiting[behind / 8] |= (uint8_t)(1u << behind % 8);
            }
        }
    }
    return true;
}

static int pci_init(void)
{
    uint8_t waiting[32] = {1}, seen[32] = {0};
    bool more = true;

    while (more) {
        more = false;
        for (unsigned bus = 0; bus < 256; bus++) {
            uint8_t bit = (uint8_t)(1u << bus % 8);

            if (!(waiting[bus / 8] & bit) || (seen[bus / 8] & bit))
                continue;
            seen[bus / 8] |= bit;
            more = true;
            if (!scan_bus((uint8_t)bus, waiting))
                return -1;
        }
    }
    return 0;
}
INITCALL(INIT_BUS, pci_init);
