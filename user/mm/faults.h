/* The rows of `mm faults`, of this machine and of a simulated one. */
#ifndef MM_FAULTS_H
#define MM_FAULTS_H

#include "mm.h"

/* One row: the class was counted once, or the demo fails. */
void fault_row(const char *what, const char *class, wide from, wide to, const char *sees);

/* The rows of the simulated machine. */
void faults_simulated(void);

#endif
