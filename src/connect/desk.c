/* SPDX-License-Identifier: EUPL-1.2 */

/* The desk: its thread, and how each kind of question is answered. */

#include "connect/desk.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "base/metrics.h"
#include "base/vector.h"
#include "connect/following.h"
#include "connect/hatch.h"

#define DESK_POLL_MS 10        /* how soon a question is noticed */
#define DESK_ANSWER_BYTES_MAX ((size_t)256 * 1024)

/* A question on its way. */
struct inquiry {
        struct hatch_item item; /* first: what the hatch passes */
        struct desk_question question;
        struct desk_answer answer;
        int64_t asked_at, until; /* until: an empty page is held back; 0: it was not read yet */
        int64_t seen;            /* what was seen of the inbox when it was read */
        bool looked;             /* an event: it is known how far all must be read */
};

struct desk {
        struct desk_config config;
        bool *asks;
        struct loop loop;
        struct hatch *hatch; /* between the threads, as: */
        atomic_bool enough;  /* nobody waits for the broker any more */
        /* the desk's own thread */
        struct following *following;
        VECTOR(struct inquiry *) open;
        int64_t again, pages_again; /* not before this: another try, of following and of reading a page */
        struct desk_read {          /* [organisations]: how far each has read its inbox, as its latest question says */
                int64_t next, said; /* said: what the broker knows of it; 0: nothing */
        } *read;
        int64_t say_at;             /* not before this: the broker is told */
        struct metric *held;
};

static int64_t desk_now(const struct desk *d) {
        return clock_monotonic(&d->config.clock);
}

/* -- The asker's side -- */

int desk_ask(struct desk *d, const struct desk_question *question) {
        struct inquiry *q;
        int r;

        assert(question->who && d->asks[question->who->index]);
        q = calloc(1, sizeof(*q));
        if (!q)
                return -ENOMEM;
        q->item.owner = question->who->index;
        q->question = *question;
        q->answer = (struct desk_answer){.cookie = question->cookie, .cursor = question->cursor};
        q->asked_at = desk_now(d);
        r = hatch_ask(d->hatch, &q->item);
        if (r)
                free(q);
        return r ? DESK_E_FULL : 0;
}

int desk_failed(const struct desk *d, struct error *err) {
        return loop_has_ended(&d->loop) ? loop_outcome(&d->loop, err) : 0;
}

bool desk_next(struct desk *d, struct desk_answer *ret) {
        struct inquiry *q = (struct inquiry *)hatch_collect(d->hatch);

        if (!q)
                return false;
        *ret = q->answer;
        free(q);
        return true;
}

void desk_hurry(struct desk *d) {
        atomic_store(&d->enough, true);
        hatch_hurry(d->hatch);
}

/* -- Taking and settling -- */

/* Takes up what was asked. Return: 0 or -ENOMEM. */
static int desk_take(struct desk *d) {
        struct hatch_item *item;

        while ((item = hatch_take(d->hatch))) {
                struct inquiry *q = (struct inquiry *)item;
                int r = vector_push(&d->open, q);

                if (r == 0)
                        continue;
                free(q);
                return r;
        }
        return 0;
}

/* @i among the open ones has its answer; another stands there then. */
static void desk_settle(struct desk *d, size_t i, enum desk_outcome outcome) {
        struct inquiry *q = d->open.items[i];

        q->answer.outcome = outcome;
        d->open.items[i] = d->open.items[--d->open.n];
        hatch_answer(d->hatch, &q->item);
}

static void desk_settle_not_now(struct desk *d, size_t i, const char *why) {
        error_set(&d->open.items[i]->answer.why, "%s", why);
        desk_settle(d, i, DESK_NOT_NOW);
}

/* -- What became of an event -- */

/* Return: 0 or negative errno. */
static int desk_look(struct desk *d, struct error *err) {
        bool due = false;
        int r;

        for (size_t i = 0; i < d->open.n; i++)
                due = due || (d->open.items[i]->question.kind == DESK_EVENT && !d->open.items[i]->looked);
        if (!due)
                return 0;
        r = following_look(d->following, err);
        if (r)
                return r;
        for (size_t i = 0; i < d->open.n; i++)
                d->open.items[i]->looked = true;
        return 0;
}

