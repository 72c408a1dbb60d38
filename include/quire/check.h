/*
 * quire/check.h: walks everything and proves that it agrees. For quiet machines (no other CPU
 * inside the library).
 */
#ifndef QUIRE_CHECK_H
#define QUIRE_CHECK_H

#include <quire/machine.h>

/*
 * Every frame's count equals the references found; no frame is both free and mapped; tables'
 * counters, slots, regions, objects, heap and zones agree. Each disagreement is one log line.
 * QUIRE_OK or QUIRE_BROKEN. Allocates nothing: what it counts stands in spare bytes of the frame
 * records.
 */
enum quire_status quire_check(struct quire *q);

#endif
