/* SPDX-License-Identifier: EUPL-1.2 */

/* Joins records into the trail of an id: keeps a step of each, and finds out at the end which of them are about it. */

#include "survey/trail.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "base/vector.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "engine/row.h"
#include "model/row_key.h"
#include "model/row_schema.h"

#define ID_ENDING "_id"

const char *const trail_kind_names[TRAIL_KINDS] = {
        [TRAIL_WRITTEN] = "written",
        [TRAIL_PUBLISHED] = "published", [TRAIL_FACT] = "fact",          [TRAIL_TOLD] = "told",
        [TRAIL_DELIVERY] = "delivery",   [TRAIL_LETTER] = "dead-letter", [TRAIL_SENT_AGAIN] = "sent-again",
};

/* In which role an organisation got a copy. */
struct trail_role {
        const char *organisation, *role;
        const struct trail_role *next;
};

/* What is known of one event. */
struct trail_event {
        struct uuid id;
        bool wanted;                 /* one of its records is about the id */
        const struct trail_step *fact;
        const struct trail_role *roles;
};

/* A posting, found by its place. */
struct trail_posting {
        struct trail_place { /* without holes: it is compared by its bytes */
                int64_t offset;
                int32_t partition;
                uint32_t organisation;
        } place;
        struct uuid case_id;
        struct posting posting;
};
_Static_assert(sizeof(struct trail_place) == 16, "a key without holes");

struct trail {
        struct trail_config config;
        struct arena *arena; /* everything that steps point to */
        struct fates *fates;
        struct row_codec *rows;
        bool *asks;
        int64_t *admitted; /* by organisation: to where its outbox was read */
        struct uuid cases[TRAIL_CASES_MAX];
        size_t cases_n;
        struct table events, postings;
        VECTOR(struct trail_step *) steps;
        VECTOR(struct trail_posting *) posted; /* in the order of time after joining */
        VECTOR(struct trail_reader) readers;
        VECTOR(const struct posting *) wanted; /* after joining */
        bool readers_known, joined;
};

/* -- Of what -- */

/* "measure", "measure-id" and "measure_id" are one: as the field is called. */
static bool trail_field_is(const char *field, const char *word) {
        size_t n = strlen(field) - strlen(ID_ENDING), k = 0;

        for (; k < n && word[k]; k++) {
                if (word[k] != field[k] && !(word[k] == '-' && field[k] == '_'))
                        return false;
        }
        return k == n && (!word[k] || strcmp(word + k, ID_ENDING) == 0 || strcmp(word + k, "-id") == 0);
}

static bool trail_field_is_id(const struct layout_field *field) {
        size_t n = strlen(field->name);

        return (field->type == LAYOUT_UUID || field->type == LAYOUT_UUID_FIXED) && n > strlen(ID_ENDING) &&
               strcmp(field->name + n - strlen(ID_ENDING), ID_ENDING) == 0;
}

const char *trail_field(const struct event_types *types, const char *word, struct nearest *nearest) {
        for (size_t i = 0; i < event_types_count(types); i++) {
                const struct layout *layout = event_types_at(types, i)->layout;

                for (size_t k = 0; k < layout->n; k++) {
                        if (!trail_field_is_id(&layout->fields[k]))
                                continue;
                        if (trail_field_is(layout->fields[k].name, word))
                                return layout->fields[k].name;
                        nearest_try(nearest, layout->fields[k].name);
                }
        }
        return NULL;
}

/* Fields by which one event speaks of another. */
static bool trail_field_names_event(const char *field) {
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
                if (strcmp(layout->fields[i].name, wanted->field) == 0 || (is_event && trail_field_names_event(layout->fields[i].name)))
                        return true;
        }
        uuid_format(&wanted->id, text);
        return instance >= 0 && event->slots[instance].kind == SLOT_STRING && text_is(event->slots[instance].s, text);
}

