/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * admission: outboxes in
 *
 * What an organisation writes to its outbox becomes an event on the topic of its type, when it may: the type is that of the schema which wrote it, the
 * source is the organisation of the outbox, and everything that can be checked without its case is in order. No header is taken at its word. What
 * only the case knows (a repetition, another's fact, a full case) is the worker's to say, so nothing is refused twice.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/name.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "connectors/connector.h"

struct admission {
        const struct event_types *types;
        const struct organisations *organisations;
        struct clock clock;
        char (*outboxes)[sizeof(TOPIC_OUTBOX_PREFIX) + NAME_MAX_BYTES]; /* of each organisation, in the order of organisations_at() */
};

static int admission_open(void *ctx, const struct connector_env *env, struct error *err) {
        struct admission *a = ctx;
        size_t n = organisations_count(env->organisations);

        a->types = env->types;
        a->organisations = env->organisations;
        a->clock = env->clock;
        a->outboxes = calloc(n + 1, sizeof(*a->outboxes));
        if (!a->outboxes) {
                error_set(err, "out of memory for the names of %zu outboxes", n);
                return -ENOMEM;
        }
        for (size_t i = 0; i < n; i++)
                (void) snprintf(a->outboxes[i], sizeof(a->outboxes[i]), TOPIC_OUTBOX_PREFIX "%s", organisations_at(a->organisations, i)->id);
        return 0;
}

static void admission_close(void *ctx) {
        struct admission *a = ctx;

        free(a->outboxes);
        a->outboxes = NULL;
}

static const char *admission_input(void *ctx, size_t i) {
        const struct admission *a = ctx;

        return i < organisations_count(a->organisations) ? a->outboxes[i] : NULL;
}

/* What a record says of itself where its body cannot be read: for who looks for it. */
static void admission_identify(const struct bus_record *record, struct verdict *ret) {
        const struct bus_header *id = bus_record_header(record, EVENT_HEADER_ID);

        if (!id || !id->value || !uuid_parse(id->value, id->n, &ret->event_id))
                ret->event_id = (struct uuid){0};
        if (!record->key || !uuid_parse(record->key, record->key_n, &ret->case_id))
                ret->case_id = (struct uuid){0};
}

static int admission_judge(void *ctx, struct bus_record *record, struct verdict *ret, struct error *err) {
        const struct admission *a = ctx;
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;
        int r;

        (void) err;
        ret->told = organisations_at(a->organisations, record->index);
        r = event_record_read(a->types, NULL, record, slots, &event, &ret->why);
        ret->waits = r == EVENT_RECORD_E_WAIT && event_record_schema_id(record, &ret->schema);
        if (r) {
                ret->stage = event_record_stage(r);
                ret->code = event_record_refusal(r);
                admission_identify(record, ret);
                return 0;
        }
        ret->event_id = slots[SLOT_EVENT_ID].u;
        ret->case_id = slots[SLOT_CASE_ID].u;
        ret->stage = "check";
        ret->code = event_check_from(&event, a->organisations, ret->told, clock_realtime(&a->clock), event_record_key(record), &ret->why);
        if (ret->code == REFUSAL_NONE)
                ret->topic = event.type->name;
        return 0;
}

static const struct connector_option admission_options[] = {{0}};

const struct connector_ops connector_admission = {
        .name = "admission",
        .summary = "events from outboxes: what organisations with a Kafka client of their own write, checked and passed on",
        .direction = CONNECTOR_THROUGH,
        .ctx_size = sizeof(struct admission),
        .options = admission_options,
        .open = admission_open,
        .close = admission_close,
        .input = admission_input,
        .judge = admission_judge,
};
