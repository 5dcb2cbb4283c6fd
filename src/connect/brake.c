/* SPDX-License-Identifier: EUPL-1.2 */

/* The brakes: when they are looked for, put on, and seen to be taken off. */

#include "connect/brake.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define FIND_POLL_MS 100

static bool brake_stands(const struct delivery_record *latest) {
        return latest->outcome == DELIVERY_REFUSED && latest->status == DELIVERY_STATUS_GONE;
}

int brakes_open(struct brakes *brakes, const struct core *c, const struct delivery_codec *codec) {
        const struct connect_file *file = c->config.file;

        *brakes = (struct brakes){.codec = codec, .n = file->targets_n, .looked_from = INT64_MAX};
        brakes->items = calloc(file->targets_n, sizeof(*brakes->items));
        brakes->places = calloc(organisations_count(c->config.organisations) + 1, sizeof(*brakes->places));
        if (!brakes->items || !brakes->places)
                return -ENOMEM;
        for (size_t i = 0; i < brakes->n; i++) {
                brakes->items[i].organisation = file->targets[i].organisation;
                brakes->places[file->targets[i].organisation->index] = (uint32_t)i + 1;
        }
        return 0;
}

void brakes_done(struct brakes *brakes) {
        delivery_log_free(brakes->looking);
        delivery_log_free(brakes->following);
        free(brakes->items);
        free(brakes->places);
        *brakes = (struct brakes){0};
}

void brakes_forget(struct brakes *brakes) {
        brakes->looking = delivery_log_free(brakes->looking);
        brakes->following = delivery_log_free(brakes->following);
        brakes->looked_from = INT64_MAX;
        brakes->asked = brakes->marked = brakes->on = 0;
        for (size_t i = 0; i < brakes->n; i++) {
                brakes->items[i].state = BRAKE_UNKNOWN;
                brakes->items[i].found = false;
        }
}

static struct brake *brake_of(struct brakes *brakes, const struct core *c, const struct delivery_record *record) {
        const struct organisation *organisation = organisations_find(c->config.organisations, record->organisation);
        uint32_t place = organisation ? brakes->places[organisation->index] : 0;

        return place ? &brakes->items[place - 1] : NULL;
}

/* What is done with one row that was read. */
struct brakes_seeing {
        struct brakes *brakes;
        struct core *c;
        const struct brakes_load *load;
};

/* -- Whether one is on -- */

static void brake_put_on(struct brakes *brakes, struct brake *brake) {
        brake->state = BRAKE_ON;
        brake->said = false;
        brakes->on++;
}

/* When its mark was read again: the log is followed by then, so that a deliveries made anew behind it is noticed. */
static void brake_say(const struct core *c, struct brake *brake) {
        char label[CORE_LABEL_MAX];

        if (brake->said || brake->state != BRAKE_ON)
                return;
        brake->said = true;
        log_line(c->config.log, CONNECT_BRAKED, LOG_STRING("connector", core_label(c, brake->organisation, label)), LOG_INT("offset", brake->gone.offset));
}

static void brake_judge(struct brakes *brakes, struct brake *brake) {
        if (!brake->found || !brake_stands(&brake->latest) || brake->latest.offset < brake->first.offset) {
                brake->state = BRAKE_OFF;
                return;
        }
        brake->gone = brake->latest;
        brakes->following = delivery_log_free(brakes->following); /* from this mark on, which may be older than the others */
        brake_put_on(brakes, brake);
}

void brake_ask(struct brakes *brakes, struct brake *brake, int64_t offset, instant_t timestamp) {
        assert(brake->state == BRAKE_UNKNOWN);
        brake->first.offset = offset;
        brake->first.timestamp = timestamp;
        if (timestamp >= brakes->looked_from) {
                brake_judge(brakes, brake);
                return;
        }
        brake->state = BRAKE_ASKED;
        brakes->asked++;
}

static void brakes_see_latest(void *ctx, const struct delivery_record *record) {
        const struct brakes_seeing *seeing = ctx;
        struct brake *brake = brake_of(seeing->brakes, seeing->c, record);

        if (!brake)
                return;
        brake->latest = *record;
        brake->latest.organisation = brake->latest.connector = brake->latest.reason = (struct text){0};
        brake->found = true;
}

