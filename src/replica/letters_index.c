/* SPDX-License-Identifier: EUPL-1.2 */

/* Follows dead letters and what was sent again of them, and keeps the latest. */

#include "replica/letters_index.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "base/vector.h"
#include "cluster/topics.h"
#include "replica/follower.h"

#define INDEX_WORDS_BYTES ((size_t)2 << 20)
#define INDEX_ACTS_MAX LETTERS_INDEX_MAX /* of sending again that are remembered until their letter is read */

struct index_entry {
        struct letter_line line;
        char object[LETTERS_OBJECT_MAX]; /* what audit calls it */
        char error[];
};

struct index_act {
        instant_t at;
        char object[LETTERS_OBJECT_MAX];
};

struct letters_index {
        struct letters_source source;
        struct audit_codec *codec; /* NULL: these schemas have no audit */
        struct follower follower;

        atomic_flag claimed;
        pthread_mutex_t lock;      /* over all that follows */
        struct table entries_by_object, acts_by_object;
        struct index_entry **entries; /* a ring of LETTERS_INDEX_MAX */
        size_t first, n;
        struct index_act **acts;      /* likewise, of INDEX_ACTS_MAX */
        size_t acts_first, acts_n;
        struct arena *words;
        struct table words_by_text;
        struct letters_index_status status;
        struct letter letter; /* that is being read */
};

/* -- Words: few, and the same again and again -- */

struct index_word {
        struct letters_index_group group; /* while something is counted */
        char text[];
};

static const char index_no_word[] = "\xe2\x80\xa6";

static struct index_word *index_word_of(struct letters_index *x, const char *text) {
        size_t n = strlen(text);
        struct index_word *word = table_get(&x->words_by_text, text, n);

        if (word || x->words_by_text.n >= LETTERS_INDEX_WORDS_MAX)
                return word;
        word = arena_calloc(x->words, 1, sizeof(*word) + n + 1);
        if (!word)
                return NULL;
        memcpy(word->text, text, n);
        return table_put(&x->words_by_text, word->text, n, word) == 0 ? word : NULL;
}

static const char *index_keep(struct letters_index *x, const char *text) {
        const struct index_word *word = text ? index_word_of(x, text) : NULL;

        return word ? word->text : text ? index_no_word : NULL;
}

/* -- Letters -- */

static struct index_entry *index_nth(const struct letters_index *x, size_t i) {
        assert(i < x->n);
        return x->entries[(x->first + i) % LETTERS_INDEX_MAX];
}

static void index_drop_oldest(struct letters_index *x) {
        struct index_entry *entry = index_nth(x, 0);

        (void) table_remove(&x->entries_by_object, entry->object, strlen(entry->object));
        free(entry);
        x->first = (x->first + 1) % LETTERS_INDEX_MAX;
        x->n--;
        x->status.more = true;
}

/* Bytes of @text that are kept, and no half character at the end. */
static size_t index_error_bytes(const char *text) {
        size_t n = strnlen(text, LETTERS_INDEX_ERROR_MAX);

        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
                n--;
        return n;
}

static int index_add_letter(struct letters_index *x, struct bus_record *record) {
        char object[LETTERS_OBJECT_MAX];
        const struct index_act *act;
        struct index_entry *entry;
        struct letter_line line;
        size_t error_n;

        letters_object(record, object);
        if (table_get(&x->entries_by_object, object, strlen(object)))
                return 0; /* read again, after a failure */
        letter_read(&x->source, record, &x->letter);
        letter_line_make(&x->letter, &line);
        error_n = line.error ? index_error_bytes(line.error) : 0;
        entry = calloc(1, sizeof(*entry) + error_n + 1);
        if (!entry)
                return -ENOMEM;
        entry->line = line;
        memcpy(entry->object, object, sizeof(object));
        memcpy(entry->error, error_n > 0 ? line.error : "", error_n);
        entry->line.error = line.error ? entry->error : NULL;
        entry->line.code = index_keep(x, line.code);
        entry->line.stage = index_keep(x, line.stage);
        entry->line.topic = index_keep(x, line.topic);
        entry->line.connector = index_keep(x, line.connector);
        entry->line.organisation = index_keep(x, line.organisation);
        act = table_get(&x->acts_by_object, object, strlen(object));
        entry->line.sent_at = act ? act->at : 0;
        if (table_put(&x->entries_by_object, entry->object, strlen(entry->object), entry)) {
                free(entry);
                return -ENOMEM;
        }
        if (x->n == LETTERS_INDEX_MAX)
                index_drop_oldest(x);
        x->entries[(x->first + x->n++) % LETTERS_INDEX_MAX] = entry;
        return 0;
}