static bool trail_wants_case(const struct trail *t) {
        return strcmp(t->config.wanted.field, "case_id") == 0;
}

/* -- Made and ended -- */

int trail_new(const struct trail_config *config, struct trail **ret) {
        CLEANUP(trail_free_p) struct trail *t = calloc(1, sizeof(*t));
        size_t organisations = organisations_count(config->organisations);
        struct fates_config fates = {.types = config->types, .organisations = config->organisations, .bytes_max = TRAIL_BYTES_MAX};
        int r;

        assert(config->wanted.field);
        if (!t)
                return -ENOMEM;
        t->config = *config;
        t->asks = calloc(organisations + 1, sizeof(*t->asks));
        t->admitted = calloc(organisations + 1, sizeof(*t->admitted));
        if (!t->asks || !t->admitted)
                return -ENOMEM;
        memset(t->asks, true, organisations);
        fates.asks = t->asks;
        r = arena_new(&t->arena, TRAIL_BYTES_MAX);
        if (r == 0)
                r = fates_new(&fates, &t->fates);
        if (r == 0)
                r = row_codec_new(&t->rows);
        if (r)
                return r;
        *ret = TAKE(t);
        return 0;
}

struct trail *trail_free(struct trail *t) {
        if (!t)
                return NULL;
        table_done(&t->events);
        table_done(&t->postings);
        vector_done(&t->steps);
        vector_done(&t->posted);
        vector_done(&t->readers);
        vector_done(&t->wanted);
        fates_free(t->fates);
        row_codec_free(t->rows);
        arena_free(t->arena);
        free(t->asks);
        free(t->admitted);
        free(t);
        return NULL;
}

/* -- Cases -- */

static bool trail_has_case(const struct trail *t, const struct uuid *case_id) {
        for (size_t i = 0; i < t->cases_n; i++) {
                if (uuid_equal(&t->cases[i], case_id))
                        return true;
        }
        return false;
}

int trail_add_case(struct trail *t, const struct uuid *case_id) {
        if (trail_has_case(t, case_id))
                return 0;
        if (t->cases_n == TRAIL_CASES_MAX)
                return -E2BIG;
        t->cases[t->cases_n++] = *case_id;
        return 0;
}

size_t trail_cases(const struct trail *t, const struct uuid *ret[TRAIL_CASES_MAX]) {
        for (size_t i = 0; i < t->cases_n; i++)
                ret[i] = &t->cases[i];
        return t->cases_n;
}

/* By the key, which is cheap and leaves most records out. */
static bool trail_wants_record(const struct trail *t, const struct bus_record *record) {
        struct uuid key;

        return record->key && uuid_parse(record->key, record->key_n, &key) && trail_has_case(t, &key);
}

/* -- Steps -- */

/* A step of a record; NULL: out of memory or room. */
static int trail_step_new(struct trail *t, enum trail_kind kind, const struct bus_record *record, struct trail_step **ret) {
        struct trail_step *step;

        if (t->steps.n >= TRAIL_STEPS_MAX)
                return -E2BIG;
        step = arena_calloc(t->arena, 1, sizeof(*step));
        if (!step)
                return -ENOMEM;
        *step = (struct trail_step){.kind = kind, .at = record->timestamp, .partition = record->partition, .offset = record->offset};
        step->topic = arena_copy(t->arena, record->topic, strlen(record->topic));
        if (!step->topic || vector_push(&t->steps, step))
                return -ENOMEM;
        *ret = step;
        return 0;
}

static int trail_copy(struct trail *t, struct text from, const char **ret) {
        *ret = arena_copy(t->arena, from.s, from.n);
        return *ret ? 0 : -ENOMEM;
}

static struct trail_event *trail_find_event(const struct trail *t, const struct uuid *id) {
        return table_get(&t->events, id, sizeof(*id));
}

/* What is known of an event, made when nothing is. NULL: out of memory. */
static struct trail_event *trail_event_at(struct trail *t, const struct uuid *id) {
        struct trail_event *event = trail_find_event(t, id);

