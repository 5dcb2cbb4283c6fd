/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Digests: what is no mail by itself, in one mail for each organisation and working day
 *
 * The records themselves are over for the runtime as they come, so that they hold nobody up. When the hour has come the inbox is read again by a reader of
 * its own, from where the last digest ended, and all that is no mail by itself becomes one. Where that was is a row of TOPIC_CONNECTOR_KEYS,
 * written once the server has the digest and `deliveries` its records: so a restart loses nothing, and doubles what a crash in between doubles, under the same
 * Message-ID. A digest of more than DIGEST_RECORDS_MAX is followed by another one at once. A day whose year the calendar does not have counts as a working day
 * from Monday to Friday: nothing is held back for want of a calendar.
 */

#include "connect/connector.h"
#include "connect/kept.h"
#include "connectors/mail/message.h"

#define DIGEST_RECORDS_MAX 500
#define DIGEST_NONE (-1)

enum digest_state {
        DIGEST_UNKNOWN,  /* nobody has read yet where the last one ended */
        DIGEST_STARTING, /* there was none: from now on */
        DIGEST_ASLEEP,   /* until the hour */
        DIGEST_READING,
        DIGEST_READY,    /* to be sent */
        DIGEST_SENDING,
        DIGEST_NOTING,   /* `deliveries` hears of each record */
        DIGEST_KEEPING,
};

struct digest_item {
        int64_t offset;
        int32_t partition;
        struct uuid event_id;
};

/* Of one organisation. */
struct digest {
        const struct organisation *organisation;
        enum digest_state state;
        int64_t from;          /* the next offset to be told; DIGEST_NONE: what is stamped since @since */
        instant_t since, last; /* when this began; when the last one was made */
        struct bus_reader *reader;
        int64_t next;          /* the offset behind what was read */
        instant_t read_at;     /* what came later is for the next one; INSTANT_NEVER: it was full */
        struct digest_item items[DIGEST_RECORDS_MAX];
        size_t n, noted, pending; /* records; of these told to deliveries; that wait for the broker */
        bool failed;           /* one of those that waited */
        struct buffer text;    /* the items, as they are written */
        struct uuid id;        /* of the Message-ID */
        int64_t again_at;      /* monotonic: not sent before */
        bool to_operators;     /* its recipients have refused it */
        int attempts, status;
        bool refused;          /* by the operators' server, too */
};

struct digests_config {
        const struct connector_env *env;
        const struct message_style *style;
        int minutes;           /* of the local day */
        bool (*apart)(const void *ctx, const struct event_type *type); /* whether such a record is a mail by itself */
        const void *ctx;
};

struct digests { /* zeroed memory has none */
        struct digests_config c;
        struct digest *items;
        size_t n;
        struct kept kept;
};

/* "07:30" as minutes of the day; false: it is no time. */
bool digest_parse_hour(const char *text, int *ret_minutes);

/* The first instant behind @last at that time of a working day. @calendar: NULL: Monday to Friday. */
instant_t digest_due(const struct calendar *calendar, int minutes, instant_t last);

/* Return: 0 or -ENOMEM; digests_close() is due in any case, and has no effect on zeros and the second time. */
int digests_open(struct digests *all, const struct digests_config *config) MUSTCHECK;
void digests_close(struct digests *all);

/* Reads, notes and keeps what there is to, without waiting. Return: 0; negative errno with a sentence. */
int digests_turn(struct digests *all, struct error *err) MUSTCHECK;

/* One that is to be sent now, which is under way then, until digest_over() or digest_forget(); NULL: none is. */
struct digest *digests_take(struct digests *all);
struct message_digest digest_message(const struct digest *digest);
void digest_over(struct digests *all, struct digest *digest, const struct attempt *attempt);
void digest_forget(struct digest *digest); /* nobody knows what became of it: it is sent again */

/* What the broker says of what was kept or noted. */
void digest_settled(struct digest *digest, enum submitted outcome);
