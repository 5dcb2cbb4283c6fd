/* SPDX-License-Identifier: EUPL-1.2 */

/* Makes digests: each organisation's goes from one state to the next, a little in every turn. */

#include "connectors/mail/digest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "connect/runtime.h"

#define DIGEST_KEY "digest."        /* then the organisation */
#define DIGEST_VALUE_MAX 96
#define DIGEST_TEXT_MAX ((size_t)256 * 1024) /* bytes of items, from which on it is full; quoted they are thrice as long at most */
#define DIGEST_READ_A_TURN 200
#define DIGEST_MINUTE_MS INT64_C(60000)
#define DIGEST_DAYS_LOOKED 40       /* no two working days are so far apart */

/* -- When -- */

bool digest_parse_hour(const char *text, int *ret_minutes) {
        int64_t hour, minute;

        if (strlen(text) != 5 || text[2] != ':' || !text_to_int64((struct text){text, 2}, &hour) || !text_to_int64((struct text){text + 3, 2}, &minute) ||
            hour < 0 || hour > 23 || minute < 0 || minute > 59)
                return false;
        *ret_minutes = (int)(hour * 60 + minute);
        return true;
}

static bool digest_works_on(const struct calendar *calendar, day_t date) {
        enum day_kind kind = calendar ? calendar_day(calendar, date) : DAY_UNKNOWN_YEAR;

        return kind == DAY_UNKNOWN_YEAR ? date_weekday(date) < SATURDAY : kind == DAY_WORKING;
}

/* The instant at which the clocks of a day show a time; in the hour that is left out in spring, an hour later. */
static instant_t digest_instant(day_t date, int minutes) {
        instant_t at = date_begin(date) + minutes * DIGEST_MINUTE_MS;

        return at + (instant_offset_minutes(date_begin(date)) - instant_offset_minutes(at)) * DIGEST_MINUTE_MS;
}

instant_t digest_due(const struct calendar *calendar, int minutes, instant_t last) {
        day_t first = date_of_instant(last);

        for (day_t date = first; date < first + DIGEST_DAYS_LOOKED; date++) {
                if (digest_works_on(calendar, date) && digest_instant(date, minutes) > last)
                        return digest_instant(date, minutes);
        }
        return last + DIGEST_DAYS_LOOKED * DAY_MS;
}

/* -- Where the last one ended -- */

static struct digest *digests_of(struct digests *all, struct text organisation) {
        for (size_t i = 0; i < all->n; i++) {
                if (text_is(organisation, all->items[i].organisation->id))
                        return &all->items[i];
        }
        return NULL;
}

/* "<offset> <since> <last>"; what is no such row is passed over. */
static int digest_take_row(void *ctx, struct text key, struct text value, struct error *err) {
        const size_t n = strlen(DIGEST_KEY);
        const char *end = value.s ? value.s + value.n : NULL, *first, *second;
        int64_t offset, since, last;
        struct digest *d;

        (void) err;
        if (key.n <= n || memcmp(key.s, DIGEST_KEY, n) != 0 || value.n == 0)
                return 0;
        d = digests_of(ctx, (struct text){key.s + n, key.n - n});
        first = memchr(value.s, ' ', value.n);
        second = first ? memchr(first + 1, ' ', (size_t)(end - first - 1)) : NULL;
        if (!d || !second || !text_to_int64((struct text){value.s, (size_t)(first - value.s)}, &offset) ||
            !text_to_int64((struct text){first + 1, (size_t)(second - first - 1)}, &since) ||
            !text_to_int64((struct text){second + 1, (size_t)(end - second - 1)}, &last))
                return 0;
        d->from = offset;
        d->since = since;
        d->last = last;
        d->state = DIGEST_ASLEEP;
        return 0;
}

/* Return: 0, *ret_all saying whether all is known; negative errno. */
static int digests_load(struct digests *all, bool *ret_all, struct error *err) {
        const struct connector_env *env = all->c.env;
        instant_t now = clock_realtime(&env->clock);
        int r = 0;

        if (!all->kept.reader)
                r = kept_open(&all->kept, env->bus, env->name, digest_take_row, all, err);
        if (r == 0)
                r = kept_read(&all->kept, 0, ret_all, err);
        if (r || !*ret_all)
                return r;
        kept_close(&all->kept);
        for (size_t i = 0; i < all->n; i++) {
                struct digest *d = &all->items[i];

                if (d->state != DIGEST_UNKNOWN)
                        continue;
                d->from = d->next = DIGEST_NONE;
                d->since = d->read_at = now;
                d->state = DIGEST_STARTING;
        }
        return 0;
}

