/* SPDX-License-Identifier: EUPL-1.2 */

/* The desk: questions and answers between two threads, following the topics, and answering. */

#include "connect/desk.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/loop.h"
#include "base/metrics.h"
#include "base/vector.h"
#include "bus/positions.h"
#include "cluster/topics.h"

#define DESK_POLL_MS 10        /* how soon a question is noticed */
#define DESK_RECORDS_A_TURN 2000
#define DESK_ANSWER_BYTES_MAX ((size_t)256 * 1024)
#define DESK_TOPICS_MORE 1     /* beside event topics and inboxes: dead-letters */

/* A question on its way. */
struct inquiry {
        struct desk_question question;
        struct desk_answer answer;
        int64_t asked_at, until; /* until: an empty page is held back; 0: it was not read yet */
        int64_t seen;            /* what was seen of the inbox when it was read */
        bool looked;             /* an event: it is known how far all must be read */
};

typedef VECTOR(struct inquiry *) inquiries;

struct desk {
        struct desk_config config;
        bool *asks;
        struct loop loop;
        /* between the threads */
        pthread_mutex_t lock;
        inquiries asked, answered;
        size_t *each;    /* [organisations]: questions that were asked and not fetched */
        size_t questions;
        bool hurried;
        pthread_cond_t came; /* a question */
        /* the desk's own thread */
        inquiries open;
        const char **topics; /* event topics, dead-letters, inboxes */
        char *names;         /* of the inboxes */
        const struct event_type **types;
        size_t types_n, topics_n;
        struct bus_reader *reader; /* NULL: the broker failed */
        struct fates *fates;
        bool restored;             /* all that stood there at opening is taken in */
        int64_t again, pages_again; /* not before this: another try, of following and of reading a page */
        int64_t *seen;             /* [organisations]: the offset behind the latest record of each inbox that was seen */
        struct desk_read {         /* [organisations]: how far each has read its inbox, as its latest question says */
                int64_t next, said; /* said: what the broker knows of it; 0: nothing */
        } *read;
        int64_t say_at;            /* not before this: the broker is told */
        struct bus_part *parts;    /* of all event topics, and how far the workers are with each */
        int64_t *done;
        size_t parts_n;
        int64_t began_at;
        struct error failed;
        struct metric *ready, *events, *since, *held;
};

static int64_t desk_now(const struct desk *d) {
        return clock_monotonic(&d->config.clock);
}

/* -- Between the threads -- */

int desk_ask(struct desk *d, const struct desk_question *question) {
        struct inquiry *q;
        int r = 0;

        assert(question->who && d->asks[question->who->index]);
        q = calloc(1, sizeof(*q));
        if (!q)
                return -ENOMEM;
        q->question = *question;
        q->answer = (struct desk_answer){.cookie = question->cookie, .cursor = question->cursor};
        q->asked_at = desk_now(d);
        pthread_mutex_lock(&d->lock);
        if (d->questions >= DESK_QUESTIONS_MAX || d->each[question->who->index] >= DESK_EACH_MAX)
                r = DESK_E_FULL;
        else
                r = vector_push(&d->asked, q);
        if (r == 0) {
                d->questions++;
                d->each[question->who->index]++;
                pthread_cond_signal(&d->came);
        }
        pthread_mutex_unlock(&d->lock);
        if (r)
                free(q);
        return r;
}

int desk_failed(const struct desk *d, struct error *err) {
        return loop_has_ended(&d->loop) ? loop_outcome(&d->loop, err) : 0;
}

bool desk_next(struct desk *d, struct desk_answer *ret) {
        struct inquiry *q = NULL;

        pthread_mutex_lock(&d->lock);
        if (d->answered.n > 0) {
                q = d->answered.items[--d->answered.n];
                d->questions--;
                d->each[q->question.who->index]--;
        }
        pthread_mutex_unlock(&d->lock);
        if (!q)
                return false;
        *ret = q->answer;
        free(q);
        return true;
}

void desk_hurry(struct desk *d) {
        pthread_mutex_lock(&d->lock);
        d->hurried = true;
        pthread_mutex_unlock(&d->lock);
}

/* Waits a little for a question. */
static void desk_rest(struct desk *d) {
        int64_t until_ms = desk_now(d) + DESK_POLL_MS;
        const struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};

        pthread_mutex_lock(&d->lock);
        if (d->asked.n == 0)
                (void) pthread_cond_timedwait(&d->came, &d->lock, &until);
        pthread_mutex_unlock(&d->lock);
}