/* -- Acts -- */

static void index_drop_oldest_act(struct letters_index *x) {
        struct index_act *act = x->acts[x->acts_first];

        (void) table_remove(&x->acts_by_object, act->object, strlen(act->object));
        free(act);
        x->acts_first = (x->acts_first + 1) % INDEX_ACTS_MAX;
        x->acts_n--;
}

static int index_add_sent(struct letters_index *x, const struct audit_record *record) {
        struct index_entry *entry = table_get(&x->entries_by_object, record->object.s, record->object.n);
        struct index_act *act;

        if (entry)
                entry->line.sent_at = record->at;
        if (record->object.n >= LETTERS_OBJECT_MAX || table_get(&x->acts_by_object, record->object.s, record->object.n))
                return 0;
        act = calloc(1, sizeof(*act));
        if (!act)
                return -ENOMEM;
        act->at = record->at;
        memcpy(act->object, record->object.s, record->object.n);
        if (table_put(&x->acts_by_object, act->object, record->object.n, act)) {
                free(act);
                return -ENOMEM;
        }
        if (x->acts_n == INDEX_ACTS_MAX)
                index_drop_oldest_act(x);
        x->acts[(x->acts_first + x->acts_n++) % INDEX_ACTS_MAX] = act;
        return 0;
}

static void index_copy_text(struct text text, char ret[AUDIT_TEXT_MAX + 1]) {
        (void) snprintf(ret, AUDIT_TEXT_MAX + 1, "%.*s", text.n < AUDIT_TEXT_MAX ? (int)text.n : AUDIT_TEXT_MAX, text.s ? text.s : "");
}

/* Of a job that was ended nothing is said anew: it is the one that began last. */
static void index_see_job(struct letters_index *x, const struct audit_record *record) {
        const size_t skip = strlen(LETTERS_INDEX_JOB);
        struct letters_index_job *job = &x->status.job;

        if (!text_is(record->result, AUDIT_BEGUN)) {
                job->over = true;
                return;
        }
        *job = (struct letters_index_job){.known = true, .begun = record->at};
        index_copy_text((struct text){record->object.s + skip, record->object.n - skip}, job->filter);
        index_copy_text(record->user, job->user);
        index_copy_text(record->reason, job->reason);
}

static int index_add_act(struct letters_index *x, const struct bus_record *record) {
        struct audit_record act;

        if (!x->codec || !audit_decode(x->codec, record->value, record->value_n, &act) || !text_is(act.action, AUDIT_REDRIVE))
                return 0;
        if (act.object.n >= strlen(LETTERS_INDEX_JOB) && memcmp(act.object.s, LETTERS_INDEX_JOB, strlen(LETTERS_INDEX_JOB)) == 0) {
                index_see_job(x, &act);
                return 0;
        }
        return text_is(act.result, AUDIT_DONE) ? index_add_sent(x, &act) : 0;
}

/* -- Following -- */

static int index_take(void *ctx, struct bus_record *record, struct error *err) {
        struct letters_index *x = ctx;
        int r;

        (void) pthread_mutex_lock(&x->lock);
        r = strcmp(record->topic, TOPIC_DEAD_LETTERS) == 0 ? index_add_letter(x, record) : index_add_act(x, record);
        x->status.turn++;
        (void) pthread_mutex_unlock(&x->lock);
        if (r)
                error_set(err, "no memory for a dead letter; it is missing in lists");
        return r;
}