/* Return: 0: sent, or to be tried in the next turn; negative errno. */
static int digest_keep(const struct digests *all, struct digest *d, struct error *err) {
        char key[sizeof(DIGEST_KEY) + NAME_MAX_BYTES], value[DIGEST_VALUE_MAX];
        int r;

        if (d->pending > 0)
                return 0;
        (void) snprintf(key, sizeof(key), DIGEST_KEY "%s", d->organisation->id);
        (void) snprintf(value, sizeof(value), "%" PRId64 " %" PRId64 " %" PRId64, d->next, d->since, d->read_at == INSTANT_NEVER ? d->last : d->read_at);
        r = runtime_keep(all->c.env->runtime, text_of(key), text_of(value), d, err);
        d->failed = false;
        d->pending = r == 0;
        return r < 0 ? r : 0;
}

/* -- Reading -- */

static void digest_clear(struct digest *d) {
        bus_reader_close(d->reader);
        d->reader = NULL;
        d->n = d->noted = 0;
        d->to_operators = d->refused = false;
        d->attempts = d->status = 0;
        buffer_clear(&d->text);
}

static int digest_begin_reading(const struct digests *all, struct digest *d, instant_t now, struct error *err) {
        char topic[BUS_NAME_MAX + 1];
        const char *const topics[] = {topic};
        const struct bus_reader_config config = {.topics = topics,
                                                 .topics_n = ELEMENTS(topics),
                                                 .partition = BUS_ALL_PARTITIONS,
                                                 .from = d->from == DIGEST_NONE ? BUS_FROM_INSTANT : BUS_FROM_OFFSET,
                                                 .instant = d->since,
                                                 .offset = d->from,
                                                 .until_end = true,
                                                 .sparing = true};

        digest_clear(d);
        d->next = d->from;
        d->read_at = now;
        (void) snprintf(topic, sizeof(topic), TOPIC_INBOX_PREFIX "%s", d->organisation->id);
        d->state = DIGEST_READING;
        return error_trace(bus_reader_open(all->c.env->bus, &config, &d->reader, err), err);
}

/* A record that cannot be read is a dead letter by now, and no item. */
static void digest_take_record(const struct digests *all, struct digest *d, const struct bus_record *record) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct error why = {0};
        struct event event;

        d->next = record->offset + 1;
        if (event_record_read(all->c.env->types, NULL, record, slots, &event, &why) || all->c.apart(all->c.ctx, event.type))
                return;
        message_write_item(all->c.style, &event, &d->text);
        d->items[d->n++] = (struct digest_item){record->offset, record->partition, event.slots[SLOT_EVENT_ID].u};
}

static void digest_end_reading(const struct digests *all, struct digest *d) {
        char name[BUS_NAME_MAX * 2];
        int n;

        bus_reader_close(d->reader);
        d->reader = NULL;
        d->state = d->n > 0 ? DIGEST_READY : DIGEST_KEEPING;
        if (d->n == 0)
                return;
        n = snprintf(name, sizeof(name), DIGEST_KEY "%s|%s|%" PRId64, all->c.env->name, d->organisation->id, d->items[0].offset);
        d->id = uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n);
}

static int digest_read_on(const struct digests *all, struct digest *d, struct error *err) {
        for (unsigned i = 0; i < DIGEST_READ_A_TURN; i++) {
                struct bus_event event;
                int r = bus_reader_poll(d->reader, 0, &event, err);

                if (r)
                        return error_trace(r, err);
                if (event.kind == BUS_RECORD)
                        digest_take_record(all, d, &event.record);
                if (d->n == DIGEST_RECORDS_MAX || d->text.n > DIGEST_TEXT_MAX)
                        d->read_at = INSTANT_NEVER; /* full */
                if (event.kind == BUS_END || d->read_at == INSTANT_NEVER) {
                        digest_end_reading(all, d);
                        return 0;
                }
                if (event.kind == BUS_NONE)
                        return 0;
        }
        return 0;
}

/* -- After it was sent -- */

static int digest_note(const struct digests *all, struct digest *d, struct error *err) {
        const struct connector_env *env = all->c.env;

        while (d->noted < d->n) {
                const struct digest_item *item = &d->items[d->noted];
                const struct delivery_record row = {.delivered_at = clock_realtime(&env->clock),
                                                    .organisation = text_of(d->organisation->id),
                                                    .connector = text_of(env->name),
                                                    .partition = item->partition,
                                                    .offset = item->offset,
                                                    .event_id = item->event_id,
                                                    .outcome = d->refused ? DELIVERY_REFUSED : DELIVERY_DELIVERED,
                                                    .status = d->status,
                                                    .attempts = d->attempts,
                                                    .reason = text_of(d->refused ? "the digest was refused, also for the operators" : "in a digest")};
                int r = runtime_note(env->runtime, &row, d, err);

                if (r)
                        return r < 0 ? r : 0;
                d->noted++;
                d->pending++;
        }
        if (d->pending > 0)
                return 0;
        d->state = d->failed ? DIGEST_NOTING : DIGEST_KEEPING;
        d->noted = d->failed ? 0 : d->noted;
        d->failed = false;
        return 0;
}

