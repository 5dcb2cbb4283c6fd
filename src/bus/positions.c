/* SPDX-License-Identifier: EUPL-1.2 */

/* Where a handle stands in its partitions: of what came, what is handed out; of what is done, what is committed. */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "bus/murmur2.h"
#include "bus/positions.h"

/* -- Marks -- */

#define MARK_FORM "ketenwacht/1 %" PRId64 " %" PRId64 " %" PRId64

void log_mark_write(const struct log_mark *m, char ret[LOG_MARK_TEXT]) {
        (void) snprintf(ret, LOG_MARK_TEXT, MARK_FORM, m->behind, m->newest, m->last);
}

struct log_mark log_mark_read(const void *text, size_t n) {
        static const char begin[] = "ketenwacht/1 ";
        struct text rest = {text, n};
        int64_t numbers[3];

        if (n < strlen(begin) || memcmp(text, begin, strlen(begin)) != 0)
                return (struct log_mark){0};
        rest = (struct text){rest.s + strlen(begin), n - strlen(begin)};
        for (size_t i = 0; i < ELEMENTS(numbers); i++) {
                const char *space = i + 1 < ELEMENTS(numbers) ? memchr(rest.s, ' ', rest.n) : rest.s + rest.n;
                size_t length = space ? (size_t)(space - rest.s) : 0;

                if (!space || !text_to_int64((struct text){rest.s, length}, &numbers[i]) || numbers[i] < 1)
                        return (struct log_mark){0};
                rest = length < rest.n ? (struct text){space + 1, rest.n - length - 1} : (struct text){0};
        }
        return (struct log_mark){.behind = numbers[0], .newest = numbers[1], .last = numbers[2]};
}

/* -- The worker's -- */

int worker_positions_init(struct worker_positions *w, const char *const *topics, const int32_t *partitions, size_t inputs, struct error *err) {
        size_t n = (size_t)partitions[inputs];

        assert(!w->at && partitions[inputs] > 0);
        for (size_t i = 0; i < inputs; i++) {
                if (partitions[i] == partitions[inputs])
                        continue;
                error_set(err, "the topic %s has %d partitions and %s has %d: they must be equal; see 'Partitions that were added' in config/README.md",
                          topics[i], (int)partitions[i], topics[inputs], (int)partitions[inputs]);
                return -EINVAL;
        }
        w->partitions = partitions[inputs];
        w->inputs = inputs;
        w->at = calloc(n, sizeof(*w->at));
        w->handed = calloc(n, sizeof(*w->handed));
        w->next = calloc(n * (inputs + 1), sizeof(*w->next));
        w->committed = calloc(n * (inputs + 1), sizeof(*w->committed));
        w->held = calloc(n * (inputs + 1), sizeof(*w->held));
        w->marks = calloc(n * (inputs + 1), sizeof(*w->marks));
        return w->at && w->handed && w->next && w->committed && w->held && w->marks ? 0 : -ENOMEM;
}

void worker_positions_done(struct worker_positions *w) {
        free(w->at);
        free(w->handed);
        free(w->next);
        free(w->committed);
        free(w->held);
        free(w->marks);
        *w = (struct worker_positions){0};
}

static size_t worker_cell(const struct worker_positions *w, int32_t partition, size_t input) {
        assert(partition >= 0 && partition < w->partitions && input < w->inputs);
        return (size_t)partition * w->inputs + input;
}

void worker_positions_forget(struct worker_positions *w, bool written) {
        w->stale |= written;
        memset(w->at, 0, (size_t)w->partitions * sizeof(*w->at));
        memset(w->next, 0, (size_t)w->partitions * w->inputs * sizeof(*w->next));
        memset(w->committed, 0, (size_t)w->partitions * w->inputs * sizeof(*w->committed));
        memset(w->held, 0, (size_t)w->partitions * w->inputs * sizeof(*w->held));
        memset(w->marks, 0, (size_t)w->partitions * w->inputs * sizeof(*w->marks));
}

bool worker_positions_own(struct worker_positions *w, int32_t partition) {
        if (partition < 0 || partition >= w->partitions)
                return false;
        assert(!w->at[partition].owned);
        w->at[partition].owned = true;
        return true;
}

