/* SPDX-License-Identifier: EUPL-1.2 */

/* A ring of the latest records of audit, and the thread that follows them. */

#include "replica/audit_index.h"

#include <errno.h>
#include <pthread.h>

#include "cluster/topics.h"
#include "replica/follower.h"

struct audit_index_row {
        int64_t offset;
        struct audit_record record; /* its texts lie in bytes */
        char bytes[];
};

/* A ring of rows, the oldest first. */
struct audit_index_ring {
        struct audit_index_row **rows;
        size_t size, first, n;
};

struct audit_index {
        struct audit_index_config config;
        struct audit_codec *codec;
        struct follower follower;
        pthread_mutex_t lock;      /* over what follows */
        struct audit_index_ring ring;
        bool ready, older;
        pthread_mutex_t reading;   /* the topic is being read for somebody */
};

/* -- A ring -- */

static char *audit_copy_text(char *at, struct text *text) {
        if (text->n > 0)
                memcpy(at, text->s, text->n);
        text->s = at;
        return at + text->n;
}

static struct audit_index_row *audit_row_copy(const struct audit_record *record, int64_t offset) {
        size_t n = record->user.n + record->roles.n + record->organisation.n + record->address.n + record->action.n + record->object.n + record->result.n +
                   record->reason.n;
        struct audit_index_row *row = malloc(sizeof(*row) + n);
        struct audit_record *copy;
        char *at;

        if (!row)
                return NULL;
        row->offset = offset;
        row->record = *record;
        copy = &row->record;
        at = audit_copy_text(row->bytes, &copy->user);
        at = audit_copy_text(at, &copy->roles);
        at = audit_copy_text(at, &copy->organisation);
        at = audit_copy_text(at, &copy->address);
        at = audit_copy_text(at, &copy->action);
        at = audit_copy_text(at, &copy->object);
        at = audit_copy_text(at, &copy->result);
        (void) audit_copy_text(at, &copy->reason);
        return row;
}

/* Puts a copy in. Return: 1: the oldest went; 0; -ENOMEM. */
static int audit_ring_put(struct audit_index_ring *ring, const struct audit_record *record, int64_t offset) {
        struct audit_index_row *row = audit_row_copy(record, offset), **place = &ring->rows[(ring->first + ring->n) % ring->size];

        if (!row)
                return -ENOMEM;
        if (ring->n < ring->size) {
                ring->n++;
                *place = row;
                return 0;
        }
        free(*place);
        *place = row;
        ring->first = (ring->first + 1) % ring->size;
        return 1;
}

static const struct audit_index_row *audit_ring_at(const struct audit_index_ring *ring, size_t i) {
        return ring->rows[(ring->first + i) % ring->size];
}

static void audit_ring_done(struct audit_index_ring *ring) {
        for (size_t i = 0; i < ring->n; i++)
                free(ring->rows[(ring->first + i) % ring->size]);
        free(ring->rows);
        *ring = (struct audit_index_ring){0};
}

/* -- Following -- */

static int audit_index_take(void *ctx, struct bus_record *record, struct error *err) {
        struct audit_index *x = ctx;
        struct audit_record said;
        int r = 0;

        if (!audit_decode(x->codec, record->value, record->value_n, &said))
                return 0;
        pthread_mutex_lock(&x->lock);
        if (x->ring.n == 0 || audit_ring_at(&x->ring, x->ring.n - 1)->offset < record->offset) /* not read again, after a failure */
                r = audit_ring_put(&x->ring, &said, record->offset);
        x->older |= r > 0;
        pthread_mutex_unlock(&x->lock);
        if (r < 0)
                error_set(err, "no memory for a record of audit; it is missing in lists");
        return r < 0 ? r : 0;
}

static void audit_index_reached(void *ctx) {
        struct audit_index *x = ctx;

        pthread_mutex_lock(&x->lock);
        x->ready = true;
        pthread_mutex_unlock(&x->lock);
}

static void audit_index_failed(void *ctx, bool anew, const char *why) {
        struct audit_index *x = ctx;

        (void) why; /* the auditor says so, and every page */
        if (!anew)
                return;
        pthread_mutex_lock(&x->lock);
        for (size_t i = 0; i < x->ring.n; i++)
                free(x->ring.rows[(x->ring.first + i) % x->ring.size]);
        x->ring.first = x->ring.n = 0;
        x->older = x->ready = false;
        pthread_mutex_unlock(&x->lock);
}

