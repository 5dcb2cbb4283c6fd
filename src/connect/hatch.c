/* SPDX-License-Identifier: EUPL-1.2 */

/* Two lists under one lock, and a bell. */

#include "connect/hatch.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct hatch_list {
        struct hatch_item *first, **end;
};

struct hatch {
        pthread_mutex_t lock;
        pthread_cond_t came; /* a question */
        struct hatch_list asked, answered;
        size_t owners, n, all_max, each_max;
        bool hurried;
        size_t each[]; /* [owners] */
};

static void hatch_list_add(struct hatch_list *list, struct hatch_item *item) {
        item->next = NULL;
        *list->end = item;
        list->end = &item->next;
}

static struct hatch_item *hatch_list_take(struct hatch_list *list) {
        struct hatch_item *item = list->first;

        if (!item)
                return NULL;
        list->first = item->next;
        if (!list->first)
                list->end = &list->first;
        item->next = NULL;
        return item;
}

int hatch_new(size_t owners, size_t all_max, size_t each_max, struct hatch **ret) {
        struct hatch *h = calloc(1, sizeof(*h) + owners * sizeof(*h->each));
        pthread_condattr_t monotonic;

        if (!h)
                return -ENOMEM;
        h->owners = owners;
        h->all_max = all_max;
        h->each_max = each_max;
        h->asked.end = &h->asked.first;
        h->answered.end = &h->answered.first;
        pthread_mutex_init(&h->lock, NULL);
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&h->came, &monotonic);
        pthread_condattr_destroy(&monotonic);
        *ret = h;
        return 0;
}

struct hatch *hatch_free(struct hatch *h, void (*free_item)(struct hatch_item *item)) {
        struct hatch_item *item;

        if (!h)
                return NULL;
        while ((item = hatch_list_take(&h->asked)) || (item = hatch_list_take(&h->answered)))
                free_item(item);
        pthread_cond_destroy(&h->came);
        pthread_mutex_destroy(&h->lock);
        free(h);
        return NULL;
}

int hatch_ask(struct hatch *h, struct hatch_item *item) {
        bool full;

        assert(item->owner < h->owners);
        pthread_mutex_lock(&h->lock);
        full = h->n >= h->all_max || h->each[item->owner] >= h->each_max;
        if (!full) {
                h->n++;
                h->each[item->owner]++;
                hatch_list_add(&h->asked, item);
                pthread_cond_signal(&h->came);
        }
        pthread_mutex_unlock(&h->lock);
        return full ? HATCH_E_FULL : 0;
}

struct hatch_item *hatch_collect(struct hatch *h) {
        struct hatch_item *item;

        pthread_mutex_lock(&h->lock);
        item = hatch_list_take(&h->answered);
        if (item) {
                h->n--;
                h->each[item->owner]--;
        }
        pthread_mutex_unlock(&h->lock);
        return item;
}

void hatch_hurry(struct hatch *h) {
        pthread_mutex_lock(&h->lock);
        h->hurried = true;
        pthread_cond_signal(&h->came);
        pthread_mutex_unlock(&h->lock);
}

struct hatch_item *hatch_take(struct hatch *h) {
        struct hatch_item *item;

        pthread_mutex_lock(&h->lock);
        item = hatch_list_take(&h->asked);
        pthread_mutex_unlock(&h->lock);
        return item;
}

bool hatch_is_hurried(struct hatch *h) {
        bool hurried;

        pthread_mutex_lock(&h->lock);
        hurried = h->hurried;
        pthread_mutex_unlock(&h->lock);
        return hurried;
}

void hatch_answer(struct hatch *h, struct hatch_item *item) {
        pthread_mutex_lock(&h->lock);
        hatch_list_add(&h->answered, item);
        pthread_mutex_unlock(&h->lock);
}

/* A rest that ends early, as one may, is no matter. */
void hatch_rest(struct hatch *h, int64_t until_ms) {
        const struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};

        pthread_mutex_lock(&h->lock);
        if (!h->asked.first)
                (void) pthread_cond_timedwait(&h->came, &h->lock, &until);
        pthread_mutex_unlock(&h->lock);
}