void worker_positions_event(struct worker_positions *w, enum bus_event_kind kind, bool written, struct bus_event *ret) {
        w->handed_n = 0;
        for (int32_t p = 0; p < w->partitions; p++) {
                if (w->at[p].owned)
                        w->handed[w->handed_n++] = (struct bus_part){0, p};
        }
        if (kind == BUS_LOST)
                worker_positions_forget(w, written);
        *ret = (struct bus_event){.kind = kind, .parts = w->handed, .parts_n = w->handed_n};
}

bool worker_positions_own_all(const struct worker_positions *w, const struct bus_part *parts, size_t n) {
        for (size_t k = 0; k < n; k++) {
                if (parts[k].partition < 0 || parts[k].partition >= w->partitions || !w->at[parts[k].partition].owned)
                        return false;
        }
        return true;
}

bool position_find(int64_t from, int64_t first, int64_t end, int64_t *ret) {
        assert(first >= 0);
        *ret = from < first || from > end ? first : from;
        return from >= 0 && *ret != from;
}

bool worker_positions_begin(struct worker_positions *w, int32_t partition, size_t input, int64_t committed, int64_t first, int64_t end) {
        size_t cell = worker_cell(w, partition, input);
        bool jumped;

        assert(w->at[partition].owned && !w->at[partition].started);
        jumped = position_find(committed, first, end, &w->next[cell]);
        w->committed[cell] = w->next[cell];
        w->at[partition].jumped |= jumped;
        w->at[partition].fresh |= committed < 0;
        w->at[partition].touched |= jumped;
        return jumped;
}

void worker_positions_restored(struct worker_positions *w, const struct bus_part *parts, size_t n) {
        assert(worker_positions_own_all(w, parts, n));
        for (size_t k = 0; k < n; k++)
                w->at[parts[k].partition].restored = true;
}

void worker_positions_start(struct worker_positions *w, const struct bus_part *parts, size_t n) {
        for (size_t k = 0; k < n; k++) {
                struct worker_position *at = &w->at[parts[k].partition];

                assert(at->restored && !at->started);
                at->started = true;
        }
}

int64_t worker_positions_next(const struct worker_positions *w, int32_t partition, size_t input) {
        return w->next[worker_cell(w, partition, input)];
}

struct log_marks *worker_positions_marks(struct worker_positions *w, int32_t partition, size_t input) {
        return &w->marks[worker_cell(w, partition, input)];
}

const int64_t *worker_positions_of(const struct worker_positions *w, int32_t partition) {
        return partition >= 0 && partition < w->partitions && w->at[partition].restored ? w->next + (size_t)partition * w->inputs : NULL;
}

bool worker_positions_take(struct worker_positions *w, int32_t partition, size_t input, int64_t offset) {
        size_t cell;

        if (partition < 0 || partition >= w->partitions || !w->at[partition].started)
                return false;
        cell = worker_cell(w, partition, input);
        if (offset < w->next[cell] || w->held[cell])
                return false;
        w->next[cell] = offset + 1;
        w->at[partition].moved = true;
        return true;
}

void worker_positions_hold(struct worker_positions *w, int32_t partition, size_t input, int64_t offset) {
        size_t cell = worker_cell(w, partition, input);

        assert(w->at[partition].started && w->next[cell] == offset + 1 && !w->held[cell]);
        w->next[cell] = offset;
        w->held[cell] = true;
}

void worker_positions_resume(struct worker_positions *w, int32_t partition, size_t input) {
        w->held[worker_cell(w, partition, input)] = false;
}

void worker_positions_end(struct worker_positions *w, int32_t partition, size_t input, int64_t offset) {
        size_t cell;

        if (partition < 0 || partition >= w->partitions || !w->at[partition].started)
                return;
        cell = worker_cell(w, partition, input);
        if (offset > w->next[cell] && !w->held[cell])
                w->next[cell] = offset;
}

void worker_positions_touch(struct worker_positions *w, int32_t partition) {
        assert(partition >= 0 && partition < w->partitions);
        w->at[partition].touched |= w->at[partition].owned;
}