static int desk_answer_event(struct desk *d, size_t i) {
        struct inquiry *q = d->open.items[i];
        struct json_writer w = JSON_WRITER(&q->answer.body);
        bool known;

        q->answer.body = (struct buffer)BUFFER_INIT(DESK_ANSWER_BYTES_MAX);
        known = following_tell(d->following, q->question.who, &q->question.event_id, &w);
        if (q->answer.body.failed)
                return -ENOMEM;
        desk_settle(d, i, known ? DESK_ANSWERED : DESK_UNKNOWN);
        return 0;
}

static int desk_answer_events(struct desk *d, struct error *err) {
        bool restored = following_is_restored(d->following);
        int r = restored ? desk_look(d, err) : 0;
        bool reached = r == 0 && restored && following_has_reached(d->following);

        for (size_t i = d->open.n; r == 0 && i-- > 0;) {
                const struct inquiry *q = d->open.items[i];

                if (q->question.kind != DESK_EVENT)
                        continue;
                if (reached && q->looked)
                        r = desk_answer_event(d, i);
                else if (!restored)
                        desk_settle_not_now(d, i, "the topics of the last month are still being read; ask again");
                else if (desk_now(d) - q->asked_at >= DESK_LATE_MS)
                        desk_settle_not_now(d, i, "the broker did not give in time what stands there; ask again");
        }
        return r;
}

/* -- Pages -- */

/* Whether the broker is to be asked for this page now. */
static bool desk_page_is_due(const struct desk *d, const struct inquiry *q, bool hurried) {
        if (q->question.kind != DESK_INBOX)
                return false;
        return hurried || !q->until || desk_now(d) >= q->until || following_inbox_end(d->following, q->question.who) != q->seen;
}

static int desk_read_page(struct desk *d, size_t i, bool hurried) {
        static const enum desk_outcome outcomes[] = {[0] = DESK_ANSWERED, [INBOX_E_CUT] = DESK_CUT, [INBOX_E_ANEW] = DESK_ANEW};
        struct inquiry *q = d->open.items[i];
        const struct inbox_reading reading = {.bus = d->config.bus,
                                              .types = d->config.types,
                                              .organisations = d->config.organisations,
                                              .clock = d->config.clock,
                                              .owner = q->question.who,
                                              .limit = q->question.limit,
                                              .enough = &d->enough};
        struct inbox_page page;
        struct error err = {0};
        int r;

        q->seen = following_inbox_end(d->following, q->question.who);
        buffer_done(&q->answer.body);
        q->answer.body = (struct buffer)BUFFER_INIT(INBOX_PAGE_BYTES_MAX);
        r = inbox_page_read(&reading, &q->answer.cursor, &q->answer.body, &page, &err);
        if (r == 0 && q->question.cursor.next > 0)
                d->read[q->question.who->index].next = q->question.cursor.next;
        if (r == -ENOMEM)
                return r;
        if (r < 0 || r == INBOX_E_LATE) {
                if (r != -ENOENT && r != -ECANCELED)
                        d->pages_again = desk_now(d) + DESK_AGAIN_MS; /* others need not wait for the same */
                if (r != -ECANCELED)
                        log_line(d->config.log, DESK_FAILED, LOG_STRING("connector", d->config.name), LOG_STRING("what", "an inbox"),
                                 LOG_STRING("reason", r < 0 ? err.text : "the broker gave nothing in time"));
                desk_settle_not_now(d, i, "the broker does not give the inbox now; ask again");
                return 0;
        }
        q->answer.from = page.from;
        q->answer.to = page.to;
        if (r == 0 && page.n == 0 && !q->until)
                q->until = q->asked_at + q->question.wait_ms;
        if (r == 0 && page.n == 0 && !hurried && desk_now(d) < q->until)
                return 0; /* held back */
        desk_settle(d, i, outcomes[r]);
        return 0;
}

/* What was asked behind is stored by who asks: the broker is told one of those at a time, for `status`. */
static int desk_say_read(struct desk *d) {
        size_t orgs = organisations_count(d->config.organisations);
        struct error err = {0};
        int r = 0;

        if (desk_now(d) < d->say_at)
                return 0;
        for (size_t i = 0; i < orgs; i++) {
                struct desk_read *read = &d->read[i];

                if (read->next == read->said)
                        continue;
                r = following_say_read(d->following, organisations_at(d->config.organisations, i), read->next, &err);
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
                if (desk_now(d) >= d->pages_again && (q->until || desk_now(d) - q->asked_at < DESK_LATE_MS))
                        return desk_read_page(d, i, hurried);
                desk_settle_not_now(d, i, "the broker does not give the inbox now; ask again");
                return 0;
        }
        return 0;
}

