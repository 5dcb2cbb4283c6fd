/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Track and trace of a case, as a section of its page and as part of its JSON
 *
 * From memory (replica/tracks.h), or with ?trace=topics from the topics themselves. Of ?id= the steps that are about that id are marked. People of an
 * organisation see what that one posted, what stands in its inbox, and what became of its delivery, and nothing else.
 */

#include "console/exchange.h"
#include "replica/tracks.h"

#define TRACE_ROWS 100       /* steps on one page */
#define TRACE_STEP "step"    /* in the query: the number of the first */
#define TRACE_ID "id"        /* in the query: of what was looked for */
#define TRACE_FOUND "found"  /* where the first step stands that is about it */

struct trace_view {
        struct trail *trail;
        const struct trail_step **steps; /* that this person may see, in the order of time */
        size_t n;
        struct tracks_status status;
        bool from_topics;
        bool has_id;                     /* something was looked for: */
        struct uuid id;
        struct uuid *named_by;           /* the facts that name it, by their event_id */
        size_t named_by_n;
};

/*
 * Finds it; before replica_lock(). false: something was answered already (202: the topics are being read; 503: that is done for somebody else; 400).
 * trace_view_done() is due in both cases.
 */
bool trace_view_open(struct exchange *x, const struct uuid *case_id, struct trace_view *ret) MUSTCHECK;
void trace_view_done(struct trace_view *trace);

/* What stands in inboxes, for explanations (engine/explain.h). Borrowed. */
struct postings trace_view_postings(const struct trace_view *trace);

/* The section, from its heading on. */
void trace_section(struct exchange *x, struct html *h, const struct trace_view *trace);

/* "trace", an object, into the one that is open. */
void trace_view_put(const struct exchange *x, const struct trace_view *trace, struct json_writer *w);

/* Whether a step is about an id: its event, what it refuses, its alert, or the instance of its norm. */
bool trace_step_is_about(const struct trail_step *step, const struct uuid *id);

/* Whether a person of @of may see it. */
bool trace_step_is_of(const struct trail_step *step, const struct organisation *of);
