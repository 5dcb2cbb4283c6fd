/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Memory that is free, back to the system
 *
 * An allocator keeps what was given back to it for the next time. A process that has read a lot at its start and then goes on for months with little gives
 * it to the others on the machine.
 */

#include <stddef.h>

/* Gives back what tcmalloc, or the C library, holds and nobody uses. Takes milliseconds when it is much. From any thread. */
void allocator_give_back(void);

/* Bytes that are in use, as the allocator counts them. */
size_t allocator_used(void);

/* From now on little is kept for each thread: for a process of many threads that is to be small rather than fast. */
void allocator_keep_little(void);