/* Takes up what was asked. Return: 0 or -ENOMEM. */
static int desk_take(struct desk *d, bool *hurried) {
        int r = 0;

        pthread_mutex_lock(&d->lock);
        for (size_t i = 0; r == 0 && i < d->asked.n; i++)
                r = vector_push(&d->open, d->asked.items[i]);
        if (r == 0)
                d->asked.n = 0;
        *hurried = d->hurried;
        pthread_mutex_unlock(&d->lock);
        return r;
}

/* @i among the open ones has its answer; another stands there then. */
static int desk_settle(struct desk *d, size_t i, enum desk_outcome outcome) {
        struct inquiry *q = d->open.items[i];
        int r;

        q->answer.outcome = outcome;
        d->open.items[i] = d->open.items[--d->open.n];
        pthread_mutex_lock(&d->lock);
        r = vector_push(&d->answered, q);
        pthread_mutex_unlock(&d->lock);
        return r;
}

static int desk_settle_not_now(struct desk *d, size_t i, const char *why) {
        error_set(&d->open.items[i]->answer.why, "%s", why);
        return desk_settle(d, i, DESK_NOT_NOW);
}

/* -- Following the topics -- */

static void desk_stop_following(struct desk *d) {
        bus_reader_close(d->reader);
        d->reader = NULL;
        d->fates = fates_free(d->fates);
        d->restored = false;
        free(d->parts);
        free(d->done);
        d->parts = NULL;
        d->done = NULL;
        d->parts_n = 0;
        metric_set(d->ready, 0, 0);
        metric_know(d->since, false);
}

/* The parts of all event topics, in the order of the topics. */
static int desk_list_parts(struct desk *d) {
        const struct reader_positions *at = bus_reader_positions(d->reader);
        size_t n = 0;

        for (size_t t = 0; t < d->types_n; t++)
                n += (size_t)at->partitions[t];
        d->parts = calloc(n + 1, sizeof(*d->parts));
        d->done = calloc(n + 1, sizeof(*d->done));
        if (!d->parts || !d->done)
                return -ENOMEM;
        for (size_t t = 0; t < d->types_n; t++) {
                for (int32_t p = 0; p < at->partitions[t]; p++)
                        d->parts[d->parts_n++] = (struct bus_part){(uint32_t)t, p};
        }
        return 0;
}

static int desk_begin_following(struct desk *d, struct error *err) {
        instant_t now = clock_realtime(&d->config.clock);
        const struct fates_config fates = {.types = d->config.types,
                                           .organisations = d->config.organisations,
                                           .asks = d->asks,
                                           .bytes_max = FATES_BYTES_MAX,
                                           .since = now - DESK_SINCE_MS};
        const struct bus_reader_config config = {.topics = d->topics,
                                                 .topics_n = d->topics_n,
                                                 .partition = BUS_ALL_PARTITIONS,
                                                 .from = BUS_FROM_INSTANT,
                                                 .instant = fates.since,
                                                 .some = true,
                                                 .group = TOPICS_GROUP_RULES};
        int r = fates_new(&fates, &d->fates);

        d->began_at = desk_now(d);
        if (r == 0)
                r = bus_reader_open(d->config.bus, &config, &d->reader, err);
        return r ? r : desk_list_parts(d);
}

static int desk_take_record(struct desk *d, struct bus_record *record) {
        const struct organisation *to;

        if (record->index < d->types_n)
                return fates_take_post(d->fates, d->types[record->index], record);
        if (record->index == d->types_n)
                return fates_take_letter(d->fates, record);
        to = organisations_at(d->config.organisations, record->index - d->types_n - DESK_TOPICS_MORE);
        d->seen[to->index] = record->offset + 1;
        return fates_take_inbox(d->fates, to, record);
}

static void desk_show(struct desk *d) {
        struct fates_stats stats;

        fates_stats(d->fates, &stats);
        metric_set(d->events, 0, (int64_t)stats.events);
        metric_set(d->since, 0, clock_realtime(&d->config.clock) - stats.since);
        metric_know(d->since, true);
        if (d->restored || !reader_positions_reached(bus_reader_positions(d->reader)))
                return;
        d->restored = true;
        metric_set(d->ready, 0, 1);
        log_line(d->config.log, DESK_READY, LOG_STRING("connector", d->config.name), LOG_INT("events", (int64_t)stats.events),
                 LOG_INT("bytes", (int64_t)stats.bytes), LOG_INT("ms", desk_now(d) - d->began_at));
}

