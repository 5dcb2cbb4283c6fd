/* SPDX-License-Identifier: EUPL-1.2 */

/* Looks whether figures have changed, and says them to who watches. */

#include "console/live.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/loop.h"
#include "base/table.h"
#include "console/overview.h"
#include "console/topic_reading.h"

struct live_row {
        const struct organisation *of; /* NULL: the whole chain */
        struct web_stream *stream;
        struct buffer said;            /* the message of last */
        int64_t said_at, alive_at;     /* monotonic */
        uint64_t flows_turn, replica_turn; /* of which it is */
};

struct live {
        const struct console *console;
        struct loop loop;
        pthread_mutex_t lock;   /* over all that follows */
        struct live_row **rows; /* [0]: the whole chain; then each organisation that was ever watched */
        size_t rows_n, room;
};

/* -- One stream -- */

static struct live_row *live_row_free(struct live_row *row) {
        if (!row)
                return NULL;
        web_stream_free(row->stream);
        buffer_done(&row->said);
        free(row);
        return NULL;
}
DEFINE_CLEANUP(struct live_row *, live_row_free);

/* NULL: out of memory. */
static struct live_row *live_row_of(struct live *live, const struct organisation *of) {
        CLEANUP(live_row_free_p) struct live_row *row = NULL;

        for (size_t i = 0; i < live->rows_n; i++) {
                if (live->rows[i]->of == of)
                        return live->rows[i];
        }
        assert(live->rows_n < live->room); /* there are no more organisations */
        row = calloc(1, sizeof(*row));
        if (!row || web_stream_new(&row->stream))
                return NULL;
        row->of = of;
        row->said = (struct buffer)BUFFER_INIT(WEB_STREAM_MESSAGE_MAX / 2);
        row->said_at = -LIVE_PERIOD_MS;
        live->rows[live->rows_n] = TAKE(row);
        return live->rows[live->rows_n++];
}

static bool live_row_is_new(const struct live_row *row, const struct overview *o) {
        return row->said.n == 0 || row->replica_turn != o->replica.turn || !o->picture || row->flows_turn != o->picture->turn || o->trouble_since;
}

/* Says how it stands, when that is something else than what was said last. */
static void live_row_say(struct live *live, struct live_row *row) {
        CLEANUP(buffer_done) struct buffer message = BUFFER_INIT(WEB_STREAM_MESSAGE_MAX / 2);
        int64_t now = clock_monotonic(&live->console->clock);
        struct overview o;
        struct buffer before;

        if (now - row->said_at < LIVE_PERIOD_MS)
                return;
        overview_begin(live->console, row->of, &o);
        if (live_row_is_new(row, &o))
                overview_put_message(&o, &message);
        row->replica_turn = o.replica.turn;
        row->flows_turn = o.picture ? o.picture->turn : 0;
        overview_end(&o);
        if (message.n == 0 || message.failed || (message.n == row->said.n && memcmp(message.bytes, row->said.bytes, message.n) == 0))
                return;
        if (web_stream_say(row->stream, "overview", (struct text){(const char *)message.bytes, message.n}))
                return;
        row->said_at = row->alive_at = now;
        before = row->said;
        row->said = message;
        message = before;
}

static void live_row_turn(struct live *live, struct live_row *row) {
        int64_t now = clock_monotonic(&live->console->clock);

        if (web_stream_watchers(row->stream) == 0)
                return; /* it is said when somebody comes */
        live_row_say(live, row);
        if (now - row->alive_at < WEB_STREAM_ALIVE_MS)
                return;
        web_stream_keep_alive(row->stream);
        row->alive_at = now;
}

struct web_stream *live_stream(struct live *live, const struct organisation *of) {
        struct web_stream *stream = NULL;
        struct live_row *row;

        pthread_mutex_lock(&live->lock);
        row = live_row_of(live, of);
        if (row) {
                live_row_say(live, row);
                stream = row->stream;
        }
        pthread_mutex_unlock(&live->lock);
        return stream;
}

/* -- What flows asks -- */

struct live_alerts {
        struct arena *arena;
        struct table by_name; /* struct status_count */
        struct status_count *counts;
        size_t n, room;
        bool failed;
};

static void live_see_open(void *ctx, const struct organisation *of, struct text protocol, struct text norm, const struct replica_open *open) {
        struct live_alerts *a = ctx;
        struct status_count *count;

        (void) protocol;
        (void) norm;
        if (!of)
                return; /* not configured any more */
        count = table_get(&a->by_name, of->id, strlen(of->id));
        if (!count && a->n < a->room) {
                count = &a->counts[a->n++];
                count->name = of->id;
                a->failed |= table_put(&a->by_name, of->id, strlen(of->id), count) != 0;
        }
        if (count)
                count->n += open->all;
}

static int live_alert_order(const void *a, const void *b) {
        return strcmp(((const struct status_count *)a)->name, ((const struct status_count *)b)->name);
}

bool live_known(void *ctx, struct arena *arena, struct status_known *ret) {
        struct live *live = ctx;
        struct live_alerts alerts = {.arena = arena, .room = organisations_count(live->console->config->organisations)};
        struct replica_status status;

        replica_status(live->console->replica, &status);
        alerts.counts = arena_calloc(arena, alerts.room + 1, sizeof(*alerts.counts));
        if (!status.seen || !alerts.counts || replica_versions(live->console->replica, arena, ret))
                return false;
        replica_lock(live->console->replica);
        replica_open_each(live->console->replica, live_see_open, &alerts);
        replica_unlock(live->console->replica);
        table_done(&alerts.by_name);
        qsort(alerts.counts, alerts.n, sizeof(*alerts.counts), live_alert_order);
        ret->alerts = alerts.counts;
        ret->alerts_n = alerts.n;
        return !alerts.failed;
}

/* -- The thread -- */

static int live_open(void *ctx, struct error *err) {
        (void) ctx;
        (void) err;
        return 0;
}

static int live_turn(void *ctx, bool *ret_done, struct error *err) {
        struct live *live = ctx;

        (void) ret_done;
        (void) err;
        nanosleep(&(struct timespec){.tv_nsec = LIVE_LOOK_MS * 1000000L}, NULL);
        readings_tick(live->console->readings, clock_monotonic(&live->console->clock));
        pthread_mutex_lock(&live->lock);
        for (size_t i = 0; i < live->rows_n; i++)
                live_row_turn(live, live->rows[i]);
        pthread_mutex_unlock(&live->lock);
        return 0;
}

static const struct loop_ops live_ops = {.open = live_open, .turn = live_turn};

int live_new(const struct console *console, struct live **ret) {
        CLEANUP(live_free_p) struct live *live = calloc(1, sizeof(*live));

        if (!live)
                return -ENOMEM;
        live->console = console;
        live->room = organisations_count(console->config->organisations) + 1;
        pthread_mutex_init(&live->lock, NULL);
        live->rows = calloc(live->room, sizeof(struct live_row *));
        if (!live->rows || !live_row_of(live, NULL))
                return -ENOMEM;
        *ret = TAKE(live);
        return 0;
}

int live_start(struct live *live, struct error *err) {
        return loop_start(&live->loop, &live_ops, live, err);
}

void live_stop(struct live *live) {
        if (!live)
                return;
        loop_ask(&live->loop);
        loop_join(&live->loop);
}

struct live *live_free(struct live *live) {
        if (!live)
                return NULL;
        live_stop(live);
        for (size_t i = 0; i < live->rows_n; i++)
                live_row_free(live->rows[i]);
        free(live->rows);
        pthread_mutex_destroy(&live->lock);
        free(live);
        return NULL;
}
