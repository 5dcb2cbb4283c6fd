/* SPDX-License-Identifier: EUPL-1.2 */

/* The brake: when it is looked for, put on, and seen to be taken off. */

#include "connect/brake.h"

#include <assert.h>
#include <errno.h>


#define FIND_POLL_MS 100

static bool brake_stands(const struct delivery_record *latest) {
        return latest->outcome == DELIVERY_REFUSED && latest->status == DELIVERY_STATUS_GONE;
}

static int brake_read_from(struct brake *brake, const struct core *c, instant_t from, bool follow, struct error *err) {
        brake->log = delivery_log_free(brake->log);
        return delivery_log_open(c->config.bus, brake->codec, c->config.file->name, from, follow, &brake->log, err);
}

static void brake_release(struct brake *brake) {
        brake->log = delivery_log_free(brake->log);
        brake->state = BRAKE_OFF;
}

void brake_forget(struct brake *brake) {
        brake->log = delivery_log_free(brake->log);
        brake->state = BRAKE_UNKNOWN;
}

void brake_want(struct brake *brake, const struct core *c, const struct delivery_record *gone) {
        if (brake->state != BRAKE_OFF)
                return; /* others under way are told the same */
        brake->state = BRAKE_WANTED;
        brake->mark_at = core_now(c);
        brake->gone = *gone;
        brake->gone.organisation = text_of(c->config.file->out.organisation->id);
        brake->gone.connector = text_of(c->config.file->name);
        brake->gone.reason = text_of("the target wants nothing more; an operator must resume");
}

void brake_report(struct brake *brake, const struct bus_report *report) {
        assert(brake_is_open(brake));
        brake->mark = report->sent == BUS_SENT ? BRAKE_MARK_DONE : BRAKE_MARK_UNSENT;
}

/* With the first record it is known how far back `deliveries` must be read. */
static int brake_look(struct brake *brake, const struct core *c, const struct brake_load *load, struct error *err) {
        if (!load->any)
                return 0;
        brake->state = BRAKE_LOOKING;
        return brake_read_from(brake, c, load->timestamp, false, err);
}

/* Once it is said the log is followed from @from on, so that a deliveries made anew behind that is noticed. */
static int brake_put_on(struct brake *brake, const struct core *c, int64_t offset, instant_t from, struct error *err) {
        int r = brake_read_from(brake, c, from, true, err);

        if (r < 0)
                return r;
        brake->state = BRAKE_ON;
        log_line(c->config.log, CONNECT_BRAKED, LOG_STRING("connector", c->config.file->name), LOG_INT("offset", offset));
        return 0;
}

static int brake_looking(struct brake *brake, const struct core *c, const struct brake_load *load, struct error *err) {
        struct delivery_record latest;
        bool end;
        int r = delivery_log_read(brake->log, 0, &end, err);

        assert(load->any);
        if (r < 0 || !end)
                return r;
        if (!delivery_log_latest(brake->log, &latest) || !brake_stands(&latest) || latest.offset < load->offset) {
                brake_release(brake);
                return 0;
        }
        return brake_put_on(brake, c, latest.offset, latest.delivered_at, err);
}

/* The mark must be this connector's latest record: it waits until nothing else is under way. */
static int brake_mark(struct brake *brake, struct core *c, const struct brake_load *load, struct error *err) {
        struct bus_record record;
        int r;

        if (load->busy || core_now(c) < brake->mark_at)
                return 0;
        brake->gone.delivered_at = clock_realtime(&c->config.clock);
        buffer_clear(&c->bytes);
        delivery_encode(brake->codec, &brake->gone, &c->bytes);
        record = delivery_bus_record(c->config.file->name, &c->bytes);
        r = bus_producer_send(c->producer, &record, brake, err);
        if (r == BUS_E_FULL) {
                brake->mark_at = core_now(c) + RUNTIME_RECORD_MS;
                return 0;
        }
        if (r < 0)
                return r;
        brake->mark = BRAKE_MARK_OPEN;
        brake->state = BRAKE_MARKING;
        return 0;
}

static int brake_marking(struct brake *brake, const struct core *c, struct error *err) {
        switch (brake->mark) {
        case BRAKE_MARK_OPEN:
                return 0;
        case BRAKE_MARK_UNSENT:
                brake->mark_at = core_now(c) + RUNTIME_RECORD_MS;
                brake->state = BRAKE_WANTED;
                return 0;
        case BRAKE_MARK_DONE:
                break;
        }
        return brake_put_on(brake, c, brake->gone.offset, brake->gone.delivered_at, err);
}

/* A record of this connector behind the mark takes the brake off: an operator wrote it. */
static int brake_follow(struct brake *brake, const struct core *c, struct error *err) {
        struct delivery_record latest;
        bool end;
        int r = delivery_log_read(brake->log, 0, &end, err);

        if (r < 0 || !delivery_log_latest(brake->log, &latest) || brake_stands(&latest))
                return r;
        log_line(c->config.log, CONNECT_RESUMED, LOG_STRING("connector", c->config.file->name), LOG_INT("offset", latest.offset));
        brake_release(brake);
        return 0;
}

int brake_turn(struct brake *brake, struct core *c, const struct brake_load *load, struct error *err) {
        switch (brake->state) {
        case BRAKE_UNKNOWN:
                return brake_look(brake, c, load, err);
        case BRAKE_LOOKING:
                return brake_looking(brake, c, load, err);
        case BRAKE_OFF:
                return 0;
        case BRAKE_WANTED:
                return brake_mark(brake, c, load, err);
        case BRAKE_MARKING:
                return brake_marking(brake, c, err);
        case BRAKE_ON:
                return brake_follow(brake, c, err);
        }
        return 0;
}

/* -- For others -- */

/* Looks back further and further: most brakes are younger than a month. */
static int brake_find_latest(struct bus *bus, const struct delivery_codec *codec, const char *connector, instant_t now, struct delivery_record *ret,
                             bool *ret_found, struct error *err) {
        static const int64_t spans[] = {DAY_MS, 31 * DAY_MS, INT64_MAX};

        *ret_found = false;
        for (size_t i = 0; i < ELEMENTS(spans) && !*ret_found; i++) {
                CLEANUP(delivery_log_free_p) struct delivery_log *log = NULL;
                bool end = false;
                int r = delivery_log_open(bus, codec, connector, spans[i] > now ? 0 : now - spans[i], false, &log, err);

                while (r == 0 && !end)
                        r = delivery_log_read(log, FIND_POLL_MS, &end, err);
                if (r < 0)
                        return r;
                *ret_found = delivery_log_latest(log, ret);
        }
        return 0;
}

int brake_find(struct bus *bus, const struct delivery_codec *codec, const char *connector, instant_t now, struct delivery_record *ret, bool *ret_on,
               struct error *err) {
        bool found;
        int r = brake_find_latest(bus, codec, connector, now, ret, &found, err);

        *ret_on = r == 0 && found && brake_stands(ret);
        return r;
}
