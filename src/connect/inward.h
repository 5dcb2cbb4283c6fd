/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Events in: from a connector to their topics, each with its deadline; and its dead letters, and rows of its own
 *
 * What a connector hands over is produced at once. It hears the outcome when the broker reports it, or that it is open when
 * answer_within has passed; the report that comes later is then only counted.
 */

#include "connect/core.h"

struct flight;

/* Zeros: nothing under way. */
struct inward {
        struct flight *first, *last; /* not answered, in order of deadline */
        size_t waiting;              /* how many of these */
        size_t open;                 /* without a report, answered or not */
        bool unanswered;             /* the latest answer was not that the broker has it */
};

/* As runtime_submit(). */
int inward_submit(struct inward *in, struct core *c, const struct submission *submission, void *cookie, struct error *err) MUSTCHECK;

/* As runtime_reject() and runtime_keep(). */
int inward_reject(struct inward *in, struct core *c, const struct rejection *rejection, void *cookie, struct error *err) MUSTCHECK;
int inward_keep(struct inward *in, struct core *c, struct text key, struct text value, void *cookie, struct error *err) MUSTCHECK;

/* What the broker says of a record that one of these sent. */
void inward_report(struct inward *in, struct core *c, const struct bus_report *report);

/* Lets broker and connector proceed, waiting at most @timeout_ms. Return: 0 or negative errno. */
int inward_turn(struct inward *in, struct core *c, int timeout_ms, struct error *err) MUSTCHECK;

/* Takes nothing new and waits for what is under way, RUNTIME_STOP_MS at most. Return: 0 or negative errno. */
int inward_stop(struct inward *in, struct core *c, struct error *err) MUSTCHECK;