void digest_settled(struct digest *d, enum submitted outcome) {
        d->pending--;
        d->failed |= outcome != SUBMITTED_SENT;
        if (d->failed || d->pending > 0 || (d->state != DIGEST_KEEPING && d->state != DIGEST_STARTING))
                return;
        d->from = d->next;
        d->last = d->read_at == INSTANT_NEVER ? d->last : d->read_at;
        d->state = DIGEST_ASLEEP;
        digest_clear(d);
}

/* -- All of them -- */

int digests_open(struct digests *all, const struct digests_config *config) {
        const struct connector_env *env = config->env;

        all->c = *config;
        all->items = calloc(env->targets_n, sizeof(*all->items));
        if (!all->items)
                return -ENOMEM;
        all->n = env->targets_n;
        for (size_t i = 0; i < all->n; i++) {
                all->items[i].organisation = env->targets[i].organisation;
                all->items[i].text = (struct buffer)BUFFER_INIT(DIGEST_TEXT_MAX + MESSAGE_MAX);
        }
        return 0;
}

/* Another process has the inboxes now, or nobody: what was begun is forgotten. What waits for the broker still says so. */
static void digests_reset(struct digests *all) {
        kept_close(&all->kept);
        for (size_t i = 0; i < all->n; i++) {
                if (all->items[i].state == DIGEST_UNKNOWN || all->items[i].pending > 0)
                        continue;
                digest_clear(&all->items[i]);
                all->items[i].state = DIGEST_UNKNOWN;
        }
}

void digests_close(struct digests *all) {
        kept_close(&all->kept);
        for (size_t i = 0; i < all->n; i++) {
                bus_reader_close(all->items[i].reader);
                buffer_done(&all->items[i].text);
        }
        free(all->items);
        all->items = NULL;
        all->n = 0;
}

static int digest_turn(const struct digests *all, struct digest *d, instant_t now, struct error *err) {
        switch (d->state) {
        case DIGEST_STARTING:
        case DIGEST_KEEPING:
                return digest_keep(all, d, err);
        case DIGEST_ASLEEP:
                return now >= digest_due(all->c.env->calendar, all->c.minutes, d->last) ? digest_begin_reading(all, d, now, err) : 0;
        case DIGEST_READING:
                return digest_read_on(all, d, err);
        case DIGEST_NOTING:
                return digest_note(all, d, err);
        default:
                return 0;
        }
}

int digests_turn(struct digests *all, struct error *err) {
        const struct connector_env *env = all->c.env;
        instant_t now, since;
        bool known = true;
        int r = 0;

        if (all->n == 0)
                return 0;
        if (!runtime_has_inbox(env->runtime) || runtime_is_paused(env->runtime, &since)) {
                digests_reset(all);
                return 0;
        }
        now = clock_realtime(&env->clock);
        for (size_t i = 0; i < all->n; i++)
                known &= all->items[i].state != DIGEST_UNKNOWN;
        if (!known)
                r = digests_load(all, &known, err);
        for (size_t i = 0; r == 0 && known && i < all->n; i++)
                r = digest_turn(all, &all->items[i], now, err);
        return r;
}

/* -- Sending -- */

struct digest *digests_take(struct digests *all) {
        int64_t now = all->n > 0 ? clock_monotonic(&all->c.env->clock) : 0;

        for (size_t i = 0; i < all->n; i++) {
                struct digest *d = &all->items[i];

                if (d->state != DIGEST_READY || d->again_at > now)
                        continue;
                d->state = DIGEST_SENDING;
                d->attempts++;
                return d;
        }
        return NULL;
}

struct message_digest digest_message(const struct digest *digest) {
        return (struct message_digest){.organisation = digest->organisation,
                                       .id = digest->id,
                                       .at = digest->read_at == INSTANT_NEVER ? digest->last : digest->read_at,
                                       .n = digest->n,
                                       .items = {(const char *)digest->text.bytes, digest->text.n}};
}

void digest_over(struct digests *all, struct digest *d, const struct attempt *attempt) {
        int64_t pause = attempt->pause_ms > attempt->wait_ms ? attempt->pause_ms : attempt->wait_ms;

        d->status = attempt->status;
        d->again_at = pause > 0 ? clock_monotonic(&all->c.env->clock) + pause : 0;
        d->attempts -= attempt->outcome == TRIED_LATER;
        d->state = attempt->outcome == TRIED_DELIVERED || (attempt->outcome == TRIED_REFUSED && d->to_operators) ? DIGEST_NOTING : DIGEST_READY;
        d->refused = attempt->outcome == TRIED_REFUSED && d->to_operators;
        d->to_operators |= attempt->outcome == TRIED_REFUSED;
}

void digest_forget(struct digest *digest) {
        digest->state = DIGEST_READY;
}
