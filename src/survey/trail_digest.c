/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads records to what a trail tells of them. */

#include "survey/trail_digest.h"

#include <errno.h>
#include <string.h>

#include "cluster/event_record.h"
#include "cluster/event_refused.h"
#include "engine/row.h"
#include "model/row_schema.h"

/* -- Events -- */

/* Fields by which one event speaks of another. */
static bool digest_names_event(const char *field) {
        static const char *const names[] = {"replaces", "withdrawn", "refused"};

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                if (strcmp(field, names[i]) == 0)
                        return true;
        }
        return false;
}

bool trail_is_about(const struct trail_wanted *wanted, const struct event *event) {
        const struct layout *layout = event->type->layout;
        int instance = event->type->fields[FIELD_INSTANCE];
        bool is_event = strcmp(wanted->field, layout->fields[SLOT_EVENT_ID].name) == 0;
        char text[UUID_TEXT + 1];

        for (size_t i = 0; i < layout->n; i++) {
                if (event->slots[i].kind != SLOT_UUID || !uuid_equal(&event->slots[i].u, &wanted->id))
                        continue;
                if (strcmp(layout->fields[i].name, wanted->field) == 0 || (is_event && digest_names_event(layout->fields[i].name)))
                        return true;
        }
        uuid_format(&wanted->id, text);
        return instance >= 0 && event->slots[instance].kind == SLOT_STRING && text_is(event->slots[instance].s, text);
}

static bool digest_read(const struct trail_digester *d, const struct event_type *expected, const struct bus_record *record, struct slot *slots,
                        struct event *ret) {
        struct error err;

        return event_record_read(d->types, expected, record, slots, ret, &err) == 0;
}

/* What every event says. */
static void digest_event(const struct trail_digester *d, const struct event *event, struct trail_digest *ret) {
        ret->type = event->type;
        ret->event_id = event->slots[SLOT_EVENT_ID].u;
        ret->case_id = event->slots[SLOT_CASE_ID].u;
        ret->about = d->wanted && trail_is_about(d->wanted, event);
}

/* Where a record stands. */
static struct trail_digest digest_of(enum trail_digest_kind kind, const struct bus_record *record) {
        return (struct trail_digest){.kind = kind, .at = record->timestamp, .partition = record->partition, .offset = record->offset};
}

/* A record that somebody wrote, of @expected (NULL: any). @slots: LAYOUT_SLOTS_MAX. */
static int digest_written(const struct trail_digester *d, enum trail_digest_kind kind, const struct event_type *expected, struct bus_record *record,
                          struct slot *slots, struct trail_digest *ret) {
        struct event event;

        if (!digest_read(d, expected, record, slots, &event))
                return 0;
        *ret = digest_of(kind, record);
        digest_event(d, &event, ret);
        if (bus_record_headers(record))
                return -ENOMEM;
        ret->redriven = event_record_redriven(record);
        return 1;
}

int trail_digest_post(const struct trail_digester *d, const struct event_type *type, struct bus_record *record, struct trail_digest *ret) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        int r = digest_written(d, TRAIL_DIGEST_POST, type, record, slots, ret);

        if (r == 1)
                ret->organisation = organisations_find(d->organisations, slots[SLOT_SOURCE].s);
        return r;
}

int trail_digest_outbox(const struct trail_digester *d, const struct organisation *from, struct bus_record *record, struct trail_digest *ret) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        int r = digest_written(d, TRAIL_DIGEST_OUTBOX, NULL, record, slots, ret);

        if (r == 1)
                ret->organisation = from;
        return r;
}

/* -- Inboxes -- */

/* The name of an enum's value: it is the schema's. */
static const char *digest_symbol(const struct event *event, const char *field) {
        const struct slot *slot = event_slot(event, field, SLOT_INT);
        const struct layout_field *of = slot ? &event->type->layout->fields[layout_slot(event->type->layout, field)] : NULL;

        return of && of->type == LAYOUT_ENUM && slot->i >= 0 && (size_t)slot->i < of->n_symbols ? of->symbols[slot->i] : NULL;
}

/* What ketenwacht itself says: of a norm, or of a refusal. */
static void digest_output(const struct event *event, struct trail_digest *ret) {
        const struct slot *slot;

        ret->protocol = event_text(event, "protocol");
        ret->norm = event_text(event, "norm");
        ret->instance = event_text(event, "instance");
        ret->role = event_text(event, "role");
        ret->code = event_text(event, "code");
        if (event->type->known == TYPE_EVENT_REFUSED)
                ret->text = event_text(event, "text");
        if ((slot = event_slot(event, "due_date", SLOT_INT)))
                ret->due_date = (day_t)slot->i;
        if ((slot = event_slot(event, "alert_id", SLOT_UUID)))
                ret->alert_id = slot->u;
        if ((slot = event_slot(event, "refused", SLOT_UUID)))
                ret->refused = slot->u;
        if ((slot = event_slot(event, "rung", SLOT_INT)))
                ret->rung = slot->i;
        ret->word = digest_symbol(event, "stage");
        if (!ret->word)
                ret->word = digest_symbol(event, "reason");
}