/* -- Its thread -- */

/* The broker failed: nobody waits for it, and nothing is asked of it for a while. */
static void desk_refuse_all(struct desk *d) {
        while (d->open.n > 0)
                desk_settle_not_now(d, d->open.n - 1, "the broker does not give what stands there now; ask again");
}

static int desk_work(struct desk *d, struct error *err) {
        int r = following_turn(d->following, DESK_POLL_MS, err);

        if (r == 0)
                r = desk_answer_events(d, err);
        if (r == 0)
                r = desk_answer_page(d, hatch_is_hurried(d->hatch));
        return r || !following_is_restored(d->following) ? r : desk_say_read(d);
}

static int desk_turn(void *ctx, bool *ret_done, struct error *err) {
        struct desk *d = ctx;
        int r = desk_take(d);

        (void) ret_done;
        if (r)
                return r;
        metric_set(d->held, 0, (int64_t)d->open.n);
        if (desk_now(d) < d->again && !following_is_open(d->following)) {
                hatch_rest(d->hatch, desk_now(d) + DESK_POLL_MS);
                desk_refuse_all(d);
                return 0;
        }
        r = desk_work(d, err);
        if (r == 0 || r == -ENOMEM)
                return r;
        if (r != -ECANCELED)
                log_line(d->config.log, DESK_FAILED, LOG_STRING("connector", d->config.name), LOG_STRING("what", "the topics"),
                         LOG_STRING("reason", err->text));
        *err = (struct error){0};
        following_stop(d->following);
        d->again = desk_now(d) + DESK_AGAIN_MS;
        desk_refuse_all(d);
        return 0;
}

static int desk_open(void *ctx, struct error *err) {
        (void) ctx;
        (void) err;
        return 0;
}

static int desk_finish(void *ctx, struct error *err) {
        struct desk *d = ctx;

        (void) err;
        following_stop(d->following); /* a handle belongs to the thread that opened it */
        return 0;
}

static void desk_interrupt(void *ctx) {
        struct desk *d = ctx;

        atomic_store(&d->enough, true);
}

static const struct loop_ops desk_loop = {.open = desk_open, .turn = desk_turn, .finish = desk_finish, .interrupt = desk_interrupt};

/* -- Making it -- */

static int desk_begin(struct desk *d, struct error *err) {
        const struct metric_row held = {.name = "ketenwacht_desk_questions", .kind = METRIC_GAUGE, .help = "Questions that wait for their answer."};
        const struct following_config following = {.bus = d->config.bus, .name = d->config.name, .types = d->config.types,
                                                   .organisations = d->config.organisations, .asks = d->asks, .clock = d->config.clock,
                                                   .log = d->config.log, .metrics = d->config.metrics, .enough = &d->enough};
        int r = following_new(&following, &d->following, err);

        if (r == 0 && d->config.metrics)
                r = metrics_register(d->config.metrics, &held, &d->held, err);
        return r ? r : loop_start(&d->loop, &desk_loop, d, err);
}

int desk_new(const struct desk_config *config, struct desk **ret, struct error *err) {
        CLEANUP(desk_free_p) struct desk *d = calloc(1, sizeof(*d));
        size_t orgs = organisations_count(config->organisations);
        int r;

        if (!d)
                return -ENOMEM;
        d->config = *config;
        d->asks = calloc(orgs + 1, sizeof(*d->asks));
        d->read = calloc(orgs + 1, sizeof(*d->read));
        if (!d->asks || !d->read)
                return -ENOMEM;
        memcpy(d->asks, config->asks, orgs * sizeof(*d->asks));
        r = hatch_new(orgs, DESK_QUESTIONS_MAX, DESK_EACH_MAX, &d->hatch);
        if (r == 0)
                r = desk_begin(d, err);
        if (r)
                return r;
        *ret = TAKE(d);
        return 0;
}

static void inquiry_free(struct hatch_item *item) {
        struct inquiry *q = (struct inquiry *)item;

        buffer_done(&q->answer.body);
        free(q);
}

struct desk *desk_free(struct desk *d) {
        if (!d)
                return NULL;
        loop_ask(&d->loop);
        loop_join(&d->loop);
        following_free(d->following);
        hatch_free(d->hatch, inquiry_free);
        for (size_t i = 0; i < d->open.n; i++)
                inquiry_free(&d->open.items[i]->item);
        vector_done(&d->open);
        free(d->read);
        free(d->asks);
        free(d);
        return NULL;
}
