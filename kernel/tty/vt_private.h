/* The grid's operations (vt.c), for the parser (vt_parse.c). Positions are clipped by the callee.
 */
#ifndef KERNEL_TTY_VT_PRIVATE_H
#define KERNEL_TTY_VT_PRIVATE_H

#include "tty/vt.h"

/* One character at the cursor, which moves on. */
void vt_put(struct vt *vt, uint32_t code);
/* Bytes of plain ASCII at the front of these, put as characters up to the end of the row: the
 * common case, in one go. Returns how many were taken; 0: this needs vt_put(). */
size_t vt_put_ascii(struct vt *vt, const char *bytes, size_t n);
/* The cells behind what the pen says changed. */
void vt_pen_changed(struct vt *vt);
void vt_reset(struct vt *vt);

void vt_move(struct vt *vt, int x, int y);
/* Line `y` counts from the scrolling region's top in origin mode. */
void vt_goto(struct vt *vt, unsigned x, unsigned y);
void vt_up(struct vt *vt, unsigned n);
void vt_down(struct vt *vt, unsigned n);
void vt_line_feed(struct vt *vt);
void vt_reverse_line_feed(struct vt *vt);
void vt_tab(struct vt *vt, unsigned n);
void vt_back_tab(struct vt *vt, unsigned n);

/* Lines of the region from the cursor's on, or from its top. */
void vt_scroll(struct vt *vt, unsigned from, int n);
void vt_insert_cells(struct vt *vt, unsigned n);
void vt_delete_cells(struct vt *vt, unsigned n);
/* Cells [from, end) of a line become blank. */
void vt_erase(struct vt *vt, unsigned y, unsigned from, unsigned end);
void vt_erase_lines(struct vt *vt, unsigned from, unsigned end);
void vt_forget_history(struct vt *vt);

void vt_save(struct vt *vt, struct vt_saved *to);
void vt_restore(struct vt *vt, const struct vt_saved *from);
void vt_alternate(struct vt *vt, bool on, bool with_cursor);

#endif