static void index_forget(struct letters_index *x) {
        while (x->n > 0)
                index_drop_oldest(x);
        while (x->acts_n > 0)
                index_drop_oldest_act(x);
        x->status = (struct letters_index_status){.turn = x->status.turn + 1};
}

static void index_reached(void *ctx) {
        struct letters_index *x = ctx;

        (void) pthread_mutex_lock(&x->lock);
        x->status.turn++;
        x->status.ready = true;
        (void) pthread_mutex_unlock(&x->lock);
}

static void index_failed(void *ctx, bool anew, const char *why) {
        struct letters_index *x = ctx;

        (void) pthread_mutex_lock(&x->lock);
        if (anew)
                index_forget(x);
        (void) snprintf(x->status.why, sizeof(x->status.why), "%s", why);
        x->status.turn++;
        (void) pthread_mutex_unlock(&x->lock);
}

void letters_index_turn(struct letters_index *x, int timeout_ms) {
        follower_turn(&x->follower, timeout_ms);
}

/* -- Life -- */

int letters_index_new(const struct letters_index_config *config, struct letters_index **ret, struct error *err) {
        static const char *const topics[] = {TOPIC_DEAD_LETTERS, TOPIC_AUDIT};
        CLEANUP(letters_index_free_p) struct letters_index *x = calloc(1, sizeof(*x));
        int r;

        if (!x)
                return -ENOMEM;
        (void) pthread_mutex_init(&x->lock, NULL);
        atomic_flag_clear(&x->claimed);
        follower_init(&x->follower, &(struct follower_config){.bus = config->bus, .clock = config->clock, .topics = topics, .topics_n = ELEMENTS(topics),
                                                              .record = index_take, .reached = index_reached, .failed = index_failed, .ctx = x});
        x->source = (struct letters_source){.bus = config->bus, .types = config->config->types, .organisations = config->config->organisations};
        x->entries = calloc(LETTERS_INDEX_MAX, sizeof(struct index_entry *));
        x->acts = calloc(INDEX_ACTS_MAX, sizeof(struct index_act *));
        r = x->entries && x->acts ? arena_new(&x->words, INDEX_WORDS_BYTES) : -ENOMEM;
        if (r == 0 && event_types_other(config->config->types, TOPIC_AUDIT))
                r = audit_codec_new(config->config->types, &x->codec, err);
        if (r)
                return r;
        *ret = TAKE(x);
        return 0;
}

int letters_index_start(struct letters_index *x, struct error *err) {
        return follower_start(&x->follower, err);
}

struct letters_index *letters_index_free(struct letters_index *x) {
        if (!x)
                return NULL;
        follower_done(&x->follower);
        index_forget(x);
        table_done(&x->entries_by_object);
        table_done(&x->acts_by_object);
        table_done(&x->words_by_text);
        arena_free(x->words);
        audit_codec_free(x->codec);
        free(x->entries);
        free(x->acts);
        (void) pthread_mutex_destroy(&x->lock);
        free(x);
        return NULL;
}

/* -- Asking -- */

bool letters_index_claim(struct letters_index *x) {
        return !atomic_flag_test_and_set(&x->claimed);
}

void letters_index_release(struct letters_index *x) {
        atomic_flag_clear(&x->claimed);
}

void letters_index_status(struct letters_index *x, struct letters_index_status *ret) {
        (void) pthread_mutex_lock(&x->lock);
        *ret = x->status;
        ret->n = x->n;
        ret->oldest = x->n > 0 ? index_nth(x, 0)->line.at : 0;
        (void) pthread_mutex_unlock(&x->lock);
}