        if (event)
                return event;
        event = arena_calloc(t->arena, 1, sizeof(*event));
        if (!event)
                return NULL;
        event->id = *id;
        return table_put(&t->events, &event->id, sizeof(event->id), event) ? NULL : event;
}

/* Notes what an event says in its step, and whether it is about the id. */
static int trail_note(struct trail *t, const struct event *event, struct trail_step *step) {
        struct trail_event *known = trail_event_at(t, &event->slots[SLOT_EVENT_ID].u);

        if (!known)
                return -ENOMEM;
        known->wanted |= trail_wants_case(t) || trail_is_about(&t->config.wanted, event);
        step->type = event->type;
        step->event_id = event->slots[SLOT_EVENT_ID].u;
        step->case_id = event->slots[SLOT_CASE_ID].u;
        return 0;
}

static bool trail_decode(const struct trail *t, const struct event_type *expected, const struct bus_record *record, struct slot *slots, struct event *ret) {
        struct error err;

        return event_record_read(t->config.types, expected, record, slots, ret, &err) == 0;
}

/* A record that somebody wrote, of @expected (NULL: any). Return: 0; *ret: its step, NULL when it is none that is asked for; negative errno. */
static int trail_take_written(struct trail *t, enum trail_kind kind, const struct event_type *expected, struct bus_record *record, struct slot *slots,
                              struct trail_step **ret) {
        struct event event;
        int r;

        *ret = NULL;
        if (!trail_wants_record(t, record) || !trail_decode(t, expected, record, slots, &event))
                return 0;
        r = trail_step_new(t, kind, record, ret);
        if (r == 0)
                r = bus_record_headers(record);
        if (r == 0)
                r = trail_note(t, &event, *ret);
        if (r == 0)
                (*ret)->redriven = event_record_redriven(record);
        return r;
}

int trail_take_post(struct trail *t, const struct event_type *type, struct bus_record *record) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct trail_step *step;
        int r = trail_take_written(t, TRAIL_PUBLISHED, type, record, slots, &step);

        if (r || !step)
                return r;
        step->source = organisations_find(t->config.organisations, slots[SLOT_SOURCE].s);
        return fates_take_post(t->fates, type, record);
}

int trail_take_outbox(struct trail *t, const struct organisation *from, struct bus_record *record) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct trail_step *step;
        int r = trail_take_written(t, TRAIL_WRITTEN, NULL, record, slots, &step);

        if (r == 0 && step)
                step->source = from;
        return r;
}

void trail_take_admission(struct trail *t, const struct organisation *from, int64_t next) {
        int64_t *admitted = &t->admitted[from->index];

        *admitted = next > *admitted ? next : *admitted;
}

/* -- Inboxes -- */

static struct slot *trail_slot(const struct event *event, const char *field, enum slot_kind kind) {
        int slot = layout_slot(event->type->layout, field);

        return slot >= 0 && event->slots[slot].kind == kind ? &event->slots[slot] : NULL;
}

static int trail_copy_slot(struct trail *t, const struct event *event, const char *field, const char **ret) {
        const struct slot *slot = trail_slot(event, field, SLOT_STRING);

        return slot ? trail_copy(t, slot->s, ret) : 0;
}

/* The name of an enum's value: it is the schema's. */
static const char *trail_symbol(const struct event *event, const char *field) {
        const struct slot *slot = trail_slot(event, field, SLOT_INT);
        const struct layout_field *of = slot ? &event->type->layout->fields[layout_slot(event->type->layout, field)] : NULL;

        return of && of->type == LAYOUT_ENUM && slot->i >= 0 && (size_t)slot->i < of->n_symbols ? of->symbols[slot->i] : NULL;
}

