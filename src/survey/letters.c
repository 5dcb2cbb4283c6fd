/* SPDX-License-Identifier: EUPL-1.2 */

/* Dead letters: read with what was sent again of them, and judged by today's schemas. */

#include "survey/letters.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "cluster/audit.h"
#include "cluster/topics.h"

typedef int letters_row(void *ctx, struct bus_record *record, struct error *err);

struct letters_rows {
        letters_row *row;
        void *ctx;
};

static int letters_take(void *ctx, struct bus_record *record, struct error *err) {
        const struct letters_rows *reading = ctx;
        int r = bus_record_headers(record);

        return r ? r : reading->row(reading->ctx, record, err);
}

/* Everything of one topic up to its end. Return: 0; what @row returned; negative errno. */
static int letters_read_topic(const struct letters_source *source, const char *topic, instant_t from, letters_row *row, void *ctx, struct error *err) {
        const struct bus_reader_config config = {.topics = &topic, .topics_n = 1, .partition = BUS_ALL_PARTITIONS,
                                                 .from = from > 0 ? BUS_FROM_INSTANT : BUS_FROM_BEGINNING, .instant = from, .until_end = true,
                                                 .enough = source->enough};
        CLEANUP(bus_reader_close_p) struct bus_reader *reader = NULL;
        struct letters_rows rows = {row, ctx};
        int r = bus_reader_open(source->bus, &config, &reader, err);

        return r ? r : bus_reader_each(reader, &(struct bus_reading){.record = letters_take, .ctx = &rows, .what = topic}, err);
}

void letters_object(const struct bus_record *record, char ret[LETTERS_OBJECT_MAX]) {
        (void) snprintf(ret, LETTERS_OBJECT_MAX, TOPIC_DEAD_LETTERS "/%" PRId32 "/%" PRId64 "@%" PRId64, record->partition, record->offset,
                        record->timestamp);
}

/* The number before @end, taken off with it; false: there is none. */
static bool letters_take_number(struct text *rest, char end, int64_t *ret) {
        const char *at = rest->n ? memchr(rest->s, end, rest->n) : NULL;
        size_t n = at ? (size_t)(at - rest->s) : 0;

        if (!at || !text_to_int64((struct text){rest->s, n}, ret))
                return false;
        *rest = (struct text){rest->s + n + 1, rest->n - n - 1};
        return true;
}

bool letters_object_read(struct text object, struct letter_place *ret) {
        size_t topic = strlen(TOPIC_DEAD_LETTERS "/");
        struct text rest;
        int64_t partition;

        if (object.n < topic || memcmp(object.s, TOPIC_DEAD_LETTERS "/", topic) != 0)
                return false;
        rest = (struct text){object.s + topic, object.n - topic};
        if (!letters_take_number(&rest, '/', &partition) || !letters_take_number(&rest, '@', &ret->offset) || !text_to_int64(rest, &ret->stamp))
                return false;
        ret->partition = (int32_t)partition;
        return true;
}

/* -- What was sent again -- */

struct letters_reading {
        const struct letters_source *source;
        const struct letters_filter *filter;
        const struct letters_visitor *visitor;
        struct audit_codec *codec;
        struct arena *arena;
        struct table sent; /* instant_t *, by object */
        struct letter letter;
};

static int letters_see_sent(void *ctx, struct bus_record *record, struct error *err) {
        struct letters_reading *l = ctx;
        struct audit_record act;
        const char *object;
        instant_t *at;

        if (!audit_decode(l->codec, record->value, record->value_n, &act) || !text_is(act.action, AUDIT_REDRIVE) || !text_is(act.result, AUDIT_DONE))
                return 0;
        at = arena_calloc(l->arena, 1, sizeof(*at));
        object = at ? arena_copy(l->arena, act.object.s, act.object.n) : NULL;
        if (!object || table_put(&l->sent, object, act.object.n, at)) {
                error_set(err, "more dead letters were sent again than fit in memory; say --from");
                return -ENOMEM;
        }
        *at = act.at;
        return 0;
}

