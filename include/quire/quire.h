/*
 * quire/quire.h: everything. A kernel that stops at a lower layer includes that layer's header
 * instead.
 *
 * Bring-up, in order:  quire_bootmap_* → quire_frame_init → quire_heap_init → quire_pagetable_init
 * → quire_area_init → quire_space_init. Each needs only those before it.
 */
#ifndef QUIRE_QUIRE_H
#define QUIRE_QUIRE_H

#include <quire/area.h>
#include <quire/bootmap.h>
#include <quire/check.h>
#include <quire/commit.h>
#include <quire/frame.h>
#include <quire/grace.h>
#include <quire/heap.h>
#include <quire/hooks.h>
#include <quire/object.h>
#include <quire/pagetable.h>
#include <quire/policy.h>
#include <quire/reclaim.h>
#include <quire/slot.h>
#include <quire/space.h>

#endif