static int desk_follow(struct desk *d, struct error *err) {
        int timeout_ms = DESK_POLL_MS;

        for (size_t i = 0; i < DESK_RECORDS_A_TURN; i++) {
                struct bus_event event;
                int r = bus_reader_poll(d->reader, timeout_ms, &event, err);

                if (r == 0 && event.kind == BUS_RECORD)
                        r = desk_take_record(d, &event.record);
                if (r)
                        return r;
                if (event.kind != BUS_RECORD)
                        break;
                timeout_ms = 0;
        }
        desk_show(d);
        return 0;
}

/* -- What became of an event -- */

static int64_t desk_done(void *ctx, const struct event_type *type, int32_t partition) {
        const struct desk *d = ctx;

        for (size_t i = 0; i < d->parts_n; i++) {
                if (d->types[d->parts[i].index] == type && d->parts[i].partition == partition)
                        return d->done[i];
        }
        return BUS_NOT_COMMITTED;
}

/* What is committed beyond the end is of a log that is no more. */
static void desk_judge_done(struct desk *d) {
        int64_t first, end;

        for (size_t i = 0; i < d->parts_n; i++) {
                if (!reader_positions_bounds(bus_reader_positions(d->reader), d->parts[i], &first, &end) || d->done[i] > end)
                        d->done[i] = BUS_NOT_COMMITTED;
        }
}

/* First what the workers are done with, then how far all must be read: so nothing that they answered before can be missing. */
static int desk_look(struct desk *d, struct error *err) {
        bool due = false;
        int r;

        for (size_t i = 0; i < d->open.n; i++)
                due = due || (d->open.items[i]->question.kind == DESK_EVENT && !d->open.items[i]->looked);
        if (!due)
                return 0;
        r = bus_reader_committed(d->reader, d->parts, d->parts_n, d->done, err);
        if (r == 0)
                r = bus_reader_look(d->reader, err);
        if (r)
                return r;
        desk_judge_done(d);
        for (size_t i = 0; i < d->open.n; i++)
                d->open.items[i]->looked = true;
        return 0;
}

static int desk_answer_event(struct desk *d, size_t i) {
        const struct fates_progress progress = {desk_done, d};
        struct inquiry *q = d->open.items[i];
        struct json_writer w = JSON_WRITER(&q->answer.body);
        bool known;

        q->answer.body = (struct buffer)BUFFER_INIT(DESK_ANSWER_BYTES_MAX);
        known = fates_tell(d->fates, q->question.who, &q->question.event_id, &progress, &w);
        if (q->answer.body.failed)
                return -ENOMEM;
        return desk_settle(d, i, known ? DESK_ANSWERED : DESK_UNKNOWN);
}

static int desk_answer_events(struct desk *d, struct error *err) {
        int r = d->restored ? desk_look(d, err) : 0;
        bool reached = r == 0 && d->restored && reader_positions_reached(bus_reader_positions(d->reader));

        for (size_t i = d->open.n; r == 0 && i-- > 0;) {
                const struct inquiry *q = d->open.items[i];

                if (q->question.kind != DESK_EVENT)
                        continue;
                if (reached && q->looked)
                        r = desk_answer_event(d, i);
                else if (!d->restored)
                        r = desk_settle_not_now(d, i, "the topics of the last month are still being read; ask again");
                else if (desk_now(d) - q->asked_at >= DESK_LATE_MS)
                        r = desk_settle_not_now(d, i, "the broker did not give in time what stands there; ask again");
        }
        return r;
}

/* -- Pages -- */

/* Whether the broker is to be asked for this page now. */
static bool desk_page_is_due(const struct desk *d, const struct inquiry *q, bool hurried) {
        if (q->question.kind != DESK_INBOX)
                return false;
        return hurried || !q->until || desk_now(d) >= q->until || d->seen[q->question.who->index] != q->seen;
}

static int desk_read_page(struct desk *d, size_t i, bool hurried) {
        static const enum desk_outcome outcomes[] = {[0] = DESK_ANSWERED, [INBOX_E_CUT] = DESK_CUT, [INBOX_E_ANEW] = DESK_ANEW};
        struct inquiry *q = d->open.items[i];
        const struct inbox_reading reading = {.bus = d->config.bus,
                                              .types = d->config.types,
                                              .organisations = d->config.organisations,
                                              .clock = d->config.clock,
                                              .owner = q->question.who,
                                              .limit = q->question.limit};
        struct inbox_page page;
        struct error err = {0};
        int r;

        q->seen = d->seen[q->question.who->index];
        buffer_done(&q->answer.body);
        q->answer.body = (struct buffer)BUFFER_INIT(INBOX_PAGE_BYTES_MAX);
        r = inbox_page_read(&reading, &q->answer.cursor, &q->answer.body, &page, &err);
        if (r == 0 && q->question.cursor.next > 0)
                d->read[q->question.who->index].next = q->question.cursor.next;
        if (r == -ENOMEM)
                return r;
        if (r < 0 || r == INBOX_E_LATE) {
                if (r != -ENOENT)
                        d->pages_again = desk_now(d) + DESK_AGAIN_MS; /* others need not wait for the same */
                log_line(d->config.log, DESK_FAILED, LOG_STRING("connector", d->config.name), LOG_STRING("what", "an inbox"),
                         LOG_STRING("reason", r < 0 ? err.text : "the broker gave nothing in time"));
                return desk_settle_not_now(d, i, "the broker does not give the inbox now; ask again");
        }
        q->answer.from = page.from;
        q->answer.to = page.to;
        if (r == 0 && page.n == 0 && !q->until)
                q->until = q->asked_at + q->question.wait_ms;
        if (r == 0 && page.n == 0 && !hurried && desk_now(d) < q->until)
                return 0; /* held back */
        return desk_settle(d, i, outcomes[r]);
}