/* Of all that ask now. */
static int brakes_begin_looking(struct brakes *brakes, const struct core *c, struct error *err) {
        instant_t from = INT64_MAX;

        for (size_t i = 0; i < brakes->n; i++) {
                struct brake *b = &brakes->items[i];

                b->found = false;
                if (b->state != BRAKE_ASKED)
                        continue;
                b->state = BRAKE_LOOKING;
                from = b->first.timestamp < from ? b->first.timestamp : from;
        }
        brakes->asked = 0;
        brakes->looking_from = from;
        return delivery_log_open(c->config.bus, brakes->codec, c->config.file->name, from, &brakes->looking, err);
}

static int brakes_look(struct brakes_seeing *seeing, struct error *err) {
        struct brakes *brakes = seeing->brakes;
        bool end = false;
        int r = 0;

        if (!brakes->looking && brakes->asked > 0)
                r = brakes_begin_looking(brakes, seeing->c, err);
        if (r == 0 && brakes->looking)
                r = delivery_log_read(brakes->looking, 0, brakes_see_latest, seeing, &end, err);
        if (r < 0 || !end)
                return r;
        brakes->looking = delivery_log_free(brakes->looking);
        brakes->looked_from = brakes->looking_from;
        for (size_t i = 0; i < brakes->n; i++) {
                struct brake *b = &brakes->items[i];
                bool judged = b->state == BRAKE_LOOKING || (b->state == BRAKE_ASKED && b->first.timestamp >= brakes->looked_from);

                if (!judged)
                        continue;
                brakes->asked -= b->state == BRAKE_ASKED;
                brake_judge(brakes, b);
                if (b->state == BRAKE_OFF)
                        seeing->load->released(seeing->load->ctx, i);
        }
        return 0;
}

/* -- Putting one on -- */

void brake_want(struct brakes *brakes, const struct core *c, struct brake *brake, const struct delivery_record *gone) {
        if (brake->state != BRAKE_OFF)
                return; /* others under way are told the same */
        brakes->marked++;
        brake->state = BRAKE_WANTED;
        brake->mark_at = core_now(c);
        brake->gone = *gone;
        brake->gone.organisation = text_of(brake->organisation->id);
        brake->gone.connector = text_of(c->config.file->name);
        brake->gone.reason = text_of("the target wants nothing more; an operator must resume");
}

struct brake *brakes_of_report(const struct brakes *brakes, const struct bus_report *report) {
        const uintptr_t at = (uintptr_t)report->cookie, first = (uintptr_t)brakes->items;

        return at >= first && at < first + brakes->n * sizeof(*brakes->items) ? report->cookie : NULL;
}

void brake_report(struct brake *brake, const struct bus_report *report) {
        assert(brake->mark == BRAKE_MARK_OPEN);
        brake->mark = report->sent == BUS_SENT ? BRAKE_MARK_DONE : BRAKE_MARK_UNSENT;
}

/* The mark must be this connector's latest record of the inbox: it waits until nothing else of it is under way. */
static int brake_mark(struct brakes *brakes, struct core *c, struct brake *brake, bool busy, size_t *ret_open, struct error *err) {
        struct bus_record record;
        int r;

        if (busy || core_now(c) < brake->mark_at || brake->mark == BRAKE_MARK_OPEN)
                return 0;
        brake->gone.delivered_at = clock_realtime(&c->config.clock);
        buffer_clear(&c->bytes);
        delivery_encode(brakes->codec, &brake->gone, &c->bytes);
        record = delivery_bus_record(c->config.file->name, &c->bytes);
        r = bus_producer_send(c->producer, &record, brake, err);
        if (r == BUS_E_FULL) {
                brake->mark_at = core_now(c) + RUNTIME_RECORD_MS;
                return 0;
        }
        if (r < 0)
                return r;
        ++*ret_open;
        brake->mark = BRAKE_MARK_OPEN;
        brake->state = BRAKE_MARKING;
        brake->passing = true;
        return 0;
}

static void brake_marking(struct brakes *brakes, const struct core *c, struct brake *brake) {
        switch (brake->mark) {
        case BRAKE_MARK_OPEN:
                return;
        case BRAKE_MARK_UNSENT:
                brake->mark_at = core_now(c) + RUNTIME_RECORD_MS;
                brake->state = BRAKE_WANTED;
                return;
        case BRAKE_MARK_DONE:
                break;
        }
        brakes->marked--;
        brake_put_on(brakes, brake);
        if (!brake->passing)
                brake_say(c, brake);
}

