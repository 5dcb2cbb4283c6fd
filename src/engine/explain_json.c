/* SPDX-License-Identifier: EUPL-1.2 */

/* The same explanation for a machine. */

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "calendar/explain.h"
#include "engine/explain.h"
#include "engine/explain_parts.h"

static void put_date(struct json_writer *w, const char *key, day_t date) {
        char text[DATE_TEXT + 1];

        jsonw_key(w, key);
        if (date == DAY_NONE) {
                jsonw_null(w);
                return;
        }
        date_format(date, text);
        jsonw_string(w, text);
}

static void put_instant(struct json_writer *w, const char *key, instant_t at) {
        char text[INSTANT_TEXT + 1];

        instant_format(at, text);
        jsonw_put_string(w, key, text);
}

static void put_fact(struct json_writer *w, const char *key, const struct fact *fact, day_t date) {
        char id[UUID_TEXT + 1];

        if (!fact)
                return;
        uuid_format(&fact->event_id, id);
        jsonw_key(w, key);
        jsonw_open_object(w);
        jsonw_put_string(w, "event", fact->type->name);
        jsonw_put_string(w, "event_id", id);
        jsonw_put_text(w, "source", fact->slots[SLOT_SOURCE].s);
        put_date(w, "date", date);
        jsonw_close_object(w);
}

/* Which version of the agreement holds, and why this one. */
static void put_holds(struct explanation *x, const struct obligation *o, struct json_writer *w) {
        const struct protocol *p = o->norm->protocol;
        day_t holding = explanation_holding(o);
        const struct organisation *org = x->view.region || holding == DAY_NONE ? NULL : view_municipality(&x->view, holding, false);

        jsonw_key(w, "holds");
        jsonw_open_object(w);
        put_date(w, "on", holding);
        put_date(w, "valid_from", p->from);
        put_date(w, "valid_until", p->until == INT32_MAX ? DAY_NONE : p->until);
        if (org)
                jsonw_put_string(w, "municipality", org->id);
        if (org && org->region)
                jsonw_put_string(w, "region", org->region->id);
        jsonw_close_object(w);
}

/* Every statement of where the child lived. */
static void put_residence(struct explanation *x, struct json_writer *w) {
        char id[UUID_TEXT + 1];

        jsonw_key(w, "residence");
        jsonw_open_array(w);
        for (size_t i = 0; i < x->view.n_statements; i++) {
                const struct statement *s = &x->view.statements[i];
                const struct organisation *then = statement_municipality(&x->view, s), *now = view_follow(&x->view, then, x->view.today, true);

                uuid_format(&s->fact->event_id, id);
                jsonw_open_object(w);
                put_date(w, "from", s->date);
                jsonw_put_text(w, "municipality", fact_text(s->fact, FIELD_MUNICIPALITY));
                jsonw_put_string(w, "event", s->fact->type->name);
                jsonw_put_string(w, "event_id", id);
                if (now && now->index != then->index)
                        jsonw_put_string(w, "now", now->id);
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
}

static void put_told(struct explanation *x, const struct obligation *o, struct json_writer *w) {
        const struct tellings *told = &x->view.file->told;
        const struct announcement *a = explanation_announcement(x, o);
        char id[UUID_TEXT + 1];

        if (a)
                put_instant(w, "announced_at", a->announced_at);
        jsonw_key(w, "alerts");
        jsonw_open_array(w);
        for (uint32_t i = 0; i < told->n_alerts; i++) {
                const struct alert *alert = &told->alerts[i];

                if (alert->norm != o->pool_norm || !instance_key_equal(&alert->instance, &o->key))
                        continue;
                uuid_format(&alert->id, id);
                jsonw_open_object(w);
                jsonw_put_string(w, "alert_id", id);
                jsonw_put_int(w, "rung", alert->rung);
                jsonw_put_string(w, "to", pool_word(&x->view.engine->pool, alert->organisation));
                jsonw_put_string(w, "role", pool_word(&x->view.engine->pool, alert->role));
                jsonw_put_bool(w, "open", alert->open);
                jsonw_put_int(w, "raised", alert->raised);
                put_instant(w, "told_at", alert->told_at);
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
}

static void put_next(struct explanation *x, const struct obligation *o, struct json_writer *w) {
        struct upcoming next;

        if (!explanation_next(x, o, &next))
                return;
        jsonw_key(w, "next");
        jsonw_open_object(w);
        put_instant(w, "at", next.at);
        if (next.rung)
                jsonw_put_int(w, "rung", next.rung);
        else
                jsonw_put_string(w, "stage", stage_names[STAGE_REMINDER]);
        jsonw_key(w, "to");
        jsonw_open_array(w);
        for (size_t i = 0; i < next.roles->n; i++)
                jsonw_string(w, next.roles->items[i].name);
        jsonw_close_array(w);
        jsonw_close_object(w);
}

static void put_obligation(struct explanation *x, const struct obligation *o, struct json_writer *w) {
        struct trace trace;

        jsonw_open_object(w);
        jsonw_put_string(w, "protocol", o->norm->protocol->name);
        jsonw_put_string(w, "norm", o->norm->name);
        jsonw_put_string(w, "instance", o->instance);
        jsonw_put_string(w, "status", status_names[o->status]);
        put_holds(x, o, w);
        put_date(w, "counts_from", o->from);
        put_date(w, "due_date", o->due.state == DUE_KNOWN ? o->due.date : DAY_NONE);
        if (o->due.state == DUE_REFUSED)
                jsonw_put_int(w, "unknown_year", o->due.year);
        if (explanation_trace(x, o, &trace)) {
                jsonw_key(w, "term");
                trace_print_json(&trace, x->view.config->calendar, w);
        }
        put_fact(w, "started_by", o->start, o->from);
        if (o->norm->timing == TIMING_LIMIT)
                put_fact(w, "broken_by", o->met, o->due.date);
        else
                put_fact(w, "met_by", o->met, o->met_date);
        put_fact(w, "ended_by", o->ended, o->ended_date);
        put_fact(w, "explained_by", o->excuse, o->excuse ? o->excuse->own : DAY_NONE);
        put_told(x, o, w);
        put_next(x, o, w);
        jsonw_close_object(w);
}

int explain_json(struct engine *engine, struct store *store, struct casefile *file, instant_t now, const char *norm, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);
        const struct organisation *municipality;
        struct explanation x;
        char id[UUID_TEXT + 1];
        int r = explanation_open(&x, engine, store, file, now, norm);

        if (r)
                return r;
        uuid_format(&file->id, id);
        jsonw_open_object(&w);
        jsonw_put_string(&w, "case_id", id);
        put_instant(&w, "at", now);
        if (x.view.region) {
                jsonw_put_string(&w, "region", x.view.region->id);
        } else {
                municipality = view_municipality(&x.view, x.view.today, true);
                jsonw_key(&w, "municipality");
                if (municipality)
                        jsonw_string(&w, municipality->id);
                else
                        jsonw_null(&w);
        }
        put_residence(&x, &w);
        jsonw_key(&w, "obligations");
        jsonw_open_array(&w);
        for (size_t i = 0; i < x.view.n_obligations; i++) {
                if (explanation_wants(&x, &x.view.obligations[i]))
                        put_obligation(&x, &x.view.obligations[i], &w);
        }
        jsonw_close_array(&w);
        jsonw_close_object(&w);
        return out->failed || x.view.failed ? -ENOMEM : 0;
}