/* What was asked behind is stored by who asks: the broker is told one of those at a time, for `status`. */
static int desk_say_read(struct desk *d) {
        size_t orgs = organisations_count(d->config.organisations);
        char group[BUS_NAME_MAX + 1];
        struct error err = {0};
        int r = 0;

        if (desk_now(d) < d->say_at)
                return 0;
        for (size_t i = 0; i < orgs; i++) {
                struct desk_read *read = &d->read[i];

                if (read->next == read->said)
                        continue;
                (void) snprintf(group, sizeof(group), TOPICS_GROUP_PAGES "%s", organisations_at(d->config.organisations, i)->id);
                r = bus_reader_commit(d->reader, group, (struct bus_part){(uint32_t)(d->types_n + DESK_TOPICS_MORE + i), 0}, read->next, &err);
                read->said = read->next; /* also when it failed: the next page says more */
                break;
        }
        if (r < 0 && r != -ENOMEM) {
                d->say_at = desk_now(d) + DESK_AGAIN_MS;
                log_line(d->config.log, DESK_FAILED, LOG_STRING("connector", d->config.name), LOG_STRING("what", "a note of how far an inbox is read"),
                         LOG_STRING("reason", err.text));
        }
        return r == -ENOMEM ? r : 0;
}

/* One at a time, so that questions about events do not wait long. */
static int desk_answer_page(struct desk *d, bool hurried) {
        for (size_t i = d->open.n; i-- > 0;) {
                const struct inquiry *q = d->open.items[i];

                if (!desk_page_is_due(d, q, hurried))
                        continue;
                if (desk_now(d) < d->pages_again || (!q->until && desk_now(d) - q->asked_at >= DESK_LATE_MS))
                        return desk_settle_not_now(d, i, "the broker does not give the inbox now; ask again");
                return desk_read_page(d, i, hurried);
        }
        return 0;
}

/* -- Its thread -- */

/* The broker failed: nobody waits for it, and nothing is asked of it for a while. */
static int desk_refuse_all(struct desk *d) {
        int r = 0;

        while (r == 0 && d->open.n > 0)
                r = desk_settle_not_now(d, d->open.n - 1, "the broker does not give what stands there now; ask again");
        return r;
}

static int desk_work(struct desk *d, bool hurried, struct error *err) {
        int r = 0;

        if (!d->reader)
                r = desk_begin_following(d, err);
        if (r == 0)
                r = desk_follow(d, err);
        if (r == 0)
                r = desk_answer_events(d, err);
        if (r == 0)
                r = desk_answer_page(d, hurried);
        return r || !d->restored ? r : desk_say_read(d);
}

static int desk_turn(void *ctx, bool *ret_done, struct error *err) {
        struct desk *d = ctx;
        bool hurried;
        int r = desk_take(d, &hurried);

        (void) ret_done;
        if (r)
                return r;
        metric_set(d->held, 0, (int64_t)d->open.n);
        if (desk_now(d) < d->again && !d->reader) {
                desk_rest(d);
                return desk_refuse_all(d);
        }
        r = desk_work(d, hurried, err);
        if (r == 0 || r == -ENOMEM)
                return r;
        log_line(d->config.log, DESK_FAILED, LOG_STRING("connector", d->config.name), LOG_STRING("what", "the topics"), LOG_STRING("reason", err->text));
        *err = (struct error){0};
        desk_stop_following(d);
        d->again = desk_now(d) + DESK_AGAIN_MS;
        return desk_refuse_all(d);
}

static int desk_open(void *ctx, struct error *err) {
        (void) ctx;
        (void) err;
        return 0;
}