/* What ketenwacht itself says: of a norm, or of a refusal. */
static int trail_note_output(struct trail *t, const struct event *event, struct trail_step *step, struct posting *posting) {
        const struct slot *slot;
        int r = trail_copy_slot(t, event, "protocol", &posting->protocol);

        if (r == 0)
                r = trail_copy_slot(t, event, "norm", &posting->norm);
        if (r == 0)
                r = trail_copy_slot(t, event, "instance", &posting->instance);
        if (r == 0)
                r = trail_copy_slot(t, event, "role", &step->role);
        if (r == 0)
                r = trail_copy_slot(t, event, "code", &step->code);
        if (r == 0 && event->type->known == TYPE_EVENT_REFUSED)
                r = trail_copy_slot(t, event, "text", &step->text);
        if ((slot = trail_slot(event, "due_date", SLOT_INT)))
                posting->due_date = (day_t)slot->i;
        if ((slot = trail_slot(event, "alert_id", SLOT_UUID)))
                posting->alert_id = slot->u;
        if ((slot = trail_slot(event, "refused", SLOT_UUID)))
                step->refused = slot->u;
        if ((slot = trail_slot(event, "rung", SLOT_INT)))
                step->rung = slot->i;
        step->word = trail_symbol(event, "stage");
        if (!step->word)
                step->word = trail_symbol(event, "reason");
        return r;
}

static int trail_post(struct trail *t, const struct organisation *to, const struct event *event, struct trail_step *step) {
        struct trail_posting *p = arena_calloc(t->arena, 1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        p->place = (struct trail_place){.offset = step->offset, .partition = step->partition, .organisation = to->index};
        p->case_id = step->case_id;
        p->posting = (struct posting){.organisation = to->id, .type = event->type, .event_id = step->event_id, .at = step->at};
        step->posting = &p->posting;
        step->receiver = to;
        if (table_put(&t->postings, &p->place, sizeof(p->place), p) || vector_push(&t->posted, p))
                return -ENOMEM;
        return event->type->output ? trail_note_output(t, event, step, &p->posting) : 0;
}

int trail_take_inbox(struct trail *t, const struct organisation *to, struct bus_record *record) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct trail_step *step;
        struct event event;
        int r;

        if (!trail_wants_record(t, record) || !trail_decode(t, NULL, record, slots, &event))
                return 0;
        r = trail_step_new(t, TRAIL_TOLD, record, &step);
        if (r == 0)
                r = trail_note(t, &event, step);
        if (r == 0)
                r = trail_post(t, to, &event, step);
        return r ? r : fates_take_inbox(t->fates, to, record);
}

/* -- Facts, and to whom they were copied -- */

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

static int trail_note_role(struct trail *t, struct trail_event *event, struct text organisation, struct text role) {
        struct trail_role *known = arena_calloc(t->arena, 1, sizeof(*known));
        int r = known ? trail_copy(t, organisation, &known->organisation) : -ENOMEM;

        if (r == 0)
                r = trail_copy(t, role, &known->role);
        if (r)
                return r;
        known->next = event->roles;
        event->roles = known;
        return 0;
}

/* A copy that was told later than its fact was accepted. */
static int trail_take_copy(struct trail *t, const struct bus_record *record) {
        struct trail_event *event;
        struct telling copy;
        struct error err;

        if (!record->value || row_read(t->rows, ROW_COPY, record->value, record->value_n, &copy, &err))
                return 0;
        event = trail_event_at(t, &copy.event_id);
        return event ? trail_note_role(t, event, copy.organisation, copy.role) : -ENOMEM;
}

static int trail_take_fact(struct trail *t, const struct bus_record *record, const struct event *event, struct text copies) {
        struct text organisation, role;
        struct trail_event *known;
        struct trail_step *step;
        int r = trail_step_new(t, TRAIL_FACT, record, &step);

        if (r == 0)
                r = trail_note(t, event, step);
        if (r)
                return r;
        known = trail_find_event(t, &step->event_id);
        if (!known->fact)
                known->fact = step;
        while (r == 0 && row_copies_next(&copies, &organisation, &role))
                r = trail_note_role(t, known, organisation, role);
        return r;
}

