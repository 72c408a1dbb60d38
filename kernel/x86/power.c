#include "x86/power.h"

#include "x86/cpu.h"
#include "x86/serial.h"

#define DEBUG_EXIT_PORT   0xf4
#define PCI_ADDRESS       0xcf8
#define PCI_DATA          0xcfc
#define KEYBOARD_COMMAND  0x64
#define KEYBOARD_RESET    0xfe
#define RESET_CONTROL     0xcf9
#define ACPI_SLEEP_ENABLE 0x2000 /* with sleep type 0: S5 on PIIX4 and ICH9 as QEMU builds them */

#define PIIX4_POWER 0x71138086u
#define ICH9_LPC    0x29188086u

_Noreturn void machine_halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt" ::: "memory");
}

static uint32_t pci_read(unsigned device, unsigned function, unsigned offset)
{
    port_write32(PCI_ADDRESS, 0x80000000u | device << 11 | function << 8 | offset);
    return port_read32(PCI_DATA);
}

/* The power management I/O base of the chips that QEMU's PC machines have; 0 when there is none. */
static uint16_t power_management_base(void)
{
    for (unsigned device = 0; device < 32; device++) {
        for (unsigned function = 0; function < 8; function++) {
            uint32_t id = pci_read(device, function, 0);

            if (id == PIIX4_POWER || id == ICH9_LPC)
                return pci_read(device, function, 0x40) & 0xff80;
        }
    }
    return 0;
}

_Noreturn void machine_power_off(unsigned code)
{
    uint16_t base;

    interrupts_disable();
    serial_drain(SERIAL_COM1);
    port_write8(DEBUG_EXIT_PORT, (uint8_t)code);
    if (code == POWER_OFF_CLEAN) {
        base = power_management_base();
        if (base != 0)
            port_write16(base + 4, ACPI_SLEEP_ENABLE);
    }
    machine_halt();
}

_Noreturn void machine_reboot(void)
{
    struct {
        uint16_t limit;
        uintptr_t base;
    } __attribute__((packed)) nothing = {0, 0};

    interrupts_disable();
    serial_drain(SERIAL_COM1);
    port_write8(KEYBOARD_COMMAND, KEYBOARD_RESET);
    port_write8(RESET_CONTROL, 0x02);
    port_write8(RESET_CONTROL, 0x06);
    /* A fault that no table can take resets every x86. */
    __asm__ volatile("lidt %0; int3" ::"m"(nothing));
    machine_halt();
}
