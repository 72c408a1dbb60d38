/* Numbers and structures of Linux's terminals on x86-64 (include/uapi/asm-generic/termbits.h,
 * ioctls.h). */
#ifndef KERNEL_TTY_TERMIOS_H
#define KERNEL_TTY_TERMIOS_H

#include <stdint.h>

/* c_iflag */
#define IGNBRK  0000001u
#define BRKINT  0000002u
#define IGNPAR  0000004u
#define PARMRK  0000010u
#define INPCK   0000020u
#define ISTRIP  0000040u
#define INLCR   0000100u
#define IGNCR   0000200u
#define ICRNL   0000400u
#define IUCLC   0001000u
#define IXON    0002000u
#define IXANY   0004000u
#define IXOFF   0010000u
#define IMAXBEL 0020000u
#define IUTF8   0040000u

/* c_oflag */
#define OPOST  0000001u
#define OLCUC  0000002u
#define ONLCR  0000004u
#define OCRNL  0000010u
#define ONOCR  0000020u
#define ONLRET 0000040u
#define TABDLY 0014000u
#define XTABS  0014000u

/* c_cflag */
#define B9600  0000015u
#define B38400 0000017u
#define CBAUD  0010017u
#define CS8    0000060u
#define CREAD  0000200u
#define HUPCL  0002000u
#define CLOCAL 0004000u

/* c_lflag */
#define ISIG    0000001u
#define ICANON  0000002u
#define ECHO    0000010u
#define ECHOE   0000020u
#define ECHOK   0000040u
#define ECHONL  0000100u
#define NOFLSH  0000200u
#define TOSTOP  0000400u
#define ECHOCTL 0001000u
#define ECHOPRT 0002000u
#define ECHOKE  0004000u
#define IEXTEN  0100000u
#define EXTPROC 0200000u

/* c_cc */
enum {
    VINTR,
    VQUIT,
    VERASE,
    VKILL,
    VEOF,
    VTIME,
    VMIN,
    VSWTC,
    VSTART,
    VSTOP,
    VSUSP,
    VEOL,
    VREPRINT,
    VDISCARD,
    VWERASE,
    VLNEXT,
    VEOL2,
    TERMIOS_CHARACTERS = 19,
};

/* struct termios2; TCGETS and TCSETS move all but the speeds. */
struct termios {
    uint32_t input, output, control, local;
    uint8_t line;
    uint8_t characters[TERMIOS_CHARACTERS];
    uint32_t input_speed, output_speed;
};
#define TERMIOS_SIZE 36u
_Static_assert(sizeof(struct termios) == 44, "Linux's struct termios2");

/* The System V form: TCGETA, TCSETA. */
#define TERMIO_CHARACTERS 8
struct termio {
    uint16_t input, output, control, local;
    uint8_t line;
    uint8_t characters[TERMIO_CHARACTERS];
    uint8_t pad;
};
_Static_assert(sizeof(struct termio) == 18, "Linux's struct termio");

struct window_size {
    uint16_t rows, columns, x_pixels, y_pixels;
};

enum {
    TCGETS = 0x5401,
    TCSETS,
    TCSETSW,
    TCSETSF,
    TCGETA,
    TCSETA,
    TCSETAW,
    TCSETAF,
    TCSBRK,
    TCXONC,
    TCFLSH,
    TIOCEXCL,
    TIOCNXCL,
    TIOCSCTTY,
    TIOCGPGRP,
    TIOCSPGRP,
    TIOCOUTQ,
    TIOCSTI,
    TIOCGWINSZ,
    TIOCSWINSZ,
    TIOCINQ = 0x541b, /* FIONREAD */
    TIOCCONS = 0x541d,
    TIOCPKT = 0x5420,
    TIOCNOTTY = 0x5422,
    TIOCSETD,
    TIOCGETD,
    TCSBRKP,
    TIOCGSID = 0x5429,
    TIOCGEXCL = (int)0x80045440,
    TIOCVHANGUP = 0x5437,
    TIOCGPTN = (int)0x80045430,
    TIOCSPTLCK = 0x40045431,
    TIOCGPTLCK = (int)0x80045439,
    TIOCGPTPEER = 0x5441,
    TIOCSIG = 0x40045436,
    TIOCGPKT = (int)0x80045438,
    TCGETS2 = (int)0x802c542a,
    TCSETS2 = 0x402c542b,
    TCSETSW2,
    TCSETSF2,
};

enum { TCOOFF, TCOON, TCIOFF, TCION };  /* TCXONC */
enum { TCIFLUSH, TCOFLUSH, TCIOFLUSH }; /* TCFLSH */

#endif
