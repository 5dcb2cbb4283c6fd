/* SPDX-License-Identifier: EUPL-1.2 */

/* From what a record says of itself to the event that its writer had in mind, and to the schemas that are known of that one. */

#include "cluster/unknown_schema.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/name.h"
#include "cluster/event_record.h"
#include "model/fingerprints.h"

#define KNOWN_TEXT_MAX 256 /* of the fingerprints of one type; what does not fit is left out */

/* The event in "nl.ketenwacht.measure-started.v1"; all of it when it is made otherwise. */
static struct text unknown_schema_event(struct text type) {
        static const char before[] = "nl.ketenwacht.", after[] = ".v1";
        size_t n = sizeof(before) - 1, m = sizeof(after) - 1;

        if (type.n > n + m && memcmp(type.s, before, n) == 0 && memcmp(type.s + type.n - m, after, m) == 0)
                return (struct text){type.s + n, type.n - n - m};
        return type;
}

/* What the record says that it is; empty when it says nothing that can be repeated. */
static const char *unknown_schema_said(const struct bus_record *record, char ret[NAME_SHOWN]) {
        const struct bus_header *h = record && record->headers ? bus_record_header(record, EVENT_HEADER_TYPE) : NULL;
        const char *said = h && h->value ? name_shown(unknown_schema_event((struct text){h->value, h->n}), ret) : NULL;

        return said ? said : "";
}

void unknown_schema_say(const struct event_types *types, const struct event_type *expected, const struct bus_record *record, uint64_t fingerprint,
                        struct error *err) {
        CLEANUP(buffer_done) struct buffer known = BUFFER_INIT(KNOWN_TEXT_MAX);
        char shown[NAME_SHOWN], meant[NAME_SHOWN + 64] = "";
        const char *said = unknown_schema_said(record, shown);
        const struct event_type *type = *said ? event_types_find(types, text_of(said)) : expected;
        struct nearest nearest = NEAREST_INIT(said);
        struct fingerprint_text found;

        assert(types);
        fingerprint_format(fingerprint, &found);
        if (!type && *said) {
                event_types_nearest(types, &nearest);
                type = nearest.best ? event_types_find(types, text_of(nearest.best)) : expected;
                (void) snprintf(meant, sizeof(meant), "no event is called '%s' as its ce_type says; ", said);
        }
        if (!type) {
                error_set(err, "no schema here has the fingerprint %s (on the wire %s); %sadd the writer's schema to the schemas folder or its history",
                          found.number, found.wire, meant);
                return;
        }
        event_types_write_fingerprints(types, type, &known);
        error_set(err,
                  "no schema here has the fingerprint %s (on the wire %s); %s%s is known by %s: write by one of these, or add the writer's schema to "
                  "history/%s",
                  found.number, found.wire, meant, type->name, buffer_text(&known), type->name);
}