size_t letters_index_each(struct letters_index *x, const struct letters_filter *filter, const struct letters_index_place *after, size_t limit,
                          void (*see)(void *ctx, const struct letter_line *line), void *ctx, bool *ret_more, bool *ret_known) {
        size_t seen = 0;

        *ret_more = false;
        *ret_known = !after;
        (void) pthread_mutex_lock(&x->lock);
        for (size_t i = x->n; i-- > 0 && !*ret_more;) {
                const struct letter_line *line = &index_nth(x, i)->line;

                if (!*ret_known) {
                        *ret_known = line->partition == after->partition && line->offset == after->offset;
                } else if (letter_line_passes(line, filter)) {
                        *ret_more = seen == limit;
                        if (!*ret_more && ++seen)
                                see(ctx, line);
                }
        }
        (void) pthread_mutex_unlock(&x->lock);
        return seen;
}

bool letters_index_at(struct letters_index *x, struct letters_index_place place, void (*see)(void *ctx, const struct letter_line *line), void *ctx) {
        bool found = false;

        (void) pthread_mutex_lock(&x->lock);
        for (size_t i = x->n; i-- > 0 && !found;) {
                const struct letter_line *line = &index_nth(x, i)->line;

                found = line->partition == place.partition && line->offset == place.offset;
                if (found)
                        see(ctx, line);
        }
        (void) pthread_mutex_unlock(&x->lock);
        return found;
}

size_t letters_index_of_event(struct letters_index *x, const struct uuid *event_id, size_t limit, void (*see)(void *ctx, const struct letter_line *line),
                              void *ctx) {
        size_t seen = 0;

        (void) pthread_mutex_lock(&x->lock);
        for (size_t i = x->n; i-- > 0 && seen < limit;) {
                const struct letter_line *line = &index_nth(x, i)->line;

                if (line->has_event_id && uuid_equal(&line->event_id, event_id)) {
                        see(ctx, line);
                        seen++;
                }
        }
        (void) pthread_mutex_unlock(&x->lock);
        return seen;
}

static int index_compare_groups(const void *a, const void *b) {
        const struct letters_index_group *one = a, *two = b;

        if (one->n != two->n)
                return one->n < two->n ? 1 : -1;
        return strcmp(one->name, two->name);
}

static const char *index_name(const struct letter_line *line, enum letters_index_by by) {
        const char *name = by == LETTERS_BY_CODE ? line->code : by == LETTERS_BY_TOPIC ? line->topic : line->organisation;

        return name ? name : "";
}

static void index_count_into(struct letters_index_group *group, const struct letters_index_group *more) {
        group->n += more->n;
        group->sent += more->sent;
        if (more->latest > group->latest)
                group->latest = more->latest;
}

/* The counters stand in the words themselves; only the first GROUPS_MAX by number are told by name. */
void letters_index_count(struct letters_index *x, const struct letters_filter *filter, enum letters_index_by by, struct letters_index_groups *ret) {
        VECTOR(struct letters_index_group) groups = {0};
        struct letters_index_group others = {0};
        struct index_word *word;

        *ret = (struct letters_index_groups){0};
        (void) pthread_mutex_lock(&x->lock);
        for (size_t i = 0; i < x->n; i++) {
                const struct letter_line *line = &index_nth(x, i)->line;
                const struct letters_index_group one = {.n = 1, .sent = line->sent_at != 0, .latest = line->at};

                if (!letter_line_passes(line, filter))
                        continue;
                word = index_word_of(x, index_name(line, by));
                index_count_into(word ? &word->group : &others, &one);
                ret->all++;
                ret->sent += one.sent;
        }
        for (size_t i = 0; (word = table_next(&x->words_by_text, &i));) {
                word->group.name = word->text;
                if (word->group.n > 0 && vector_push(&groups, word->group))
                        index_count_into(&others, &word->group);
                word->group = (struct letters_index_group){0};
        }
        (void) pthread_mutex_unlock(&x->lock);
        if (groups.n > 0)
                qsort(groups.items, groups.n, sizeof(*groups.items), index_compare_groups);
        for (size_t i = 0; i < groups.n; i++) {
                if (i < LETTERS_INDEX_GROUPS_MAX)
                        ret->items[ret->n++] = groups.items[i];
                else
                        index_count_into(&others, &groups.items[i]);
        }
        if (others.n > 0)
                ret->items[ret->n++] = others;
        vector_done(&groups);
}
