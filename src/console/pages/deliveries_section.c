/* SPDX-License-Identifier: EUPL-1.2 */

/* The connectors of one inbox, as a table and as JSON. */

#include "console/pages/deliveries_section.h"

#include <stdio.h>
#include <string.h>

#include "console/acts/connector.h"

struct deliveries_writing {
        struct exchange *x;
        struct part_table table;
        struct json_writer *w;
};

/* Why an operator paused it is the operators' own; whose inbox it is learns that one did. */
static const char *deliveries_why_paused(const struct exchange *x, const struct connector_row *row) {
        return x->person->organisation ? SAY(x, "by an operator", "door een beheerder") : row->order.reason;
}

static void deliveries_put_state(const struct deliveries_writing *d, const struct connector_row *row) {
        const struct exchange *x = d->x;
        struct html *h = d->table.h;

        if (row->stopped_at) {
                part_mark(h, PART_WRONG, SAY(x, "stopped by its receiver ", "gestopt door de ontvanger "));
                part_instant(h, row->stopped_at, x->now, x->language);
        }
        if (row->order.pauses) {
                part_mark(h, PART_WARNING, SAY(x, "paused ", "gepauzeerd "));
                part_instant(h, row->order.at, x->now, x->language);
                html_textf(h, " %s", deliveries_why_paused(x, row));
        }
        if (!row->stopped_at && !row->order.pauses)
                part_mark(h, PART_GOOD, SAY(x, "nothing holds it up", "niets houdt het op"));
}

static void deliveries_put_failure(const struct deliveries_writing *d, const struct connector_row *row) {
        const struct exchange *x = d->x;
        struct html *h = d->table.h;

        if (!row->failed.at)
                return;
        part_instant(h, row->failed.at, x->now, x->language);
        html_text(h, row->failed.parked ? SAY(x, " parked ", " geparkeerd ") : SAY(x, " refused ", " geweigerd "));
        if (row->failed.status)
                html_textf(h, "(%d) ", row->failed.status);
        part_said(h, LANGUAGE_EN, row->failed.reason);
}

static void deliveries_see_row(void *ctx, const struct connector_row *row) {
        struct deliveries_writing *d = ctx;
        struct exchange *x = d->x;
        struct part_table *t = &d->table;

        part_row_begin(t, NULL);
        part_cell_text(t, row->name);
        part_cell_begin(t);
        deliveries_put_state(d, row);
        part_cell_end(t);
        part_cell_instant(t, row->delivered_at, x->now, x->language);
        part_cell_int(t, (int64_t)row->delivered, x->language);
        part_cell_int(t, (int64_t)row->refused, x->language);
        part_cell_int(t, (int64_t)row->parked, x->language);
        part_cell_begin(t);
        deliveries_put_failure(d, row);
        part_cell_end(t);
        if (exchange_may(x, ROLE_BEHEER)) {
                part_cell_begin(t);
                connector_pause_form(x, t->h, row);
                connector_resume_form(x, t->h, row);
                part_cell_end(t);
        }
        part_row_end(t);
}

void deliveries_section(struct exchange *x, struct html *h, const struct organisation *of) {
        const struct part_column columns[] = {
                {SAY(x, "Connector", "Connector"), PART_TEXT},           {SAY(x, "How it stands", "Hoe het staat"), PART_TEXT},
                {SAY(x, "Last delivered", "Laatst bezorgd"), PART_TEXT}, {SAY(x, "Delivered", "Bezorgd"), PART_NUMBER},
                {SAY(x, "Refused", "Geweigerd"), PART_NUMBER},           {SAY(x, "Parked", "Geparkeerd"), PART_NUMBER},
                {SAY(x, "Last failure", "Laatste mislukking"), PART_TEXT}, {SAY(x, "Act", "Doen"), PART_TEXT}, /* for who acts */
        };
        struct deliveries_writing d = {.x = x};

        html_element(h, "h2", NULL, SAY(x, "Deliveries", "Leveringen"));
        if (!connectors_ready(x->console->connectors))
                part_notice(h, PART_NOTE, SAY(x, "Not all deliveries are read yet.", "Nog niet alle leveringen zijn gelezen."));
        part_table_begin(&d.table, h, "connectors", SAY(x, "Connectors that deliver this inbox", "Connectoren die deze inbox bezorgen"), columns,
                         ELEMENTS(columns) - !exchange_may(x, ROLE_BEHEER));
        connectors_each(x->console->connectors, of->id, deliveries_see_row, &d);
        part_table_end(&d.table, SAY(x, "No connector delivered anything of it: it is collected, or nobody reads it.",
                                     "Geen connector bezorgde er iets van: zij wordt opgehaald, of niemand leest haar."));
}

/* -- For programs -- */

static void deliveries_put_instant(struct json_writer *w, const char *key, instant_t at) {
        if (at)
                instant_put_exact(w, key, at);
}

static void deliveries_see_json(void *ctx, const struct connector_row *row) {
        struct deliveries_writing *d = ctx;
        struct json_writer *w = d->w;

        jsonw_open_object(w);
        jsonw_put_string(w, "connector", row->name);
        jsonw_put_int(w, "delivered", (int64_t)row->delivered);
        jsonw_put_int(w, "refused", (int64_t)row->refused);
        jsonw_put_int(w, "parked", (int64_t)row->parked);
        deliveries_put_instant(w, "delivered_at", row->delivered_at);
        if (row->failed.at) {
                jsonw_key(w, "failed");
                jsonw_open_object(w);
                instant_put_exact(w, "at", row->failed.at);
                jsonw_put_int(w, "inbox_offset", row->failed.offset);
                jsonw_put_string(w, "outcome", row->failed.parked ? "PARKED" : "REFUSED");
                if (row->failed.status)
                        jsonw_put_int(w, "status", row->failed.status);
                jsonw_put_string(w, "reason", row->failed.reason);
                jsonw_close_object(w);
        }
        deliveries_put_instant(w, "stopped_since", row->stopped_at);
        if (row->order.pauses) {
                instant_put_exact(w, "paused_since", row->order.at);
                if (!d->x->person->organisation) {
                        jsonw_put_string(w, "paused_by", row->order.by);
                        jsonw_put_string(w, "paused_reason", row->order.reason);
                }
        }
        jsonw_close_object(w);
}

void deliveries_section_put(struct exchange *x, struct json_writer *w, const struct organisation *of) {
        struct deliveries_writing d = {.x = x, .w = w};

        jsonw_key(w, "deliveries");
        jsonw_open_array(w);
        connectors_each(x->console->connectors, of->id, deliveries_see_json, &d);
        jsonw_close_array(w);
}
