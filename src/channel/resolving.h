/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Asking for the addresses of a host without waiting for the answer
 *
 * The C library asks on a thread of its own. A question that is let go while it is open stays in memory until it ends, since that thread writes into it;
 * then that thread frees it.
 */

#include "base/buffer.h"
#include "base/error.h"

#define RESOLVING_ADDRESSES_MAX 8
#define RESOLVING_HOST_MAX 255

struct resolving;

/* Whether there is anything to ask: not of numeric addresses. */
bool resolving_is_name(const char *host);

/* Return: 0; -ENAMETOOLONG, -ENOMEM, -EAGAIN. */
int resolving_start(const char *host, struct resolving **ret) MUSTCHECK;

/*
 * Waits at most @timeout_ms. Return: 1: @addresses has them, numeric, with commas between, and *ret_n says how many; 0: not yet; -ENOENT with a sentence:
 * there are none.
 */
int resolving_wait(struct resolving *r, int timeout_ms, struct buffer *addresses, size_t *ret_n, struct error *err) MUSTCHECK;

struct resolving *resolving_free(struct resolving *r); /* NULL ok; returns NULL */