int worker_positions_pending(const struct worker_positions *w, int (*each)(void *ctx, int32_t partition, size_t input, int64_t next), void *ctx) {
        for (int32_t p = 0; p < w->partitions; p++) {
                const int64_t *next = w->next + (size_t)p * w->inputs, *committed = w->committed + (size_t)p * w->inputs;
                bool said = false;

                for (size_t i = 0; (w->at[p].moved || w->at[p].touched) && i < w->inputs; i++) {
                        bool says = w->at[p].jumped || w->at[p].fresh || next[i] != committed[i];
                        int r = says ? each(ctx, p, i, next[i]) : 0;

                        if (r)
                                return r;
                        said |= says;
                }
                if (!said && (w->at[p].moved || w->at[p].touched) && w->inputs) {
                        int r = each(ctx, p, 0, next[0]);

                        if (r)
                                return r;
                }
        }
        return 0;
}

void worker_positions_committed(struct worker_positions *w) {
        for (int32_t p = 0; p < w->partitions; p++) {
                size_t row = (size_t)p * w->inputs;

                if (!w->at[p].moved && !w->at[p].touched)
                        continue;
                memcpy(w->committed + row, w->next + row, w->inputs * sizeof(*w->next));
                w->at[p].moved = w->at[p].touched = w->at[p].jumped = w->at[p].fresh = false;
        }
}

void worker_positions_rewind(struct worker_positions *w) {
        memcpy(w->next, w->committed, (size_t)w->partitions * w->inputs * sizeof(*w->next));
        memset(w->held, 0, (size_t)w->partitions * w->inputs * sizeof(*w->held));
        for (int32_t p = 0; p < w->partitions; p++) {
                w->at[p].moved = false;
                w->at[p].touched = w->at[p].jumped; /* what the group has is still to be put right */
        }
        w->stale = false;
}

/* -- Of several topics: rows of cells, as many as each has partitions -- */

/* Room for all partitions, of @size bytes each, at ret[topics]. NULL: out of memory. */
static void **rows_new(const int32_t *partitions, size_t topics, size_t size) {
        void **rows = calloc(topics + 1, sizeof(*rows));

        for (size_t i = 0; rows && i < topics; i++) {
                rows[i] = calloc((size_t)partitions[i] + 1, size);
                if (rows[i])
                        continue;
                while (i > 0)
                        free(rows[--i]);
                free(rows);
                return NULL;
        }
        return rows;
}

static void rows_free(void *rows, size_t topics) {
        void **at = rows;

        for (size_t i = 0; at && i < topics; i++)
                free(at[i]);
        free(at);
}

static int32_t *copy_counts(const int32_t *partitions, size_t topics) {
        int32_t *copy = calloc(topics + 1, sizeof(*copy));

        if (copy && topics)
                memcpy(copy, partitions, topics * sizeof(*copy));
        return copy;
}

static bool is_inside(const int32_t *partitions, size_t topics, struct bus_part part) {
        return part.index < topics && part.partition >= 0 && part.partition < partitions[part.index];
}

/* -- The consumer's -- */

int consumer_positions_init(struct consumer_positions *c, const int32_t *partitions, size_t topics) {
        size_t all = 0;

        assert(!c->at);
        for (size_t i = 0; i < topics; i++)
                all += (size_t)partitions[i];
        c->topics = topics;
        c->partitions = copy_counts(partitions, topics);
        c->at = (struct consumer_position **)rows_new(partitions, topics, sizeof(**c->at));
        c->handed = calloc(all + 1, sizeof(*c->handed));
        return c->partitions && c->at && c->handed ? 0 : -ENOMEM;
}

void consumer_positions_done(struct consumer_positions *c) {
        rows_free(c->at, c->topics);
        free(c->partitions);
        free(c->handed);
        *c = (struct consumer_positions){0};
}

void consumer_positions_forget(struct consumer_positions *c) {
        for (size_t i = 0; i < c->topics; i++)
                memset(c->at[i], 0, (size_t)c->partitions[i] * sizeof(**c->at));
}