/* -- Life -- */

int audit_index_new(const struct audit_index_config *config, struct audit_index **ret, struct error *err) {
        static const char *const topics[] = {TOPIC_AUDIT};
        struct audit_index *x = calloc(1, sizeof(*x));
        int r;

        if (!x)
                return -ENOMEM;
        x->config = *config;
        follower_init(&x->follower, &(struct follower_config){.bus = config->bus, .clock = clock_system(), .topics = topics, .topics_n = ELEMENTS(topics),
                                                              .record = audit_index_take, .reached = audit_index_reached, .failed = audit_index_failed,
                                                              .ctx = x});
        pthread_mutex_init(&x->lock, NULL);
        pthread_mutex_init(&x->reading, NULL);
        x->ring = (struct audit_index_ring){.rows = calloc(AUDIT_INDEX_MAX, sizeof(struct audit_index_row *)), .size = AUDIT_INDEX_MAX};
        r = x->ring.rows ? audit_codec_new(config->types, &x->codec, err) : -ENOMEM;
        if (r == 0)
                r = follower_start(&x->follower, err);
        if (r) {
                audit_index_free(x);
                return r;
        }
        *ret = x;
        return 0;
}

struct audit_index *audit_index_free(struct audit_index *x) {
        if (!x)
                return NULL;
        follower_done(&x->follower);
        audit_ring_done(&x->ring);
        audit_codec_free(x->codec);
        pthread_mutex_destroy(&x->reading);
        pthread_mutex_destroy(&x->lock);
        free(x);
        return NULL;
}

/* -- Asking -- */

void audit_index_each(struct audit_index *x, const struct audit_filter *filter, int64_t before, size_t limit,
                      void (*see)(void *ctx, const struct audit_record *record, int64_t offset), void *ctx, struct audit_index_seen *ret) {
        size_t seen = 0;

        pthread_mutex_lock(&x->lock);
        *ret = (struct audit_index_seen){.ready = x->ready, .older = x->older, .oldest = x->ring.n > 0 ? audit_ring_at(&x->ring, 0)->record.at : 0};
        for (size_t i = x->ring.n; i-- > 0 && !ret->more;) {
                const struct audit_index_row *row = audit_ring_at(&x->ring, i);

                if (row->offset >= before || !audit_filter_passes(filter, &row->record))
                        continue;
                ret->more = seen == limit;
                if (!ret->more && ++seen)
                        see(ctx, &row->record, row->offset);
        }
        pthread_mutex_unlock(&x->lock);
}

/* The latest of what passes, one more than are asked for. */
struct audit_index_old {
        struct audit_index_ring ring;
        int64_t before;
};

static int audit_old_take(void *ctx, const struct audit_record *record, int64_t offset, struct error *err) {
        struct audit_index_old *old = ctx;
        int r = offset < old->before ? audit_ring_put(&old->ring, record, offset) : 0;

        (void) err;
        return r < 0 ? r : 0;
}

int audit_index_read(struct audit_index *x, const struct audit_filter *filter, int64_t before, size_t limit,
                     void (*see)(void *ctx, const struct audit_record *record, int64_t offset), void *ctx, struct audit_index_seen *ret, struct error *err) {
        struct audit_index_old old = {.ring = {.size = limit + 1}, .before = before};
        const struct audit_log_reading reading = {.bus = x->config.bus, .types = x->config.types, .filter = filter, .take = audit_old_take, .ctx = &old};
        int r;

        *ret = (struct audit_index_seen){.ready = true};
        if (pthread_mutex_trylock(&x->reading))
                return -EBUSY;
        old.ring.rows = calloc(old.ring.size, sizeof(struct audit_index_row *));
        r = old.ring.rows ? audit_log_read(&reading, err) : -ENOMEM;
        pthread_mutex_unlock(&x->reading);
        ret->more = old.ring.n > limit;
        for (size_t i = old.ring.n; r == 0 && i-- > ret->more;)
                see(ctx, &audit_ring_at(&old.ring, i)->record, audit_ring_at(&old.ring, i)->offset);
        audit_ring_done(&old.ring);
        return r;
}
