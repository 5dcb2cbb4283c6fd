/* SPDX-License-Identifier: EUPL-1.2 */

/* Joins records into the trail of an id: keeps a step of each, and finds out at the end which of them are about it. */

#include "survey/trail.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "base/vector.h"
#include "cluster/topics.h"
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
        struct row_codec *rows; /* made for the first row */
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

static const char *trail_topic(const struct trail_digest *d, enum trail_kind kind, char ret[BUS_NAME_MAX + 1]) {
        switch (kind) {
        case TRAIL_WRITTEN:
                (void) snprintf(ret, BUS_NAME_MAX + 1, TOPIC_OUTBOX_PREFIX "%s", d->organisation->id);
                return ret;
        case TRAIL_PUBLISHED:
                return d->type->name;
        case TRAIL_FACT:
                return TOPIC_CASE_STATE;
        case TRAIL_TOLD:
        case TRAIL_DELIVERY:
                (void) snprintf(ret, BUS_NAME_MAX + 1, TOPIC_INBOX_PREFIX "%s", d->organisation->id);
                return ret;
        case TRAIL_LETTER:
        case TRAIL_SENT_AGAIN:
        case TRAIL_KINDS:
                break;
        }
        return TOPIC_DEAD_LETTERS;
}

/* A step of what a record says. Return: 0; -E2BIG, -ENOMEM. */
static int trail_step_new(struct trail *t, enum trail_kind kind, const struct trail_digest *d, struct trail_step **ret) {
        char topic[BUS_NAME_MAX + 1];
        struct trail_step *step;
        const char *name;

        if (t->steps.n >= TRAIL_STEPS_MAX)
                return -E2BIG;
        step = arena_calloc(t->arena, 1, sizeof(*step));
        if (!step)
                return -ENOMEM;
        *step = (struct trail_step){.kind = kind, .at = d->at, .partition = d->partition, .offset = d->offset, .type = d->type, .event_id = d->event_id,
                                    .case_id = d->case_id, .redriven = d->redriven};
        name = trail_topic(d, kind, topic);
        step->topic = arena_copy(t->arena, name, strlen(name));
        if (!step->topic || vector_push(&t->steps, step))
                return -ENOMEM;
        *ret = step;
        return 0;
}

