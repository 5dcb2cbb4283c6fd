/* SPDX-License-Identifier: EUPL-1.2 */

/* Records of a connector's own, each with a place until the broker has said what became of it. */

#include "connect/note.h"

#include <errno.h>
#include <string.h>

#include "cluster/topics.h"
#include "connect/kept.h"

static struct note *notes_find_place(struct notes *notes) {
        for (size_t i = 0; i < NOTES_MAX; i++) {
                if (!notes->items[i].open)
                        return &notes->items[i];
        }
        return NULL;
}

static int notes_send(struct notes *notes, const struct core *c, const struct bus_record *record, void *cookie, struct error *err) {
        struct note *note = notes_find_place(notes);
        int r;

        if (!note)
                return RUNTIME_E_BUSY;
        r = bus_producer_send(c->producer, record, note, err);
        if (r)
                return r == BUS_E_FULL ? RUNTIME_E_BUSY : r;
        *note = (struct note){cookie, true};
        notes->open++;
        return 0;
}

int notes_keep(struct notes *notes, struct core *c, struct text key, struct text value, void *cookie, struct error *err) {
        struct bus_record record;
        int r = kept_record(&c->bytes, c->config.file->name, key, value, &record);

        return r ? r : notes_send(notes, c, &record, cookie, err);
}

int notes_deliver(struct notes *notes, struct core *c, const struct delivery_codec *codec, const struct delivery_record *delivery, void *cookie,
                  struct error *err) {
        struct bus_record record;

        buffer_clear(&c->bytes);
        delivery_encode(codec, delivery, &c->bytes);
        if (c->bytes.failed)
                return -ENOMEM;
        record = delivery_bus_record(c->config.file->name, &c->bytes);
        return notes_send(notes, c, &record, cookie, err);
}

bool notes_report(struct notes *notes, struct core *c, const struct bus_report *report) {
        for (size_t i = 0; i < NOTES_MAX; i++) {
                struct note *note = &notes->items[i];

                if (report->cookie != note)
                        continue;
                note->open = false;
                notes->open--;
                core_complain(c, report);
                c->ops->settled(c->ctx, note->cookie,
                                report->sent == BUS_SENT ? SUBMITTED_SENT : report->sent == BUS_REFUSED ? SUBMITTED_REFUSED : SUBMITTED_OPEN);
                return true;
        }
        return false;
}
