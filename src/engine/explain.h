/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Why: one case at an instant, for a person in Dutch and for a machine in JSON
 *
 * Says for each obligation its status, the facts it rests on, every step of its date, which protocol
 * and municipality and why, what was told to whom, and what comes next. Looks only; tells nothing.
 */

#include "engine/engine.h"
#include "engine/life.h"
#include "engine/posting.h"

enum { EXPLAIN_E_NONE = 1 };

/*
 * @norm: only this norm, and why it has no (more) obligations; or NULL. @postings: how what was told stands in the inboxes, for whoever reads a
 * broker; NULL: it is not known, and what was told is only said to be told. Appends text to @out. Return: 0; EXPLAIN_E_NONE when the case has no
 * obligation of this norm: what was appended says why; -ENOMEM.
 */
int explain_text(struct engine *engine, struct store *store, struct casefile *casefile, instant_t now, const char *norm,
                 const struct postings *postings, struct buffer *out) MUSTCHECK;

/* The same as one JSON object. */
int explain_json(struct engine *engine, struct store *store, struct casefile *casefile, instant_t now, const char *norm,
                 const struct postings *postings, struct buffer *out) MUSTCHECK;

/* The words of one obligation, from its title on, of a life that is open. Return: 0 or -ENOMEM. */
int explain_obligation(struct life *life, const struct life_obligation *obligation, const struct postings *postings, struct buffer *out) MUSTCHECK;

/* The keys of that object, of a life that is open, into the object that is open. What memory lacks for sets life->view.failed, or that of the buffer. */
void explain_put(struct life *life, const struct postings *postings, struct json_writer *w);
