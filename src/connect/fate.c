/* SPDX-License-Identifier: EUPL-1.2 */

/* What became of events: places, answers and copies by event, and forgetting the oldest of them. */

#include "connect/fate.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "base/utf8.h"
#include "base/vector.h"
#include "cluster/event_refused.h"

#define FORGET_PARTS 8       /* an eighth of the time that is known goes at once */
#define FORGET_ROUNDS_MAX 64
#define FATE_ENTRY_BYTES (2 * sizeof(struct table_entry)) /* of a table that doubles, for each of what it holds */

/* Under this key, the bytes of this struct: without holes. */
struct fate_key {
        struct uuid event_id;
        uint32_t source; /* index of the organisation */
};

struct fate_post {
        const struct event_type *type;
        struct uuid case_id;
        int64_t offset;
        instant_t at;
        int32_t partition;
};

struct fate_copy {
        const struct organisation *to;
        struct uuid case_id;
        instant_t at;
};

struct fate {
        struct fate_key key;
        VECTOR(struct fate_post) posts; /* in the order of their topic and offset */
        VECTOR(struct fate_copy) copies;
        uint64_t more;                  /* posts that are not kept */
        instant_t latest;               /* stamp of its latest record */
};

/* What the workers answered to the record at one place. */
struct fate_answer {
        struct uuid place; /* event_refused_id(): the key */
        struct uuid event_id;
        instant_t at;
        bool told;         /* by event-refused, whose sentence is for people */
        char code[64];
        char text[FATE_TEXT_MAX + 1]; /* allocated as long as it is */
};

struct fates {
        struct fates_config config;
        struct table events, answers;
        size_t bytes;
        instant_t latest;
};

int fates_new(const struct fates_config *config, struct fates **ret) {
        struct fates *f = calloc(1, sizeof(*f));

        assert(config->asks && config->bytes_max > 0);
        if (!f)
                return -ENOMEM;
        f->config = *config;
        f->latest = config->since;
        *ret = f;
        return 0;
}

static size_t fate_bytes(const struct fate *fate) {
        return sizeof(*fate) + FATE_ENTRY_BYTES + fate->posts.capacity * sizeof(*fate->posts.items) +
               fate->copies.capacity * sizeof(*fate->copies.items);
}

static size_t answer_bytes(const struct fate_answer *answer) {
        return offsetof(struct fate_answer, text) + strlen(answer->text) + 1 + FATE_ENTRY_BYTES;
}

static void fate_free(struct fate *fate) {
        vector_done(&fate->posts);
        vector_done(&fate->copies);
        free(fate);
}

struct fates *fates_free(struct fates *f) {
        struct fate_answer *answer;
        struct fate *fate;

        if (!f)
                return NULL;
        for (size_t i = 0; (fate = table_next(&f->events, &i));)
                fate_free(fate);
        for (size_t i = 0; (answer = table_next(&f->answers, &i));)
                free(answer);
        table_done(&f->events);
        table_done(&f->answers);
        free(f);
        return NULL;
}

/* -- Forgetting -- */

/* Keeps of a table what @old does not say of; a table is not changed while it is walked. */
static int fates_keep(struct table *t, bool (*old)(struct fates *f, void *value), const void *(*key)(const void *value, size_t *ret_n), struct fates *f) {
        struct table kept = {0};
        void *value;
        int r = 0;

        for (size_t i = 0; r == 0 && (value = table_next(t, &i));) {
                size_t n;

                if (!old(f, value))
                        r = table_put(&kept, key(value, &n), (key(value, &n), n), value);
        }
        table_done(t);
        *t = kept;
        return r;
}

static const void *fate_key_of(const void *value, size_t *ret_n) {
        *ret_n = sizeof(struct fate_key);
        return &((const struct fate *)value)->key;
}

static const void *answer_key_of(const void *value, size_t *ret_n) {
        *ret_n = sizeof(struct uuid);
        return &((const struct fate_answer *)value)->place;
}

static bool fate_is_old(struct fates *f, void *value) {
        struct fate *fate = value;

        if (fate->latest >= f->config.since)
                return false;
        f->bytes -= fate_bytes(fate);
        fate_free(fate);
        return true;
}

static bool answer_is_old(struct fates *f, void *value) {
        struct fate_answer *answer = value;

        if (answer->at >= f->config.since)
                return false;
        f->bytes -= answer_bytes(answer);
        free(answer);
        return true;
}