static int desk_finish(void *ctx, struct error *err) {
        struct desk *d = ctx;

        (void) err;
        desk_stop_following(d); /* a handle belongs to the thread that opened it */
        return 0;
}

static const struct loop_ops desk_loop = {.open = desk_open, .turn = desk_turn, .finish = desk_finish};

/* -- Making it -- */

static int desk_metrics(struct desk *d, struct error *err) {
        const struct {
                struct metric **ret;
                struct metric_row row;
        } rows[] = {
                {&d->ready, {.name = "ketenwacht_desk_ready", .kind = METRIC_GAUGE,
                             .help = "1 when what became of events can be said, 0 while the topics are being read or the broker fails."}},
                {&d->events, {.name = "ketenwacht_desk_events", .kind = METRIC_GAUGE, .help = "Events of which it is known what became of them."}},
                {&d->since, {.name = "ketenwacht_desk_known_seconds", .kind = METRIC_GAUGE,
                             .help = "So far back events are known; less than a month when memory is too small for it.", .per_unit = 1000}},
                {&d->held, {.name = "ketenwacht_desk_questions", .kind = METRIC_GAUGE, .help = "Questions that wait for their answer."}},
        };

        for (size_t i = 0; d->config.metrics && i < ELEMENTS(rows); i++) {
                int r = metrics_register(d->config.metrics, &rows[i].row, rows[i].ret, err);

                if (r < 0)
                        return r;
        }
        metric_know(d->since, false);
        return 0;
}

/* Event topics, dead-letters, inboxes: in this order. */
static int desk_list_topics(struct desk *d) {
        size_t events = event_types_count(d->config.types), orgs = organisations_count(d->config.organisations), each = BUS_NAME_MAX + 1;

        d->topics = calloc(events + DESK_TOPICS_MORE + orgs, sizeof(*d->topics));
        d->types = calloc(events + 1, sizeof(*d->types));
        d->names = calloc(orgs + 1, each);
        if (!d->topics || !d->types || !d->names)
                return -ENOMEM;
        for (size_t i = 0; i < events; i++) {
                const struct event_type *type = event_types_at(d->config.types, i);

                if (type->output)
                        continue;
                d->types[d->types_n++] = type;
                d->topics[d->topics_n++] = type->name;
        }
        d->topics[d->topics_n++] = TOPIC_DEAD_LETTERS;
        for (size_t i = 0; i < orgs; i++) {
                (void) snprintf(d->names + i * each, each, TOPIC_INBOX_PREFIX "%s", organisations_at(d->config.organisations, i)->id);
                d->topics[d->topics_n++] = d->names + i * each;
        }
        return 0;
}

static void desk_init_locks(struct desk *d) {
        pthread_condattr_t monotonic;

        pthread_mutex_init(&d->lock, NULL);
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&d->came, &monotonic);
        pthread_condattr_destroy(&monotonic);
}

int desk_new(const struct desk_config *config, struct desk **ret, struct error *err) {
        CLEANUP(desk_free_p) struct desk *d = calloc(1, sizeof(*d));
        size_t orgs = organisations_count(config->organisations);
        int r;

        if (!d)
                return -ENOMEM;
        d->config = *config;
        desk_init_locks(d);
        d->asks = calloc(orgs + 1, sizeof(*d->asks));
        d->each = calloc(orgs + 1, sizeof(*d->each));
        d->seen = calloc(orgs + 1, sizeof(*d->seen));
        d->read = calloc(orgs + 1, sizeof(*d->read));
        if (!d->asks || !d->each || !d->seen || !d->read)
                return -ENOMEM;
        memcpy(d->asks, config->asks, orgs * sizeof(*d->asks));
        r = desk_list_topics(d);
        if (r == 0)
                r = desk_metrics(d, err);
        if (r == 0)
                r = loop_start(&d->loop, &desk_loop, d, err);
        if (r)
                return r;
        *ret = TAKE(d);
        return 0;
}

static void inquiries_free(inquiries *list) {
        for (size_t i = 0; i < list->n; i++) {
                buffer_done(&list->items[i]->answer.body);
                free(list->items[i]);
        }
        vector_done(list);
}

struct desk *desk_free(struct desk *d) {
        if (!d)
                return NULL;
        loop_ask(&d->loop);
        loop_join(&d->loop);
        desk_stop_following(d);
        inquiries_free(&d->asked);
        inquiries_free(&d->answered);
        inquiries_free(&d->open);
        free(d->topics);
        free(d->types);
        free(d->names);
        free(d->asks);
        free(d->each);
        free(d->seen);
        free(d->read);
        pthread_cond_destroy(&d->came);
        pthread_mutex_destroy(&d->lock);
        free(d);
        return NULL;
}