int trail_take_row(struct trail *t, const struct bus_record *record) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct text copies;
        struct event event;
        struct row_key key;

        if (row_key_read(record->key, record->key_n, &key) || !trail_has_case(t, &key.case_id))
                return 0;
        if (key.kind == ROW_COPY)
                return trail_take_copy(t, record);
        return trail_read_fact(t->config.types, record, slots, &event, &copies) ? trail_take_fact(t, record, &event, copies) : 0;
}

/* -- Dead letters -- */

/* By its bytes; where they cannot be read, by its key and the header of its event. What is of another case is never of this one. */
static bool trail_wants_letter(const struct trail *t, const struct letter *letter) {
        bool is_event = letter->has_event_id && strcmp(t->config.wanted.field, "event_id") == 0 && uuid_equal(&letter->event_id, &t->config.wanted.id);
        const struct uuid *case_id = letter->has_case_id ? &letter->case_id : NULL;
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;

        if (trail_decode(t, NULL, letter->record, slots, &event)) {
                is_event |= !trail_wants_case(t) && trail_is_about(&t->config.wanted, &event);
                case_id = &slots[SLOT_CASE_ID].u;
        }
        if (is_event)
                return true;
        if (case_id && !trail_has_case(t, case_id))
                return false;
        return (case_id && trail_wants_case(t)) || (letter->has_event_id && trail_find_event(t, &letter->event_id));
}

static int trail_letter_step(struct trail *t, const struct letter *letter, enum trail_kind kind) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct trail_step *step;
        struct event event;
        int r = trail_step_new(t, kind, letter->record, &step);

        if (r)
                return r;
        if (kind == TRAIL_SENT_AGAIN)
                step->at = letter->sent_at;
        if (letter->has_event_id)
                step->event_id = letter->event_id;
        if (letter->has_case_id)
                step->case_id = letter->case_id;
        if (trail_decode(t, NULL, letter->record, slots, &event))
                r = trail_note(t, &event, step);
        if (r || !letter->good)
                return r;
        r = trail_copy(t, text_of(letter->read.code), &step->code);
        if (r == 0)
                r = trail_copy(t, text_of(letter->read.stage), &step->stage);
        return r ? r : trail_copy(t, text_of(letter->read.error), &step->text);
}

int trail_take_letter(struct trail *t, const struct letter *letter) {
        int r;

        if (!trail_wants_letter(t, letter))
                return 0;
        r = trail_letter_step(t, letter, TRAIL_LETTER);
        if (r == 0 && letter->sent_at)
                r = trail_letter_step(t, letter, TRAIL_SENT_AGAIN);
        return r ? r : fates_take_letter(t->fates, letter->record);
}

/* -- Deliveries -- */

instant_t trail_deliveries_since(const struct trail *t) {
        instant_t since = INSTANT_NEVER;

        for (size_t i = 0; i < t->posted.n; i++) {
                if (t->posted.items[i]->posting.at < since)
                        since = t->posted.items[i]->posting.at;
        }
        return since;
}