/* Until an eighth is free, so that it does not happen at every record. */
static int fates_forget(struct fates *f) {
        int r = 0;

        if (f->bytes <= f->config.bytes_max)
                return 0;
        for (unsigned i = 0; r == 0 && i < FORGET_ROUNDS_MAX && f->bytes > f->config.bytes_max / FORGET_PARTS * (FORGET_PARTS - 1); i++) {
                f->config.since += (f->latest - f->config.since) / FORGET_PARTS + 1;
                r = fates_keep(&f->events, fate_is_old, fate_key_of, f);
                if (r == 0)
                        r = fates_keep(&f->answers, answer_is_old, answer_key_of, f);
        }
        return r;
}

/* -- Taking in -- */

static bool fates_wants(struct fates *f, instant_t at) {
        if (at > f->latest)
                f->latest = at;
        return at >= f->config.since;
}

/* The event of a record, and its source when that one may ask. @slots: LAYOUT_SLOTS_MAX. */
static const struct organisation *fates_read(const struct fates *f, const struct event_type *expected, const struct bus_record *record, struct slot *slots,
                                             struct event *ret) {
        const struct organisation *source;
        struct error err;

        if (event_record_read(f->config.types, expected, record, slots, ret, &err))
                return NULL;
        source = organisations_find(f->config.organisations, slots[SLOT_SOURCE].s);
        return source && f->config.asks[source->index] ? source : NULL;
}

static struct fate_key fate_key_make(const struct organisation *source, const struct uuid *event_id) {
        struct fate_key key = {.event_id = *event_id, .source = source->index};

        _Static_assert(sizeof(key) == sizeof(key.event_id) + sizeof(key.source), "a key without holes: it is compared by its bytes");
        return key;
}

/* The fate of an event, made when there is none. NULL: out of memory. */
static struct fate *fates_at(struct fates *f, const struct organisation *source, const struct uuid *event_id, instant_t at) {
        struct fate_key key = fate_key_make(source, event_id);
        struct fate *fate = table_get(&f->events, &key, sizeof(key));

        if (!fate) {
                fate = calloc(1, sizeof(*fate));
                if (!fate)
                        return NULL;
                fate->key = key;
                if (table_put(&f->events, &fate->key, sizeof(fate->key), fate)) {
                        free(fate);
                        return NULL;
                }
                f->bytes += fate_bytes(fate);
        }
        if (at > fate->latest)
                fate->latest = at;
        return fate;
}

/* The place of a post among the others, or where it is to stand. Return: whether it is there. */
static bool fate_find_post(const struct fate *fate, const struct fate_post *given, size_t *ret) {
        for (*ret = 0; *ret < fate->posts.n; ++*ret) {
                const struct fate_post *post = &fate->posts.items[*ret];

                if (post->type == given->type && post->partition == given->partition && post->offset == given->offset)
                        return true;
                if (post->type == given->type && post->partition == given->partition && post->offset > given->offset)
                        return false;
        }
        return false;
}

int fates_note_post(struct fates *f, const struct fate_noted_post *noted) {
        const struct fate_post post = {noted->type, noted->case_id, noted->offset, noted->at, noted->partition};
        struct fate *fate;
        size_t at;

        if (!fates_wants(f, noted->at) || !f->config.asks[noted->source->index])
                return 0;
        fate = fates_at(f, noted->source, &noted->event_id, noted->at);
        if (!fate)
                return -ENOMEM;
        if (fate_find_post(fate, &post, &at))
                return 0;
        if (fate->posts.n >= FATE_PLACES_MAX) {
                fate->more++;
                return 0;
        }
        f->bytes -= fate_bytes(fate);
        if (vector_push(&fate->posts, post))
                return -ENOMEM;
        memmove(&fate->posts.items[at + 1], &fate->posts.items[at], (fate->posts.n - 1 - at) * sizeof(post));
        fate->posts.items[at] = post;
        f->bytes += fate_bytes(fate);
        return fates_forget(f);
}

int fates_take_post(struct fates *f, const struct event_type *type, struct bus_record *record) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        const struct organisation *source;
        struct event event;

        source = fates_wants(f, record->timestamp) ? fates_read(f, type, record, slots, &event) : NULL;
        return source ? fates_note_post(f, &(struct fate_noted_post){source, type, slots[SLOT_EVENT_ID].u, slots[SLOT_CASE_ID].u, record->partition,
                                                                     record->offset, record->timestamp})
                      : 0;
}

static int fates_take_copy(struct fates *f, const struct organisation *source, const struct organisation *to, const struct slot *slots, instant_t at) {
        struct fate *fate = fates_at(f, source, &slots[SLOT_EVENT_ID].u, at);

        if (!fate)
                return -ENOMEM;
        for (size_t i = 0; i < fate->copies.n; i++) { /* one for each organisation and case, so there are not many */
                if (fate->copies.items[i].to == to && uuid_equal(&fate->copies.items[i].case_id, &slots[SLOT_CASE_ID].u))
                        return 0;
        }
        f->bytes -= fate_bytes(fate);
        if (vector_push(&fate->copies, (struct fate_copy){to, slots[SLOT_CASE_ID].u, at}))
                return -ENOMEM;
        f->bytes += fate_bytes(fate);
        return fates_forget(f);
}

