/*
 * The PCI bus by configuration mechanism 1 (ports 0xcf8 and 0xcfc; PCI Local Bus 3.0, 3.2.2.3).
 * Devices are found once, at INIT_BUS, on every bus that the bridges lead to; they keep the
 * addresses that the firmware gave them. The list never changes afterwards, so it needs no lock.
 */
#ifndef KERNEL_DRIVERS_PCI_H
#define KERNEL_DRIVERS_PCI_H

#include "core/compiler.h"
#include "core/list.h"

#define PCI_BAR_COUNT 6

/* Bits of PCI_COMMAND. */
#define PCI_COMMAND           0x04
#define PCI_COMMAND_IO        (1u << 0)
#define PCI_COMMAND_MEMORY    (1u << 1)
#define PCI_COMMAND_MASTER    (1u << 2)
#define PCI_COMMAND_INTX_OFF  (1u << 10)
#define PCI_CAPABILITY_VENDOR 0x09

struct pci_bar {
    uint64_t address; /* physical, or the port number; 0: not assigned by the firmware */
    uint64_t size;    /* bytes; 0: the device has no such BAR */
    bool ports;
};

struct pci_device {
    struct list node;
    uint8_t bus, slot, function;
    uint16_t vendor, device, subsystem;
    uint8_t class_code, subclass, interface;
    uint8_t interrupt_line; /* of the interrupt controllers; 0xff: none */
    struct pci_bar bar[PCI_BAR_COUNT];
};

/* Every device found, in order of bus, slot, function: struct pci_device by `node`. */
extern struct list pci_devices;

/* Configuration space of one function; offset is a multiple of the size. Any context. */
uint8_t pci_read8(const struct pci_device *device, unsigned offset);
uint16_t pci_read16(const struct pci_device *device, unsigned offset);
uint32_t pci_read32(const struct pci_device *device, unsigned offset);
void pci_write16(const struct pci_device *device, unsigned offset, uint16_t value);
void pci_write32(const struct pci_device *device, unsigned offset, uint32_t value);

/* Offset of the first capability `id` behind `after` (0: from the start of the list); 0: none. */
unsigned pci_capability(const struct pci_device *device, uint8_t id, unsigned after);

/* Lets the device answer at its BARs, master the bus, and raise its interrupt line. */
void pci_enable(const struct pci_device *device);

/* The memory behind a BAR as device memory, uncached; NULL: no such memory, or no room. */
volatile void *pci_map_bar(const struct pci_device *device, unsigned bar, uint64_t offset,
                           uint64_t size);

#endif