bool consumer_positions_own(struct consumer_positions *c, struct bus_part part) {
        if (!is_inside(c->partitions, c->topics, part))
                return false;
        c->at[part.index][part.partition] = (struct consumer_position){.owned = true, .first = POSITION_NOWHERE, .end = POSITION_NOWHERE};
        return true;
}

int64_t consumer_positions_jump(struct consumer_positions *c, struct bus_part part, int64_t from, int64_t to) {
        int r = consumer_positions_set(c, part, to);

        assert(r == 0);
        (void)r;
        return to > from ? to - from : 0;
}

void consumer_positions_event(struct consumer_positions *c, enum bus_event_kind kind, struct bus_event *ret) {
        c->handed_n = 0;
        for (size_t i = 0; i < c->topics; i++) {
                for (int32_t p = 0; p < c->partitions[i]; p++) {
                        if (c->at[i][p].owned)
                                c->handed[c->handed_n++] = (struct bus_part){(uint32_t)i, p};
                }
        }
        if (kind == BUS_LOST)
                consumer_positions_forget(c);
        *ret = (struct bus_event){.kind = kind, .parts = c->handed, .parts_n = c->handed_n};
}

struct consumer_position *consumer_positions_get(const struct consumer_positions *c, struct bus_part part) {
        if (!is_inside(c->partitions, c->topics, part) || !c->at[part.index][part.partition].owned)
                return NULL;
        return &c->at[part.index][part.partition];
}

bool consumer_positions_take(struct consumer_positions *c, struct bus_part part, int64_t offset) {
        struct consumer_position *at = consumer_positions_get(c, part);

        if (!at || at->paused)
                return false;
        if (at->first == POSITION_NOWHERE)
                at->first = offset;
        return true;
}

bool consumer_positions_end(struct consumer_positions *c, struct bus_part part, int64_t end, struct bus_event *ret) {
        struct consumer_position *at = consumer_positions_get(c, part);

        if (!at || at->paused || at->end == end)
                return false;
        at->end = end;
        c->handed[0] = part;
        *ret = (struct bus_event){.kind = BUS_END, .parts = c->handed, .parts_n = 1, .end = end};
        return true;
}

int consumer_positions_set(struct consumer_positions *c, struct bus_part part, int64_t next) {
        struct consumer_position *at = consumer_positions_get(c, part);

        if (!at)
                return BUS_E_REBALANCED;
        at->done = next;
        at->dirty = true;
        return 0;
}

void consumer_positions_seek(struct consumer_positions *c, struct bus_part part, int64_t offset) {
        struct consumer_position *at = consumer_positions_get(c, part);

        assert(at);
        if (at->first != POSITION_NOWHERE && offset < at->first)
                at->first = offset;
}

int consumer_positions_pending(const struct consumer_positions *c, int (*each)(void *ctx, struct bus_part part, int64_t done), void *ctx) {
        for (size_t i = 0; i < c->topics; i++) {
                for (int32_t p = 0; p < c->partitions[i]; p++) {
                        const struct consumer_position *at = &c->at[i][p];
                        int r = at->owned && at->dirty ? each(ctx, (struct bus_part){(uint32_t)i, p}, at->done) : 0;

                        if (r)
                                return r;
                }
        }
        return 0;
}

void consumer_positions_committed(struct consumer_positions *c, struct bus_part part, int64_t offset) {
        struct consumer_position *at = consumer_positions_get(c, part);

        if (!at)
                return;
        at->dirty = at->done != offset;
        at->first = offset; /* records beyond it that were handed out come again after an abort */
}

int consumer_positions_rewind(struct consumer_positions *c, int (*each)(void *ctx, struct bus_part part, int64_t first), void *ctx) {
        int r = 0;

        for (size_t i = 0; i < c->topics; i++) {
                for (int32_t p = 0; p < c->partitions[i]; p++) {
                        struct consumer_position *at = &c->at[i][p];

                        at->dirty = false;
                        if (r == 0 && at->owned && at->first != POSITION_NOWHERE)
                                r = each(ctx, (struct bus_part){(uint32_t)i, p}, at->first);
                }
        }
        return r;
}

/* -- The reader's -- */