/* Of two answers to one place that of event-refused stays. */
static int fates_take_answer(struct fates *f, const struct fate_answer *given, struct text text) {
        struct fate_answer *old = table_get(&f->answers, &given->place, sizeof(given->place)), *answer;

        if (old && (old->told || !given->told) && uuid_equal(&old->event_id, &given->event_id))
                return 0;
        text.n = utf8_cut(text.s, text.n, FATE_TEXT_MAX);
        answer = malloc(offsetof(struct fate_answer, text) + text.n + 1);
        if (!answer)
                return -ENOMEM;
        memcpy(answer, given, offsetof(struct fate_answer, text));
        if (text.n > 0)
                memcpy(answer->text, text.s, text.n);
        answer->text[text.n] = '\0';
        if (old) {
                f->bytes -= answer_bytes(old);
                (void) table_remove(&f->answers, &given->place, sizeof(given->place));
                free(old);
        }
        if (table_put(&f->answers, &answer->place, sizeof(answer->place), answer)) {
                free(answer);
                return -ENOMEM;
        }
        f->bytes += answer_bytes(answer);
        return fates_forget(f);
}

int fates_note_answer(struct fates *f, const struct fate_noted_answer *noted) {
        struct fate_answer answer = {.place = noted->place, .event_id = noted->event_id, .at = noted->at, .told = noted->told};

        if (!fates_wants(f, noted->at))
                return 0;
        (void) snprintf(answer.code, sizeof(answer.code), "%.*s", (int)noted->code.n, noted->code.s ? noted->code.s : "");
        return fates_take_answer(f, &answer, noted->text);
}

static int fates_take_refused(struct fates *f, const struct event *event, instant_t at) {
        const struct layout *layout = event->type->layout;
        int refused = layout_slot(layout, "refused"), code = layout_slot(layout, "code"), text = layout_slot(layout, "text");

        assert(refused >= 0 && code >= 0 && text >= 0); /* the check of the schemas */
        return fates_note_answer(f, &(struct fate_noted_answer){.place = event->slots[SLOT_EVENT_ID].u, .event_id = event->slots[refused].u, .at = at,
                                                                .told = true, .code = event->slots[code].s, .text = event->slots[text].s});
}

int fates_take_inbox(struct fates *f, const struct organisation *to, struct bus_record *record) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        const struct organisation *source;
        struct event event = {0};

        if (!fates_wants(f, record->timestamp))
                return 0;
        source = fates_read(f, NULL, record, slots, &event);
        if (event.type && event.type == event_types_known(f->config.types, TYPE_EVENT_REFUSED))
                return f->config.asks[to->index] ? fates_take_refused(f, &event, record->timestamp) : 0;
        return source && !event.type->output ? fates_take_copy(f, source, to, slots, record->timestamp) : 0;
}

int fates_take_letter(struct fates *f, struct bus_record *record) {
        struct fate_noted_answer answer = {.at = record->timestamp};
        struct dead_letter_read letter;
        const struct bus_header *id;

        if (!fates_wants(f, record->timestamp))
                return 0;
        if (bus_record_headers(record))
                return -ENOMEM;
        id = bus_record_header(record, EVENT_HEADER_ID);
        if (!id || !id->value || !uuid_parse(id->value, id->n, &answer.event_id) || !dead_letter_read(record, &letter) ||
            !event_types_find(f->config.types, text_of(letter.topic)))
                return 0; /* of a delivery, or of nobody who could ask */
        answer.place = event_refused_id(letter.topic, letter.partition, letter.offset, &answer.event_id);
        answer.code = text_of(letter.code);
        answer.text = text_of(letter.error);
        return fates_note_answer(f, &answer);
}

/* -- Telling -- */

const char *const fate_state_names[FATE_STATES] = {
        [FATE_WAITING] = "waiting", [FATE_FACT] = "fact", [FATE_DUPLICATE] = "duplicate", [FATE_REFUSED] = "refused"};

static const struct fate_answer *fates_answer_to(const struct fates *f, const struct fate *fate, const struct fate_post *post) {
        struct uuid place = event_refused_id(post->type->name, post->partition, post->offset, &fate->key.event_id);
        const struct fate_answer *answer = table_get(&f->answers, &place, sizeof(place));

        return answer && uuid_equal(&answer->event_id, &fate->key.event_id) ? answer : NULL; /* another: of a topic that was made anew */
}