/* Empty: NULL. */
static int trail_copy(struct trail *t, struct text from, const char **ret) {
        if (!from.s)
                return 0;
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

/* Notes whether what an event says is about the id. */
static int trail_note(struct trail *t, const struct trail_digest *d) {
        struct trail_event *known = trail_event_at(t, &d->event_id);

        if (!known)
                return -ENOMEM;
        known->wanted |= trail_wants_case(t) || d->about;
        return 0;
}

static int trail_take_post_digest(struct trail *t, const struct trail_digest *d) {
        struct trail_step *step;
        int r = trail_step_new(t, TRAIL_PUBLISHED, d, &step);

        if (r == 0)
                r = trail_note(t, d);
        if (r)
                return r;
        step->source = d->organisation;
        return step->source ? fates_note_post(t->fates, &(struct fate_noted_post){step->source, d->type, d->event_id, d->case_id, d->partition, d->offset,
                                                                                  d->at})
                            : 0;
}

static int trail_take_outbox_digest(struct trail *t, const struct trail_digest *d) {
        struct trail_step *step;
        int r = trail_step_new(t, TRAIL_WRITTEN, d, &step);

        if (r)
                return r;
        step->source = d->organisation;
        return trail_note(t, d);
}

void trail_take_admission(struct trail *t, const struct organisation *from, int64_t next) {
        int64_t *admitted = &t->admitted[from->index];

        *admitted = next > *admitted ? next : *admitted;
}

/* -- Inboxes -- */

/* What ketenwacht itself says: of a norm, or of a refusal. */
static int trail_note_output(struct trail *t, const struct trail_digest *d, struct trail_step *step, struct posting *posting) {
        int r = trail_copy(t, d->protocol, &posting->protocol);

        if (r == 0)
                r = trail_copy(t, d->norm, &posting->norm);
        if (r == 0)
                r = trail_copy(t, d->instance, &posting->instance);
        if (r == 0)
                r = trail_copy(t, d->role, &step->role);
        if (r == 0)
                r = trail_copy(t, d->code, &step->code);
        if (r == 0)
                r = trail_copy(t, d->text, &step->text);
        posting->due_date = d->due_date;
        posting->alert_id = d->alert_id;
        step->refused = d->refused;
        step->rung = d->rung;
        step->word = d->word;
        return r;
}

static int trail_post(struct trail *t, const struct trail_digest *d, struct trail_step *step) {
        struct trail_posting *p = arena_calloc(t->arena, 1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        p->place = (struct trail_place){.offset = d->offset, .partition = d->partition, .organisation = d->organisation->index};
        p->case_id = d->case_id;
        p->posting = (struct posting){.organisation = d->organisation->id, .type = d->type, .event_id = d->event_id, .at = d->at};
        step->posting = &p->posting;
        step->receiver = d->organisation;
        if (table_put(&t->postings, &p->place, sizeof(p->place), p) || vector_push(&t->posted, p))
                return -ENOMEM;
        return d->type->output ? trail_note_output(t, d, step, &p->posting) : 0;
}

static int trail_take_inbox_digest(struct trail *t, const struct trail_digest *d) {
        struct trail_step *step;
        int r = trail_step_new(t, TRAIL_TOLD, d, &step);

        if (r == 0)
                r = trail_note(t, d);
        if (r == 0)
                r = trail_post(t, d, step);
        if (r || d->type->known != TYPE_EVENT_REFUSED)
                return r;
        return fates_note_answer(t->fates, &(struct fate_noted_answer){d->event_id, d->refused, d->at, true, d->code, d->text});
}

/* -- Facts, and to whom they were copied -- */

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

static int trail_take_fact(struct trail *t, const struct trail_digest *d) {
        struct text copies = d->copies, organisation, role;
        struct trail_event *known;
        struct trail_step *step;
        int r = trail_step_new(t, TRAIL_FACT, d, &step);

        if (r == 0)
                r = trail_note(t, d);
        if (r)
                return r;
        known = trail_find_event(t, &step->event_id);
        if (!known->fact)
                known->fact = step;
        while (r == 0 && row_copies_next(&copies, &organisation, &role))
                r = trail_note_role(t, known, organisation, role);
        return r;
}

static int trail_take_copy(struct trail *t, const struct trail_digest *d) {
        struct trail_event *event = d->organisation ? trail_event_at(t, &d->event_id) : NULL;

        if (!d->organisation)
                return 0; /* configured no more: it has no inbox */
        return event ? trail_note_role(t, event, text_of(d->organisation->id), d->role) : -ENOMEM;
}

/* -- Dead letters -- */

/* By its bytes; where they cannot be read, by its key and the header of its event. What is of another case is never of this one. */
static bool trail_wants_letter(const struct trail *t, const struct trail_digest *d) {
        const struct uuid none = {{0}};
        bool has_case = !uuid_equal(&d->case_id, &none);

        if (d->about || (strcmp(t->config.wanted.field, "event_id") == 0 && uuid_equal(&d->header_id, &t->config.wanted.id)))
                return true;
        if (has_case && !trail_has_case(t, &d->case_id))
                return false;
        return (has_case && trail_wants_case(t)) || (!uuid_equal(&d->header_id, &none) && trail_find_event(t, &d->header_id));
}

static int trail_letter_step(struct trail *t, const struct trail_digest *d, enum trail_kind kind) {
        struct trail_step *step;
        int r = trail_step_new(t, kind, d, &step);

        if (r)
                return r;
        if (kind == TRAIL_SENT_AGAIN)
                step->at = d->sent_at;
        if (d->type)
                r = trail_note(t, d);
        if (r == 0)
                r = trail_copy(t, d->code, &step->code);
        if (r == 0)
                r = trail_copy(t, d->stage, &step->stage);
        return r ? r : trail_copy(t, d->text, &step->text);
}

static int trail_take_letter_digest(struct trail *t, const struct trail_digest *d) {
        const struct uuid none = {{0}};
        int r;

        if (!trail_wants_letter(t, d))
                return 0;
        r = trail_letter_step(t, d, TRAIL_LETTER);
        if (r == 0 && d->sent_at)
                r = trail_letter_step(t, d, TRAIL_SENT_AGAIN);
        if (r || uuid_equal(&d->answers, &none))
                return r;
        return fates_note_answer(t->fates, &(struct fate_noted_answer){d->answers, d->header_id, d->at, false, d->code, d->text});
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

static int trail_take_delivery_digest(struct trail *t, const struct trail_digest *d) {
        const struct trail_place place = {.offset = d->offset, .partition = d->partition, .organisation = d->organisation->index};
        struct trail_posting *p = table_get(&t->postings, &place, sizeof(place));
        struct trail_step *step;
        int r;

        if (!p || !uuid_equal(&p->posting.event_id, &d->event_id))
                return 0;
        r = trail_step_new(t, TRAIL_DELIVERY, d, &step);
        if (r)
                return r;
        step->type = p->posting.type;
        step->case_id = p->case_id;
        step->receiver = d->organisation;
        step->outcome = (struct posting_outcome){d->state, NULL, d->at, d->status, d->attempts, POSTING_FLOWS};
        r = trail_copy(t, d->connector, &step->outcome.by);
        if (r == 0)
                posting_note(&p->posting, &step->outcome);
        return r;
}

/* -- Taking in -- */

int trail_take(struct trail *t, const struct trail_digest *d) {
        switch (d->kind) {
        case TRAIL_DIGEST_OUTBOX:
                return trail_take_outbox_digest(t, d);
        case TRAIL_DIGEST_POST:
                return trail_take_post_digest(t, d);
        case TRAIL_DIGEST_FACT:
                return trail_take_fact(t, d);
        case TRAIL_DIGEST_COPY:
                return trail_take_copy(t, d);
        case TRAIL_DIGEST_INBOX:
                return trail_take_inbox_digest(t, d);
        case TRAIL_DIGEST_LETTER:
                return trail_take_letter_digest(t, d);
        case TRAIL_DIGEST_DELIVERY:
                return trail_take_delivery_digest(t, d);
        case TRAIL_DIGEST_KINDS:
                break;
        }
        return 0;
}

static struct trail_digester trail_digester(const struct trail *t) {
        return (struct trail_digester){t->config.types, t->config.organisations, t->rows, &t->config.wanted};
}

/* What a digest came to: 1, it is taken in. */
static int trail_taken(struct trail *t, int r, const struct trail_digest *d) {
        return r == 1 ? trail_take(t, d) : r;
}

int trail_take_post(struct trail *t, const struct event_type *type, struct bus_record *record) {
        const struct trail_digester by = trail_digester(t);
        struct trail_digest d;

        return trail_wants_record(t, record) ? trail_taken(t, trail_digest_post(&by, type, record, &d), &d) : 0;
}

int trail_take_outbox(struct trail *t, const struct organisation *from, struct bus_record *record) {
        const struct trail_digester by = trail_digester(t);
        struct trail_digest d;

        return trail_wants_record(t, record) ? trail_taken(t, trail_digest_outbox(&by, from, record, &d), &d) : 0;
}

int trail_take_inbox(struct trail *t, const struct organisation *to, struct bus_record *record) {
        const struct trail_digester by = trail_digester(t);
        struct trail_digest d;

        return trail_wants_record(t, record) ? trail_taken(t, trail_digest_inbox(&by, to, record, &d), &d) : 0;
}

int trail_take_row(struct trail *t, const struct bus_record *record) {
        struct trail_digester by;
        struct trail_digest d;
        struct row_key key;

        if (row_key_read(record->key, record->key_n, &key) || !trail_has_case(t, &key.case_id))
                return 0;
        if (!t->rows && row_codec_new(&t->rows))
                return -ENOMEM;
        by = trail_digester(t);
        return trail_taken(t, trail_digest_row(&by, record, &d), &d);
}

int trail_take_letter(struct trail *t, const struct letter *letter) {
        const struct trail_digester by = trail_digester(t);
        struct trail_digest d;

        return trail_taken(t, trail_digest_letter(&by, letter, &d), &d);
}

int trail_take_delivery(struct trail *t, const struct delivery_record *delivery) {
        const struct trail_digester by = trail_digester(t);
        struct trail_digest d;

        return trail_taken(t, trail_digest_delivery(&by, delivery, &d), &d);
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