static int brakes_mark(struct brakes_seeing *seeing, size_t *ret_open, struct error *err) {
        struct brakes *brakes = seeing->brakes;
        int r = 0;

        for (size_t i = 0; r == 0 && brakes->marked > 0 && i < brakes->n; i++) {
                struct brake *b = &brakes->items[i];

                if (b->state == BRAKE_WANTED)
                        r = brake_mark(brakes, seeing->c, b, seeing->load->is_busy(seeing->load->ctx, i), ret_open, err);
                else if (b->state == BRAKE_MARKING)
                        brake_marking(brakes, seeing->c, b);
        }
        return r;
}

/* -- Taking one off -- */

/* A record behind the mark takes the brake off: an operator wrote it. What stands before the mark says nothing. */
static void brakes_see_released(void *ctx, const struct delivery_record *record) {
        const struct brakes_seeing *seeing = ctx;
        struct brakes *brakes = seeing->brakes;
        struct brake *brake = brake_of(brakes, seeing->c, record);
        char label[CORE_LABEL_MAX];

        if (!brake || (brake->state != BRAKE_ON && brake->state != BRAKE_MARKING))
                return;
        if (brake->passing) {
                brake->passing = record->delivered_at != brake->gone.delivered_at || record->status != DELIVERY_STATUS_GONE;
                if (!brake->passing)
                        brake_say(seeing->c, brake);
                return;
        }
        if (brake->state != BRAKE_ON || brake_stands(record))
                return;
        log_line(seeing->c->config.log, CONNECT_RESUMED, LOG_STRING("connector", core_label(seeing->c, brake->organisation, label)),
                 LOG_INT("offset", record->offset));
        brake->state = BRAKE_OFF;
        brakes->on--;
        seeing->load->released(seeing->load->ctx, (size_t)(brake - brakes->items));
}

static int brakes_begin_following(struct brakes *brakes, const struct core *c, struct error *err) {
        instant_t from = INT64_MAX;

        for (size_t i = 0; i < brakes->n; i++) {
                struct brake *b = &brakes->items[i];

                if (b->state != BRAKE_ON)
                        continue;
                b->passing = true;
                from = b->gone.delivered_at < from ? b->gone.delivered_at : from;
        }
        return delivery_log_follow(c->config.bus, brakes->codec, c->config.file->name, from, &brakes->following, err);
}

static int brakes_follow(struct brakes_seeing *seeing, struct error *err) {
        struct brakes *brakes = seeing->brakes;
        bool end;
        int r = 0;

        if (brakes->on == 0 && brakes->marked == 0) {
                brakes->following = delivery_log_free(brakes->following);
                return 0;
        }
        if (!brakes->following && brakes->on > 0)
                r = brakes_begin_following(brakes, seeing->c, err);
        return r == 0 && brakes->following ? delivery_log_read(brakes->following, 0, brakes_see_released, seeing, &end, err) : r;
}

int brakes_turn(struct brakes *brakes, struct core *c, const struct brakes_load *load, size_t *ret_open, struct error *err) {
        struct brakes_seeing seeing = {brakes, c, load};
        int r = brakes_look(&seeing, err);

        if (r == 0)
                r = brakes_mark(&seeing, ret_open, err);
        return r ? r : brakes_follow(&seeing, err);
}

/* -- For others -- */

struct brake_finding {
        struct text organisation;
        struct delivery_record latest;
        bool found;
};

static void brake_find_latest(void *ctx, const struct delivery_record *record) {
        struct brake_finding *finding = ctx;

        if (!text_equal(record->organisation, finding->organisation))
                return;
        finding->latest = *record;
        finding->latest.organisation = finding->latest.connector = finding->latest.reason = (struct text){0};
        finding->found = true;
}

/* Looks back further and further: most brakes are younger than a month. */
int brake_find(struct bus *bus, const struct delivery_codec *codec, const char *connector, const char *organisation, instant_t now,
               struct delivery_record *ret, bool *ret_on, struct error *err) {
        static const int64_t spans[] = {DAY_MS, 31 * DAY_MS, INT64_MAX};
        struct brake_finding finding = {.organisation = text_of(organisation)};

        *ret_on = false;
        for (size_t i = 0; i < ELEMENTS(spans) && !finding.found; i++) {
                CLEANUP(delivery_log_free_p) struct delivery_log *log = NULL;
                bool end = false;
                int r = delivery_log_open(bus, codec, connector, spans[i] > now ? 0 : now - spans[i], &log, err);

                while (r == 0 && !end)
                        r = delivery_log_read(log, FIND_POLL_MS, brake_find_latest, &finding, &end, err);
                if (r < 0)
                        return r;
        }
        *ret = finding.latest;
        *ret_on = finding.found && brake_stands(ret);
        return 0;
}