/* Whether an earlier post of the same topic and case is the fact that this one repeats. */
static bool fate_repeats(const struct fate_judged *judged, size_t n, const struct fate_post *post) {
        for (size_t i = 0; i < n; i++) {
                if (judged[i].state == FATE_FACT && judged[i].type == post->type && uuid_equal(&judged[i].case_id, &post->case_id))
                        return true;
        }
        return false;
}

/* In the order of their stamps; posts of several topics are few. */
static void fates_sort(struct fate_judged *judged, size_t n) {
        for (size_t i = 1; i < n; i++) {
                struct fate_judged j = judged[i];
                size_t k = i;

                for (; k > 0 && judged[k - 1].at > j.at; k--)
                        judged[k] = judged[k - 1];
                judged[k] = j;
        }
}

static const struct fate *fates_get(const struct fates *f, const struct organisation *source, const struct uuid *event_id) {
        struct fate_key key = fate_key_make(source, event_id);

        return table_get(&f->events, &key, sizeof(key));
}

size_t fates_judge(const struct fates *f, const struct organisation *source, const struct uuid *event_id, const struct fates_progress *progress,
                   struct fate_judged ret[FATE_PLACES_MAX]) {
        const struct fate *fate = fates_get(f, source, event_id);
        size_t n = 0;

        for (size_t i = 0; fate && i < fate->posts.n; i++) {
                const struct fate_post *post = &fate->posts.items[i];
                const struct fate_answer *answer = fates_answer_to(f, fate, post);
                struct fate_judged j = {post->type, post->case_id, post->partition, post->offset, post->at, FATE_WAITING, NULL, NULL, 0};

                if (post->at < f->config.since + FATES_SKEW_MS)
                        continue;
                if (answer) {
                        j.state = FATE_REFUSED;
                        j.code = answer->code;
                        j.text = answer->text;
                        j.answered_at = answer->at;
                } else if (progress->done(progress->ctx, post->type, post->partition) > post->offset) {
                        j.state = fate_repeats(ret, n, post) ? FATE_DUPLICATE : FATE_FACT;
                }
                ret[n++] = j;
        }
        fates_sort(ret, n);
        return n;
}

static void put_uuid(struct json_writer *w, const char *key, const struct uuid *u) {
        char text[UUID_TEXT + 1];

        uuid_format(u, text);
        jsonw_put_string(w, key, text);
}

static void put_state(struct json_writer *w, const struct fate_judged *judged) {
        jsonw_put_string(w, "state", fate_state_names[judged->state]);
        if (judged->state != FATE_REFUSED)
                return;
        jsonw_put_string(w, "code", judged->code);
        jsonw_put_string(w, "text", judged->text);
        instant_put(w, "answered_at", judged->answered_at);
}

static void put_post(struct json_writer *w, const struct fate_judged *judged) {
        jsonw_open_object(w);
        jsonw_put_string(w, "event", judged->type->name);
        put_uuid(w, "case_id", &judged->case_id);
        instant_put(w, "at", judged->at);
        put_state(w, judged);
        jsonw_close_object(w);
}

static void put_copies(struct json_writer *w, const struct fate *fate) {
        jsonw_key(w, "told");
        jsonw_open_array(w);
        for (size_t i = 0; i < fate->copies.n; i++) {
                jsonw_open_object(w);
                jsonw_put_string(w, "to", fate->copies.items[i].to->id);
                put_uuid(w, "case_id", &fate->copies.items[i].case_id);
                instant_put(w, "at", fate->copies.items[i].at);
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
}

bool fates_tell(const struct fates *f, const struct organisation *source, const struct uuid *event_id, const struct fates_progress *progress,
                struct json_writer *w) {
        const struct fate *fate = fates_get(f, source, event_id);
        struct fate_judged judged[FATE_PLACES_MAX];
        size_t n = fates_judge(f, source, event_id, progress, judged), last = n;

        if (n == 0)
                return false;
        do
                last--;
        while (last > 0 && judged[last].state == FATE_DUPLICATE);
        jsonw_open_object(w);
        put_uuid(w, "event_id", event_id);
        put_state(w, &judged[last]);
        jsonw_key(w, "posts");
        jsonw_open_array(w);
        for (size_t i = 0; i < n; i++)
                put_post(w, &judged[i]);
        jsonw_close_array(w);
        if (fate->more > 0)
                jsonw_put_int(w, "more_posts", (int64_t)fate->more);
        put_copies(w, fate);
        jsonw_close_object(w);
        return true;
}

void fates_stats(const struct fates *f, struct fates_stats *ret) {
        *ret = (struct fates_stats){.events = f->events.n, .bytes = f->bytes, .since = f->config.since};
}
