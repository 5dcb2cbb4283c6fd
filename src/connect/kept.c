/* SPDX-License-Identifier: EUPL-1.2 */

/* Follows the rows that one connector keeps. */

#include "connect/kept.h"

#include <errno.h>
#include <string.h>

#include "bus/positions.h"
#include "cluster/topics.h"

#define KEPT_ROWS_A_READ 5000 /* a turn of the connector is not held up by more */

int kept_open(struct kept *k, struct bus *bus, const char *connector, kept_take *take, void *ctx, struct error *err) {
        static const char *const topics[] = {TOPIC_CONNECTOR_KEYS};
        const struct bus_reader_config config = {
                .topics = topics, .topics_n = ELEMENTS(topics), .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_BEGINNING, .sparing = true};

        *k = (struct kept){.connector = connector, .take = take, .ctx = ctx};
        return error_trace(bus_reader_open(bus, &config, &k->reader, err), err);
}

/* The key behind the name of the connector; an empty text: it is another's. */
static struct text kept_own(const struct kept *k, struct text key) {
        size_t n = strlen(k->connector);

        if (key.n <= n + 1 || memcmp(key.s, k->connector, n) != 0 || key.s[n] != KEPT_SEPARATOR[0])
                return (struct text){0};
        return (struct text){key.s + n + 1, key.n - n - 1};
}

int kept_read(struct kept *k, int timeout_ms, bool *ret_all, struct error *err) {
        struct bus_event event = {.kind = BUS_RECORD};

        for (unsigned i = 0; i < KEPT_ROWS_A_READ && event.kind == BUS_RECORD; i++) {
                struct text key;
                int r = bus_reader_poll(k->reader, timeout_ms, &event, err);

                if (r)
                        return error_trace(r, err);
                if (event.kind != BUS_RECORD)
                        break;
                key = kept_own(k, (struct text){event.record.key, event.record.key ? event.record.key_n : 0});
                r = key.n > 0 ? k->take(k->ctx, key, (struct text){event.record.value, event.record.value ? event.record.value_n : 0}, err) : 0;
                if (r)
                        return r;
                timeout_ms = 0;
        }
        *ret_all = reader_positions_reached(bus_reader_positions(k->reader));
        return 0;
}

int kept_record(struct buffer *bytes, const char *connector, struct text key, struct text value, struct bus_record *ret) {
        buffer_clear(bytes);
        buffer_printf(bytes, "%s" KEPT_SEPARATOR "%.*s", connector, (int)key.n, key.s);
        *ret = (struct bus_record){.topic = TOPIC_CONNECTOR_KEYS, .partition = BUS_BY_KEY, .value = value.n > 0 ? value.s : NULL, .value_n = value.n,
                                   .key = bytes->bytes, .key_n = bytes->n};
        return bytes->failed ? -ENOMEM : 0;
}

void kept_close(struct kept *k) {
        bus_reader_close(k->reader);
        k->reader = NULL;
}
