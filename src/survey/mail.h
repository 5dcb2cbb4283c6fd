/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Which records of inboxes are about one case
 *
 * A record of `deliveries` names a place in an inbox, and no case. Here the inboxes are read for it, each only when it is first asked
 * for, only in the partition of the case, and further when something later is asked for.
 */

#include <stdbool.h>
#include <stddef.h>

#include "bus/bus.h"
#include "connect/deliveries.h"

#define MAIL_INBOXES_MAX 20000    /* different ones asked for */
#define MAIL_RECORDS_MAX 1000000  /* of the case, in all of them */

struct mail;

/* Borrows @bus. Return: 0 or -ENOMEM. */
int mail_new(struct bus *bus, const struct uuid *case_id, struct mail **ret) MUSTCHECK;
struct mail *mail_free(struct mail *mail); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct mail *, mail_free);

/* Whether mail_has() cannot tell before mail_read(). */
bool mail_is_unread(const struct mail *mail, const struct delivery_record *delivery);

/*
 * Reads the inbox of the delivery's organisation to its present end; waits for the broker. An inbox that is not there has nothing.
 * Return: 0; -E2BIG (a bound above), -ETIMEDOUT, -ENOMEM or another negative errno, with a sentence.
 */
int mail_read(struct mail *mail, const struct delivery_record *delivery, struct error *err) MUSTCHECK;

/* Whether what was delivered is about the case: place and event are those of a record that was read. */
bool mail_has(const struct mail *mail, const struct delivery_record *delivery);