int trail_digest_inbox(const struct trail_digester *d, const struct organisation *to, struct bus_record *record, struct trail_digest *ret) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;

        if (!digest_read(d, NULL, record, slots, &event))
                return 0;
        *ret = digest_of(TRAIL_DIGEST_INBOX, record);
        digest_event(d, &event, ret);
        ret->organisation = to;
        if (event.type->output)
                digest_output(&event, ret);
        return 1;
}

/* -- Rows of case-state -- */

bool trail_read_fact(const struct event_types *types, const struct bus_record *record, struct slot *slots, struct event *ret, struct text *ret_copies) {
        struct slot row[LAYOUT_SLOTS_MAX];
        const struct program *program;
        struct framing framing;
        struct row_key key;

        if (row_key_read(record->key, record->key_n, &key) || key.kind != ROW_FACT || !record->value)
                return false;
        framing = framing_read(record->value, record->value_n);
        if (framing.kind != FRAMING_SINGLE || !event_types_row_decoder(types, framing.id, &ret->type, &program) ||
            record_decode(program, framing.body, framing.n, row, NULL))
                return false;
        memcpy(slots + ROW_SKIPPED, row, (ret->type->layout->n - ROW_SKIPPED) * sizeof(*slots));
        slots[SLOT_EVENT_ID] = (struct slot){.kind = SLOT_UUID, .u = key.id};
        slots[SLOT_CASE_ID] = (struct slot){.kind = SLOT_UUID, .u = key.case_id};
        ret->slots = slots;
        if (ret_copies)
                *ret_copies = row[row_copies_slot(ret->type)].kind == SLOT_STRING ? row[row_copies_slot(ret->type)].s : (struct text){0};
        return true;
}

/* A copy that was told later than its fact was accepted. */
static int digest_copy(const struct trail_digester *d, const struct bus_record *record, const struct row_key *key, struct trail_digest *ret) {
        struct telling copy;
        struct error err;

        if (!record->value || row_read(d->rows, ROW_COPY, record->value, record->value_n, &copy, &err))
                return 0;
        *ret = digest_of(TRAIL_DIGEST_COPY, record);
        ret->case_id = key->case_id;
        ret->event_id = copy.event_id;
        ret->organisation = organisations_find(d->organisations, copy.organisation);
        ret->role = copy.role;
        return 1;
}

int trail_digest_row(const struct trail_digester *d, const struct bus_record *record, struct trail_digest *ret) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct text copies;
        struct event event;
        struct row_key key;

        if (row_key_read(record->key, record->key_n, &key))
                return 0;
        if (key.kind == ROW_COPY)
                return digest_copy(d, record, &key, ret);
        if (!trail_read_fact(d->types, record, slots, &event, &copies))
                return 0;
        *ret = digest_of(TRAIL_DIGEST_FACT, record);
        digest_event(d, &event, ret);
        ret->copies = copies;
        return 1;
}

/* -- Dead letters and deliveries -- */

int trail_digest_letter(const struct trail_digester *d, const struct letter *letter, struct trail_digest *ret) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;

        *ret = digest_of(TRAIL_DIGEST_LETTER, letter->record);
        ret->sent_at = letter->sent_at;
        if (letter->has_event_id)
                ret->event_id = ret->header_id = letter->event_id;
        if (letter->has_case_id)
                ret->case_id = letter->case_id;
        if (digest_read(d, NULL, letter->record, slots, &event))
                digest_event(d, &event, ret);
        if (!letter->good)
                return 1;
        ret->code = text_of(letter->read.code);
        ret->stage = text_of(letter->read.stage);
        ret->text = text_of(letter->read.error);
        if (letter->has_event_id && event_types_find(d->types, text_of(letter->read.topic)))
                ret->answers = event_refused_id(letter->read.topic, letter->read.partition, letter->read.offset, &letter->event_id);
        return 1;
}

/* A resumption stands in deliveries as a refusal without an answer, and what is sent again as parked without a try. */
static enum posting_state digest_delivery_state(const struct delivery_record *delivery) {
        size_t again = strlen(DELIVERY_AGAIN);

        switch (delivery->outcome) {
        case DELIVERY_DELIVERED:
                return POSTING_DELIVERED;
        case DELIVERY_REFUSED:
                return delivery->status ? POSTING_REFUSED : POSTING_AGAIN;
        case DELIVERY_PARKED:
                if (delivery->attempts == 0 && delivery->reason.n >= again && memcmp(delivery->reason.s, DELIVERY_AGAIN, again) == 0)
                        return POSTING_AGAIN;
                return POSTING_PARKED;
        }
        return POSTING_PARKED;
}

int trail_digest_delivery(const struct trail_digester *d, const struct delivery_record *delivery, struct trail_digest *ret) {
        *ret = (struct trail_digest){.kind = TRAIL_DIGEST_DELIVERY, .at = delivery->delivered_at, .partition = (int32_t)delivery->partition,
                                     .offset = delivery->offset, .event_id = delivery->event_id, .connector = delivery->connector,
                                     .state = digest_delivery_state(delivery), .status = delivery->status, .attempts = delivery->attempts};
        ret->organisation = organisations_find(d->organisations, delivery->organisation);
        return ret->organisation != NULL;
}