/* A resumption stands in deliveries as a refusal without an answer, and what is sent again as parked without a try. */
static enum posting_state trail_delivery_state(const struct delivery_record *delivery) {
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

/* The latest of each reader stays. */
static void posting_note(struct posting *posting, const struct posting_outcome *outcome) {
        size_t i = 0;

        while (i < posting->n && (!posting->outcomes[i].by || strcmp(posting->outcomes[i].by, outcome->by) != 0))
                i++;
        if (i == POSTING_OUTCOMES_MAX || (i < posting->n && posting->outcomes[i].at > outcome->at))
                return;
        if (i == posting->n)
                posting->n++;
        posting->outcomes[i] = *outcome;
}

int trail_take_delivery(struct trail *t, const struct delivery_record *delivery) {
        const struct organisation *to = organisations_find(t->config.organisations, delivery->organisation);
        char topic[BUS_NAME_MAX + 1];
        struct bus_record inbox = {.topic = topic, .partition = (int32_t)delivery->partition, .offset = delivery->offset, .timestamp = delivery->delivered_at};
        struct trail_posting *p = NULL;
        struct trail_step *step;
        int r;

        if (to) {
                struct trail_place place = {.offset = delivery->offset, .partition = (int32_t)delivery->partition, .organisation = to->index};

                p = table_get(&t->postings, &place, sizeof(place));
        }
        if (!p || !uuid_equal(&p->posting.event_id, &delivery->event_id))
                return 0;
        (void) snprintf(topic, sizeof(topic), TOPIC_INBOX_PREFIX "%s", to->id);
        r = trail_step_new(t, TRAIL_DELIVERY, &inbox, &step);
        if (r)
                return r;
        step->type = p->posting.type;
        step->event_id = delivery->event_id;
        step->case_id = p->case_id;
        step->receiver = to;
        step->outcome = (struct posting_outcome){trail_delivery_state(delivery), NULL, delivery->delivered_at, delivery->status, delivery->attempts};
        r = trail_copy(t, delivery->connector, &step->outcome.by);
        if (r == 0)
                posting_note(&p->posting, &step->outcome);
        return r;
}

/* -- Readers -- */

bool trail_has_inbox(const struct trail *t, const struct organisation *inbox) {
        for (size_t i = 0; i < t->posted.n; i++) {
                if (t->posted.items[i]->place.organisation == inbox->index)
                        return true;
        }
        return false;
}

int trail_take_reader(struct trail *t, const struct trail_reader *reader) {
        struct trail_reader kept = *reader;

        kept.by = arena_copy(t->arena, reader->by, strlen(reader->by));
        return kept.by ? vector_push(&t->readers, kept) : -ENOMEM;
}

void trail_know_readers(struct trail *t) {
        t->readers_known = true;
}

static bool posting_has(const struct posting *posting, const char *by) {
        for (size_t i = 0; i < posting->n; i++) {
                if (posting->outcomes[i].by && strcmp(posting->outcomes[i].by, by) == 0)
                        return true;
        }
        return false;
}

/* What follows for one posting from how far its readers are. A connector tells itself what it is done with. */
static void trail_judge_posting(const struct trail *t, struct trail_posting *p) {
        struct posting *posting = &p->posting;
        bool read = posting->n > 0;

        for (size_t i = 0; i < t->readers.n; i++) {
                const struct trail_reader *reader = &t->readers.items[i];
                bool done = reader->next > p->place.offset;

                if (reader->inbox->index != p->place.organisation || reader->partition != p->place.partition)
                        continue;
                read = true;
                if (!posting_has(posting, reader->by) && !(reader->is_connector && done))
                        posting_note(posting, &(struct posting_outcome){.state = done ? POSTING_COLLECTED : POSTING_WAITS, .by = reader->by,
                                                                        .at = done ? 0 : posting->at, .cause = done ? POSTING_FLOWS : reader->cause});
        }
        if (!read && t->readers_known)
                posting->outcomes[posting->n++] = (struct posting_outcome){.state = POSTING_UNREAD, .at = posting->at};
}

/* -- Joining -- */

/* The state of each post, from that of all posts of its event. */
static void trail_judge_post(const struct trail *t, const struct fates_progress *progress, struct trail_step *step) {
        const struct trail_event *event = trail_find_event(t, &step->event_id);
        struct fate_judged judged[FATE_PLACES_MAX];
        size_t n = step->source ? fates_judge(t->fates, step->source, &step->event_id, progress, judged) : 0;
        bool fact = event->fact != NULL; /* case-state has it, whatever the workers' offsets are, and the first post that was not refused became it */

        for (size_t i = 0; i < n; i++) {
                if (judged[i].state == FATE_FACT)
                        fact = false;
        }
        for (size_t i = 0; i < n; i++) {
                const struct fate_judged *j = &judged[i];
                bool first = fact && j->state == FATE_WAITING;

                if (first)
                        fact = false;
                if (j->type != step->type || j->partition != step->partition || j->offset != step->offset)
                        continue;
                step->judged = true;
                step->state = first ? FATE_FACT : j->state;
                step->code = j->code;
                step->text = j->text;
        }
}

/* In which role a copy was told; what ketenwacht itself says names it. */
static void trail_judge_role(const struct trail *t, struct trail_step *step) {
        for (const struct trail_role *role = trail_find_event(t, &step->event_id)->roles; role && !step->role; role = role->next) {
                if (strcmp(role->organisation, step->receiver->id) == 0 && role->role[0])
                        step->role = role->role;
        }
}

/* Whether it is of an event that is about the id, or says that one was refused. */
static bool trail_wants_step(const struct trail *t, const struct trail_step *step) {
        const struct uuid none = {{0}};
        const struct trail_event *event = trail_find_event(t, &step->event_id);
        const struct trail_event *refused = uuid_equal(&step->refused, &none) ? NULL : trail_find_event(t, &step->refused);

        if (trail_wants_case(t) || (event && event->wanted) || (refused && refused->wanted))
                return true;
        return strcmp(t->config.wanted.field, "event_id") == 0 && uuid_equal(&step->event_id, &t->config.wanted.id);
}

/* What follows from what, of one instant. What is sent again stands in deliveries too, as what follows from that. */
static int trail_rank(const struct trail_step *step) {
        bool again = step->kind == TRAIL_DELIVERY && step->outcome.state == POSTING_AGAIN;

        return again ? TRAIL_KINDS : (int)step->kind;
}

static int trail_compare_steps(const void *a, const void *b) {
        const struct trail_step *x = *(struct trail_step *const *)a, *y = *(struct trail_step *const *)b;
        int topic;

        if (x->at != y->at)
                return x->at < y->at ? -1 : 1;
        if (trail_rank(x) != trail_rank(y))
                return trail_rank(x) - trail_rank(y);
        topic = strcmp(x->topic, y->topic);
        if (topic)
                return topic;
        if (x->partition != y->partition)
                return x->partition < y->partition ? -1 : 1;
        return x->offset < y->offset ? -1 : x->offset > y->offset;
}

int trail_join(struct trail *t, const struct fates_progress *progress) {
        size_t n = 0;

        assert(!t->joined);
        t->joined = true;
        for (size_t i = 0; i < t->posted.n; i++)
                trail_judge_posting(t, t->posted.items[i]);
        for (size_t i = 0; i < t->steps.n; i++) {
                struct trail_step *step = t->steps.items[i];

                if (!trail_wants_step(t, step))
                        continue;
                if (step->kind == TRAIL_WRITTEN) {
                        step->judged = t->readers_known;
                        step->admitted = t->admitted[step->source->index] > step->offset;
                }
                if (step->kind == TRAIL_PUBLISHED)
                        trail_judge_post(t, progress, step);
                if (step->kind == TRAIL_TOLD)
                        trail_judge_role(t, step);
                t->steps.items[n++] = step;
        }
        t->steps.n = n;
        if (n > 0)
                qsort(t->steps.items, n, sizeof(*t->steps.items), trail_compare_steps);
        for (size_t i = 0; i < n; i++) {
                if (t->steps.items[i]->kind == TRAIL_TOLD && vector_push(&t->wanted, t->steps.items[i]->posting))
                        return -ENOMEM;
        }
        return 0;
}

const struct trail_step *const *trail_steps(const struct trail *t, size_t *ret_n) {
        assert(t->joined);
        *ret_n = t->steps.n;
        return (const struct trail_step *const *)t->steps.items;
}

struct postings trail_postings(const struct trail *t) {
        assert(t->joined);
        return (struct postings){.items = t->wanted.items, .n = t->wanted.n};
}