/* An installation of before `audit`, or one whose schemas do not have it, has sent nothing again. */
static int letters_read_sent(struct letters_reading *l, struct error *err) {
        int r;

        if (!event_types_other(l->source->types, TOPIC_AUDIT))
                return 0;
        r = audit_codec_new(l->source->types, &l->codec, err);
        if (r == 0)
                r = arena_new(&l->arena, LETTERS_SENT_BYTES_MAX);
        if (r == 0)
                r = letters_read_topic(l->source, TOPIC_AUDIT, l->filter->from, letters_see_sent, l, err);
        return r == -ENOENT ? 0 : r;
}

/* -- One letter -- */

static void letters_set_organisation(struct letter *letter, struct text id) {
        if (id.n <= LETTERS_ORGANISATION_MAX)
                (void) snprintf(letter->organisation, sizeof(letter->organisation), "%.*s", (int)id.n, id.s);
}

/* Whose inbox or outbox it stood in; else who published it, by its body or by its header. */
static void letters_find_organisation(const struct letters_source *source, struct letter *letter) {
        const struct organisation *outbox = letter->good ? dead_letter_outbox(source->organisations, letter->read.topic) : NULL;
        const struct bus_header *h = bus_record_header(letter->record, EVENT_HEADER_SOURCE);
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;
        struct error err;

        letter->organisation[0] = '\0';
        if (letter->good && dead_letter_is_of_inbox(letter->read.topic)) {
                letters_set_organisation(letter, text_of(letter->read.topic + strlen(TOPIC_INBOX_PREFIX)));
        } else if (outbox) {
                letters_set_organisation(letter, text_of(outbox->id));
        } else if (event_record_read(source->types, NULL, letter->record, slots, &event, &err) == 0) {
                letters_set_organisation(letter, slots[SLOT_SOURCE].s);
        } else if (h && h->value) {
                for (size_t i = 0; i < organisations_count(source->organisations); i++) {
                        const struct organisation *org = organisations_at(source->organisations, i);

                        if (text_is((struct text){h->value, h->n}, org->urn))
                                letters_set_organisation(letter, text_of(org->id));
                }
        }
}

void letter_read(const struct letters_source *source, struct bus_record *record, struct letter *ret) {
        const struct bus_header *id = bus_record_header(record, EVENT_HEADER_ID);

        ret->record = record;
        ret->good = dead_letter_read(record, &ret->read);
        ret->has_event_id = id && id->value && uuid_parse(id->value, id->n, &ret->event_id);
        ret->has_case_id = record->key && uuid_parse(record->key, record->key_n, &ret->case_id);
        ret->sent_at = 0;
        letters_find_organisation(source, ret);
}

static void letters_describe(struct letters_reading *l, struct bus_record *record) {
        char object[LETTERS_OBJECT_MAX];
        const instant_t *sent;

        letter_read(l->source, record, &l->letter);
        letters_object(record, object);
        sent = table_get(&l->sent, object, strlen(object));
        l->letter.sent_at = sent ? *sent : 0;
}

void letter_line_make(const struct letter *letter, struct letter_line *ret) {
        *ret = (struct letter_line){
                .partition = letter->record->partition, .offset = letter->record->offset, .at = letter->record->timestamp, .sent_at = letter->sent_at,
                .good = letter->good, .organisation = letter->organisation, .has_event_id = letter->has_event_id, .has_case_id = letter->has_case_id,
                .event_id = letter->event_id, .case_id = letter->case_id,
        };
        if (!letter->good)
                return;
        ret->code = letter->read.code;
        ret->stage = letter->read.stage;
        ret->topic = letter->read.topic;
        ret->connector = letter->read.connector;
        ret->error = letter->read.error;
        ret->from_partition = letter->read.partition;
        ret->from_offset = letter->read.offset;
        ret->redriven = letter->read.redriven;
}

static bool letters_equal(const char *wanted, const char *is) {
        return !wanted || strcmp(wanted, is) == 0;
}

