/* SPDX-License-Identifier: EUPL-1.2 */

/* Playing a tape into the chain. */

#include "demo/feed.h"

#include <errno.h>

#define LOOK_MS 2    /* between two looks at the worker */
#define SHOW_MS 50   /* between two looks while only time passes */

int feed_wait(struct feed *feed, bool (*done)(struct feed *feed), const char *what, struct error *err) {
        struct clock real = clock_system();
        int64_t until = clock_monotonic(&real) + FEED_STUCK_MS;

        while (!done(feed)) {
                int r = chain_failed(feed->chain, err);

                if (r)
                        return r;
                if (feed->stopped(feed->ctx))
                        return FEED_E_STOPPED;
                if (clock_monotonic(&real) >= until) {
                        error_set(err, "%s within %d seconds; look at the broker and at the load of this machine", what, FEED_STUCK_MS / 1000);
                        return -ETIMEDOUT;
                }
                feed->pause(feed->ctx, LOOK_MS);
        }
        return 0;
}

static bool feed_processed(struct feed *feed) {
        struct worker_status status = chain_worker(feed->chain);

        return status.facts + status.duplicates + status.dead >= (int64_t)feed->accepted;
}

static bool feed_settled(struct feed *feed) {
        return chain_worker(feed->chain).settled_at >= feed->target;
}

int feed_settle(struct feed *feed, struct error *err) {
        struct clock clock = hand_clock(feed->time);

        feed->target = clock_realtime(&clock);
        return feed_wait(feed, feed_settled, "the worker did not tell what fell due", err);
}

static int feed_go_to(struct feed *feed, instant_t at, struct error *err) {
        hand_clock_put(feed->time, at);
        return feed_settle(feed, err);
}

/* The pace: holds until a day that begins now may be over. */
static int feed_hold(struct feed *feed, int64_t until_ms, struct error *err) {
        struct clock real = clock_system();
        int64_t left;

        while ((left = until_ms - clock_monotonic(&real)) > 0) {
                int r = chain_failed(feed->chain, err);

                if (r)
                        return r;
                if (feed->stopped(feed->ctx))
                        return FEED_E_STOPPED;
                feed->pause(feed->ctx, left < SHOW_MS ? (int)left : SHOW_MS);
        }
        return 0;
}

struct pace {
        int64_t begin; /* monotonic ms */
        int64_t days;
};

/* From midnight to midnight, then to @at. */
static int feed_advance(struct feed *feed, struct pace *pace, instant_t at, struct error *err) {
        struct clock clock = hand_clock(feed->time);
        day_t last = date_of_instant(at);
        int r = 0;

        for (day_t day = date_of_instant(clock_realtime(&clock)); r == 0 && day < last; day++) {
                pace->days++;
                r = feed_hold(feed, pace->begin + pace->days * feed->day_us / 1000, err);
                if (r == 0)
                        r = feed_go_to(feed, date_begin(day + 1), err);
        }
        return r ? r : feed_go_to(feed, at, err);
}

/* An event is never judged at an instant before it was recorded, nor is anything judged later that fell due before the next one. */
static int feed_wave(struct feed *feed, const struct tape_item *items, size_t n, struct error *err) {
        struct tape_item posted[TAPE_WAVE_MAX] = {0}, own[TAPE_WAVE_MAX];
        size_t n_posted = 0, n_own = 0, accepted = 0;
        int r;

        for (size_t i = 0; i < n; i++) {
                if (party_owns(feed->party, &items[i]))
                        own[n_own++] = items[i];
                else
                        posted[n_posted++] = items[i];
        }
        r = post_wave(feed->post, posted, n_posted, &accepted, err);
        feed->accepted += accepted;
        if (r)
                return r == POST_E_STOPPED ? FEED_E_STOPPED : r;
        r = n_own > 0 ? party_write(feed->party, own, n_own, err) : 0;
        if (r)
                return r;
        feed->accepted += n_own;
        return feed_wait(feed, feed_processed, "the worker did not process what was posted", err);
}

int feed_run(struct feed *feed, struct error *err) {
        struct clock real = clock_system();
        struct pace pace = {.begin = clock_monotonic(&real)};
        size_t n;
        int r = 0;

        while (r == 0 && (n = tape_wave(feed->tape, feed->played)) > 0) {
                const struct tape_item *items = &feed->tape->items[feed->played];

                r = feed_advance(feed, &pace, items[0].at, err);
                if (r == 0 && items[0].source)
                        r = feed_wave(feed, items, n, err);
                if (r == 0)
                        r = feed_go_to(feed, items[n - 1].at, err);
                if (r == 0)
                        feed->played += n;
        }
        return r;
}