int reader_positions_init(struct reader_positions *r, const int32_t *partitions, size_t topics, bool until_end) {
        assert(!r->at);
        r->until_end = until_end;
        r->topics = topics;
        r->partitions = copy_counts(partitions, topics);
        r->at = (struct reader_position **)rows_new(partitions, topics, sizeof(**r->at));
        return r->partitions && r->at ? 0 : -ENOMEM;
}

void reader_positions_done(struct reader_positions *r) {
        rows_free(r->at, r->topics);
        free(r->partitions);
        *r = (struct reader_positions){0};
}

bool reader_positions_want(const struct bus_reader_config *config, int32_t partition, int32_t partitions) {
        if (config->partition != BUS_ALL_PARTITIONS)
                return partition == config->partition;
        return !config->key || partition == murmur2_partition(config->key, config->key_n, partitions);
}

bool reader_positions_begin(struct reader_positions *r, struct bus_part part, const struct bus_reader_config *config, int64_t found, int64_t end,
                            int64_t *begin) {
        struct reader_position *at;

        assert(is_inside(r->partitions, r->topics, part));
        at = &r->at[part.index][part.partition];
        assert(!at->reads && !at->done);
        *begin = config->from == BUS_FROM_OFFSET && config->offset > found ? config->offset : found;
        if (*begin < 0 || (config->from == BUS_FROM_OFFSET && *begin > end)) /* no record so late: the end */
                *begin = end;
        at->first = found;
        at->next = *begin;
        at->end = end;
        at->done = r->until_end && *begin >= end;
        at->reads = !at->done;
        r->left += r->until_end && at->reads;
        return at->reads;
}

static void reader_finish(struct reader_positions *r, struct reader_position *at) {
        if (!r->until_end || at->done)
                return;
        assert(r->left > 0);
        at->done = true;
        r->left--;
}

bool reader_positions_went_back(const struct reader_positions *r, struct bus_part part, int64_t offset) {
        return is_inside(r->partitions, r->topics, part) && r->at[part.index][part.partition].reads && offset < r->at[part.index][part.partition].next;
}

bool reader_positions_is_cut(const struct reader_positions *r, struct bus_part part, int64_t end) {
        const struct reader_position *at;

        if (!is_inside(r->partitions, r->topics, part))
                return false;
        at = &r->at[part.index][part.partition];
        return at->reads && (end < at->end || end < at->marks.seen.behind);
}

bool reader_positions_take(struct reader_positions *r, struct bus_part part, int64_t offset) {
        struct reader_position *at;
        bool asked;

        if (!is_inside(r->partitions, r->topics, part))
                return false;
        at = &r->at[part.index][part.partition];
        asked = at->reads && (!r->until_end || (!at->done && offset < at->end)); /* others were written since */
        at->next = offset + 1;
        if (at->reads && offset + 1 >= at->end)
                reader_finish(r, at);
        return asked;
}

void reader_positions_end(struct reader_positions *r, struct bus_part part, int64_t offset) {
        struct reader_position *at;

        if (!is_inside(r->partitions, r->topics, part))
                return;
        at = &r->at[part.index][part.partition];
        at->next = offset;
        if (at->reads && offset >= at->end)
                reader_finish(r, at);
}

void reader_positions_look(struct reader_positions *r, struct bus_part part, int64_t end) {
        assert(!r->until_end);
        if (is_inside(r->partitions, r->topics, part))
                r->at[part.index][part.partition].end = end;
}

bool reader_positions_reached(const struct reader_positions *r) {
        for (size_t i = 0; i < r->topics; i++) {
                for (int32_t p = 0; p < r->partitions[i]; p++) {
                        if (r->at[i][p].reads && !r->at[i][p].done && r->at[i][p].next < r->at[i][p].end)
                                return false;
                }
        }
        return true;
}

bool reader_positions_bounds(const struct reader_positions *r, struct bus_part part, int64_t *first, int64_t *end) {
        if (!is_inside(r->partitions, r->topics, part))
                return false;
        *first = r->at[part.index][part.partition].first;
        *end = r->at[part.index][part.partition].end;
        return true;
}