bool letter_line_passes(const struct letter_line *line, const struct letters_filter *filter) {
        if (line->at < filter->from || (filter->until && line->at > filter->until) || (filter->unsent && line->sent_at))
                return false;
        if ((filter->sent_from && line->sent_at < filter->sent_from) || (filter->returned && line->redriven == 0))
                return false;
        if (!line->good)
                return !filter->code && !filter->stage && !filter->topic && !filter->organisation;
        return letters_equal(filter->code, line->code) && letters_equal(filter->stage, line->stage) && letters_equal(filter->topic, line->topic) &&
               letters_equal(filter->organisation, line->organisation);
}

static int letters_see(void *ctx, struct bus_record *record, struct error *err) {
        struct letters_reading *l = ctx;
        struct letter_line line;

        if (l->filter->one && (record->partition != l->filter->partition || record->offset != l->filter->offset))
                return 0;
        letters_describe(l, record);
        letter_line_make(&l->letter, &line);
        return letter_line_passes(&line, l->filter) ? l->visitor->letter(l->visitor->ctx, &l->letter, err) : 0;
}

int letters_each(const struct letters_source *source, const struct letters_filter *filter, const struct letters_visitor *visitor, struct error *err) {
        CLEANUP(cleanup_free) void *memory = calloc(1, sizeof(struct letters_reading));
        struct letters_reading *l = memory;
        int r;

        assert(source && source->bus && source->types && source->organisations && filter && visitor);
        if (!l)
                return -ENOMEM;
        *l = (struct letters_reading){.source = source, .filter = filter, .visitor = visitor};
        r = letters_read_sent(l, err);
        if (r == 0)
                r = letters_read_topic(source, TOPIC_DEAD_LETTERS, filter->from, letters_see, l, err);
        table_done(&l->sent);
        arena_free(l->arena);
        audit_codec_free(l->codec);
        return r;
}

/* -- One alone -- */

struct letters_finding {
        const struct letters_source *source;
        const struct letters_visitor *visitor;
        struct letter *letter;
        int64_t offset;
        int outcome; /* LETTERS_E_NONE until it is found */
};

#define LETTERS_FOUND 1 /* ends the reading */

static int letters_find(void *ctx, struct bus_record *record, struct error *err) {
        struct letters_finding *f = ctx;

        if (record->offset < f->offset)
                return 0;
        if (record->offset == f->offset) {
                letter_read(f->source, record, f->letter);
                f->outcome = f->visitor->letter(f->visitor->ctx, f->letter, err);
        }
        return LETTERS_FOUND;
}

int letters_one(const struct letters_source *source, int32_t partition, int64_t offset, const struct letters_visitor *visitor, struct error *err) {
        static const char *const topics[] = {TOPIC_DEAD_LETTERS};
        const struct bus_reader_config config = {.topics = topics, .topics_n = ELEMENTS(topics), .partition = partition, .from = BUS_FROM_OFFSET,
                                                 .offset = offset, .until_end = true, .enough = source->enough};
        CLEANUP(bus_reader_close_p) struct bus_reader *reader = NULL;
        CLEANUP(cleanup_free) void *memory = calloc(1, sizeof(struct letter));
        struct letters_finding finding = {source, visitor, memory, offset, LETTERS_E_NONE};
        struct letters_rows rows = {letters_find, &finding};
        int r;

        assert(partition >= 0 && offset >= 0);
        if (!memory)
                return -ENOMEM;
        r = bus_reader_open(source->bus, &config, &reader, err);
        if (r == 0)
                r = bus_reader_each(reader, &(struct bus_reading){.record = letters_take, .ctx = &rows, .what = TOPIC_DEAD_LETTERS}, err);
        return r < 0 ? r : finding.outcome;
}

/* -- What would become of it -- */

