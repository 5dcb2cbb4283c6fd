/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The auditor: writes records of `audit` for all threads of the console
 *
 * What shows personal fields or acts waits until all replicas have its record (auditor_write). That a case was shown or looked for, and that somebody
 * came in or went, is taken down at once and written a moment later (auditor_note), so that no page waits for the broker; while the broker is away so
 * many of these are kept, and then no more is shown. A thread of its own holds the producer, and opens it anew as often as needed.
 */

#include "base/log.h"
#include "bus/bus.h"
#include "cluster/audit.h"

#define AUDITOR_WAIT_MS 3000      /* for an acknowledgement; a thread of the server stands still meanwhile */
#define AUDITOR_NOTES_MAX 1000    /* that are not acknowledged yet */
#define AUDITOR_AGAIN_MS 2000     /* between two tries to reach the broker */
#define AUDITOR_RECORD_MAX 8192   /* bytes of one */
#define AUDITOR_END_MS 5000       /* for what is left at the end */

struct auditor;

struct auditor_config { /* borrowed */
        struct bus *bus;
        const struct event_types *types;
        const struct log *log; /* may be NULL */
};

/* Starts it; with no broker too. Return: 0; -EINVAL (no schema of audit), -EAGAIN with a sentence; -ENOMEM. */
int auditor_new(const struct auditor_config *config, struct auditor **ret, struct error *err) MUSTCHECK;
/* Writes what waits, AUDITOR_END_MS at most, and ends. NULL ok; returns NULL. */
struct auditor *auditor_free(struct auditor *a);
DEFINE_CLEANUP(struct auditor *, auditor_free);

/*
 * Writes the record and waits until all replicas have it, AUDITOR_WAIT_MS at most; while the broker is known not to answer, not at all. false: it is not known
 * to be there, and nothing may be shown or done. From any thread.
 */
bool auditor_write(struct auditor *a, const struct audit_record *record) MUSTCHECK;

/* Takes the record down, to be written at once in the background. false: too many wait, and nothing may be shown. From any thread. */
bool auditor_note(struct auditor *a, const struct audit_record *record) MUSTCHECK;
