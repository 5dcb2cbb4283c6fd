/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What a record says for a trail (survey/trail.h), apart from the record
 *
 * A value that can be kept and given back later: no personal data, nothing of the body that the trail does not tell. Texts are views into the record that
 * was read, or into whatever keeps them.
 */

#include "base/text.h"
#include "bus/bus.h"
#include "connect/deliveries.h"
#include "engine/posting.h"
#include "engine/row.h"
#include "survey/letters.h"

struct trail_wanted {
        const char *field; /* "case_id", "event_id", "measure_id" …, as trail_field() found it */
        struct uuid id;
};

enum trail_digest_kind {
        TRAIL_DIGEST_OUTBOX,   /* of the outbox of @organisation */
        TRAIL_DIGEST_POST,     /* of the topic of its event */
        TRAIL_DIGEST_FACT,     /* a row of case-state: a fact, and whom it was copied to */
        TRAIL_DIGEST_COPY,     /* a row of case-state: a copy that was told later than its fact was accepted */
        TRAIL_DIGEST_INBOX,    /* of the inbox of @organisation */
        TRAIL_DIGEST_LETTER,
        TRAIL_DIGEST_DELIVERY,
        TRAIL_DIGEST_KINDS,
};

struct trail_digest {
        enum trail_digest_kind kind;
        instant_t at;                            /* the stamp of the record; DELIVERY: of the answer */
        int32_t partition;                       /* where it stands; DELIVERY: the place in the inbox that it is of */
        int64_t offset;
        const struct event_type *type;           /* POST: of whose topic; NULL: it cannot be read */
        const struct organisation *organisation; /* OUTBOX, INBOX, DELIVERY: whose it is; COPY: to whom; POST: who says to have published it; or NULL */
        struct uuid event_id, case_id;           /* as the body says, else key and headers; zeros: neither does */
        struct uuid header_id;                   /* LETTER: as its header says; zeros: it does not */
        bool about;                              /* its body names what was wanted */
        int64_t redriven;                        /* OUTBOX, POST */
        /* INBOX, of what ketenwacht itself says; COPY: role; LETTER: code and text */
        struct text protocol, norm, instance, role, code, text;
        const char *word;
        day_t due_date;
        int64_t rung;
        struct uuid alert_id, refused;
        struct text copies;                      /* FACT: organisations and their roles, as row_copies_next() reads them */
        /* LETTER */
        struct text stage;
        struct uuid answers;                     /* the event_refused_id() of the post that it answers; zeros: it does not answer one */
        instant_t sent_at;                       /* 0: it was not sent again */
        /* DELIVERY */
        struct text connector;
        enum posting_state state;
        int status, attempts;
};

/* By what records are read. */
struct trail_digester {
        const struct event_types *types;
        const struct organisations *organisations;
        const struct row_codec *rows;
        const struct trail_wanted *wanted; /* NULL: @about is not asked */
};

/*
 * Each reads a record (headers are loaded where they matter). Return: 1, *ret is filled; 0: it says nothing that a trail tells; -ENOMEM.
 * Of the topic of @type; of the outbox of @from; of the inbox of @to; a row of case-state; a dead letter; what became of a delivery.
 */
int trail_digest_post(const struct trail_digester *d, const struct event_type *type, struct bus_record *record, struct trail_digest *ret) MUSTCHECK;
int trail_digest_outbox(const struct trail_digester *d, const struct organisation *from, struct bus_record *record, struct trail_digest *ret) MUSTCHECK;
int trail_digest_inbox(const struct trail_digester *d, const struct organisation *to, struct bus_record *record, struct trail_digest *ret) MUSTCHECK;
int trail_digest_row(const struct trail_digester *d, const struct bus_record *record, struct trail_digest *ret) MUSTCHECK;
int trail_digest_letter(const struct trail_digester *d, const struct letter *letter, struct trail_digest *ret) MUSTCHECK;
int trail_digest_delivery(const struct trail_digester *d, const struct delivery_record *delivery, struct trail_digest *ret) MUSTCHECK;

/* Whether an event names the id: in that field; for event_id also as what it replaces, withdraws or refuses; and as the instance of a norm. */
bool trail_is_about(const struct trail_wanted *wanted, const struct event *event);

/*
 * Reads a fact of case-state. @slots: LAYOUT_SLOTS_MAX; strings are views into the record. @ret_copies: NULL, or whom it was copied to when it was
 * accepted (model/row_schema.h). Return: false: it is none, or cannot be read.
 */
bool trail_read_fact(const struct event_types *types, const struct bus_record *record, struct slot *slots, struct event *ret, struct text *ret_copies);