/* @type: of the topic that it goes to; NULL: it goes to the outbox of @from, which takes any. */
static const char *letters_judge_event(const struct letters_source *source, const struct letter *letter, const struct event_type *type,
                                       const struct organisation *from, struct error *ret_why) {
        const int32_t partitions = type ? source->partitions : 1;
        const struct bus_record *record = letter->record;
        struct slot slots[LAYOUT_SLOTS_MAX];
        enum refusal code;
        struct event event;
        int r = event_record_read(source->types, type, record, slots, &event, ret_why);

        if (r)
                return refusal_codes[event_record_refusal(r)];
        if (type)
                code = event_check(&event, source->organisations, source->now, event_record_key(record), ret_why);
        else
                code = event_check_from(&event, source->organisations, from, source->now, event_record_key(record), ret_why);
        if (code == REFUSAL_NONE && letter->read.partition >= partitions) {
                error_set(ret_why, "%s has no partition %" PRId32 " any more; publish the event again", letter->read.topic, letter->read.partition);
                return "NO_PARTITION";
        }
        return code == REFUSAL_NONE ? NULL : refusal_codes[code];
}

static const char *letters_judge_delivery(const struct letters_source *source, const struct letter *letter, const char *connector, struct error *ret_why) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;
        int r;

        if (!letter->read.connector[0] && !connector) {
                error_set(ret_why, "it does not say which connector could not deliver it; say --connector");
                return "NO_CONNECTOR";
        }
        r = event_record_read(source->types, NULL, letter->record, slots, &event, ret_why);
        return r ? refusal_codes[event_record_refusal(r)] : NULL;
}

const char *letters_judge(const struct letters_source *source, const struct letter *letter, const char *connector, struct error *ret_why) {
        const struct organisation *outbox;
        const struct event_type *type;

        if (!letter->good) {
                error_set(ret_why, "its headers do not say where it stood");
                return "NO_PLACE";
        }
        if (letter->read.redriven >= DEAD_LETTER_REDRIVEN_MAX) {
                error_set(ret_why, "it was sent again %" PRId64 " times already, and came back each time; mend what it is refused for", letter->read.redriven);
                return "LOOP";
        }
        if (dead_letter_is_of_inbox(letter->read.topic))
                return letters_judge_delivery(source, letter, connector, ret_why);
        outbox = dead_letter_outbox(source->organisations, letter->read.topic);
        if (outbox)
                return letters_judge_event(source, letter, NULL, outbox, ret_why);
        type = event_types_find(source->types, text_of(letter->read.topic));
        if (!type || type->output) {
                error_set(ret_why, "nothing is sent again to %s", letter->read.topic);
                return "OTHER_TOPIC";
        }
        return letters_judge_event(source, letter, type, NULL, ret_why);
}

/* -- As JSON -- */

static void letters_put_instant(struct json_writer *w, const char *key, instant_t at) {
        if (at)
                instant_put_exact(w, key, at);
}

static void letters_put_uuid(struct json_writer *w, const char *key, bool known, const struct uuid *id) {
        char text[UUID_TEXT + 1];

        uuid_format(id, text);
        if (known)
                jsonw_put_string(w, key, text);
}

void letter_line_put(const struct letter_line *line, struct json_writer *w) {
        char place[LETTERS_OBJECT_MAX];

        (void) snprintf(place, sizeof(place), "%" PRId32 "/%" PRId64, line->partition, line->offset);
        jsonw_put_string(w, "letter", place);
        letters_put_instant(w, "at", line->at);
        if (line->good) {
                jsonw_put_string(w, "code", line->code);
                jsonw_put_string(w, "stage", line->stage);
                jsonw_put_string(w, "topic", line->topic);
                jsonw_put_int(w, "partition", line->from_partition);
                jsonw_put_int(w, "offset", line->from_offset);
                jsonw_put_int(w, "redriven", line->redriven);
                if (line->connector[0])
                        jsonw_put_string(w, "connector", line->connector);
        }
        if (line->organisation[0])
                jsonw_put_string(w, "organisation", line->organisation);
        letters_put_uuid(w, "event_id", line->has_event_id, &line->event_id);
        letters_put_uuid(w, "case_id", line->has_case_id, &line->case_id);
        if (line->good)
                jsonw_put_string(w, "error", line->error);
        letters_put_instant(w, "sent_again", line->sent_at);
}

void letter_put_verdict(const char *code, const struct error *why, struct json_writer *w) {
        jsonw_put_string(w, "now", code ? code : "ACCEPTED");
        if (code)
                jsonw_put_string(w, "now_error", why->text);
}
