/* SPDX-License-Identifier: EUPL-1.2 */

/* From a notification and what it points at to the JSON of an event, as the rules of the file say. */

#include "connectors/nrc-in/rules.h"

#include <errno.h>
#include <string.h>

#include "calendar/date.h"

#define RULE_PATH_DEPTH 16

/* Where a field comes from, as its text in the file says. */
struct origin {
        bool constant;
        enum rule_source source;
        struct text path; /* or the constant */
        bool last, date;
};

static const char *const rule_source_names[RULE_SOURCES] = {[RULE_RESOURCE] = "resource.", [RULE_MAIN] = "hoofdObject.", [RULE_NOTIFICATION] = "notification."};

static struct text rule_trimmed(struct text t) {
        while (t.n > 0 && t.s[0] == ' ')
                t = (struct text){t.s + 1, t.n - 1};
        while (t.n > 0 && t.s[t.n - 1] == ' ')
                t.n--;
        return t;
}

/* The next name of a path, taken off it. */
static struct text path_next(struct text *path) {
        const char *dot = memchr(path->s, '.', path->n);
        struct text name = {path->s, dot ? (size_t)(dot - path->s) : path->n};

        *path = dot ? (struct text){dot + 1, path->n - name.n - 1} : (struct text){0};
        return name;
}

static bool path_is_right(struct text path) {
        size_t depth = 0;

        if (path.n == 0 || path.s[path.n - 1] == '.')
                return false;
        while (path.n > 0) {
                if (path_next(&path).n == 0 || ++depth > RULE_PATH_DEPTH)
                        return false;
        }
        return true;
}

/* Return: whether the text can be one. */
static bool origin_read(const char *text, struct origin *ret) {
        const char *bar = strchr(text, '|');
        struct text rest = bar ? text_of(bar + 1) : (struct text){0};

        *ret = (struct origin){.constant = text[0] == '=', .path = text_of(text + 1)};
        if (ret->constant)
                return ret->path.n > 0;
        ret->path = rule_trimmed((struct text){text, bar ? (size_t)(bar - text) : strlen(text)});
        for (enum rule_source s = 0; s < RULE_SOURCES; s++) {
                size_t n = strlen(rule_source_names[s]);

                if (ret->path.n >= n && memcmp(ret->path.s, rule_source_names[s], n) == 0) {
                        ret->source = s;
                        ret->path = (struct text){ret->path.s + n, ret->path.n - n};
                        break;
                }
        }
        ret->last = bar && text_is(rule_trimmed(rest), "last");
        ret->date = bar && text_is(rule_trimmed(rest), "date");
        return path_is_right(ret->path) && (!bar || ret->last || ret->date);
}

/* -- Checking -- */

static int rule_wrong(const struct rule *rule, struct error *err) {
        error_prefix(err, "events: the rule for %s, %s, %s: ", rule->kanaal, rule->resource,
                     rule->actie.n > 0 ? rule->actie.items[0] : "(no actie)");
        return -EINVAL;
}

static int rule_check_field(const struct event_type *type, const struct option_pair *field, struct error *err) {
        struct nearest nearest = NEAREST_INIT(field->key);
        char hint[NEAREST_HINT_MAX];
        struct origin origin;
        int slot = layout_slot(type->layout, field->key);

        for (size_t i = 0; slot < 0 && i < type->layout->n; i++)
                nearest_try(&nearest, type->layout->fields[i].name);
        if (slot < 0)
                error_set(err, "%s has no field '%s'%s", type->name, field->key, nearest_hint(&nearest, hint));
        else if (slot == SLOT_EVENT_ID || slot == SLOT_SOURCE)
                error_set(err, "%s is made here, and is not taken from elsewhere", field->key);
        else if (!origin_read(field->value, &origin))
                error_set(err, "%s: '%s' is no source; write a path such as betrokkene.0.url, =TEXT, or a path with | last or | date", field->key,
                          field->value);
        else
                return 0;
        return -EINVAL;
}

static int rule_check(const struct rule *rule, const struct event_types *types, const struct organisation *source, struct error *err) {
        const struct event_type *type = event_types_find(types, text_of(rule->event));
        struct nearest nearest = NEAREST_INIT(rule->event);
        char hint[NEAREST_HINT_MAX];

        if (!type) {
                event_types_nearest(types, &nearest);
                error_set(err, "no event type '%s'%s", rule->event, nearest_hint(&nearest, hint));
                return -EINVAL;
        }
        if (type->output || !(type->publishers & (1U << source->kind))) {
                error_set(err, "%s may not publish %s", source->id, type->name);
                return -EINVAL;
        }
        for (size_t i = 0; i < rule->fields.n; i++) {
                int r = rule_check_field(type, &rule->fields.items[i], err);

                if (r < 0)
                        return r;
        }
        return 0;
}

int rules_check(const struct option_table *rules, const struct event_types *types, const struct organisation *source, struct error *err) {
        const struct rule *rows = rules->rows;

        for (size_t i = 0; i < rules->n; i++) {
                if (strcmp(rows[i].kanaal, NOTIFICATION_PROBE) == 0) {
                        error_set(err, "the kanaal " NOTIFICATION_PROBE " is that of probes, which are never an event");
                        return rule_wrong(&rows[i], err);
                }
                if (rows[i].actie.n == 0) {
                        error_set(err, "actie: name at least one, such as create");
                        return rule_wrong(&rows[i], err);
                }
                if (rule_check(&rows[i], types, source, err) < 0)
                        return rule_wrong(&rows[i], err);
        }
        return 0;
}

/* -- Finding -- */

static bool rule_fits(const struct rule *rule, const struct notification *n) {
        const json_t *marks = json_object_get(n->json, "kenmerken");
        size_t actie = 0;

        while (actie < rule->actie.n && strcmp(rule->actie.items[actie], n->actie) != 0)
                actie++;
        if (actie == rule->actie.n || strcmp(rule->kanaal, n->kanaal) != 0 || strcmp(rule->resource, n->resource) != 0)
                return false;
        for (size_t i = 0; i < rule->kenmerken.n; i++) {
                const char *said = json_string_value(json_object_get(marks, rule->kenmerken.items[i].key));

                if (!said || strcmp(said, rule->kenmerken.items[i].value) != 0)
                        return false;
        }
        return true;
}

const struct rule *rules_find(const struct option_table *rules, const struct notification *n) {
        const struct rule *rows = rules->rows;

        for (size_t i = 0; i < rules->n; i++) {
                if (rule_fits(&rows[i], n))
                        return &rows[i];
        }
        return NULL;
}

bool rule_needs(const struct rule *rule, enum rule_source source) {
        struct origin origin;

        for (size_t i = 0; i < rule->fields.n; i++) {
                if (origin_read(rule->fields.items[i].value, &origin) && !origin.constant && origin.source == source)
                        return true;
        }
        return false;
}

bool rules_fetch(const struct option_table *rules) {
        const struct rule *rows = rules->rows;

        for (size_t i = 0; i < rules->n; i++) {
                if (rule_needs(&rows[i], RULE_RESOURCE) || rule_needs(&rows[i], RULE_MAIN))
                        return true;
        }
        return false;
}

/* -- Making -- */

/* What stands at a path; NULL: nothing. Borrowed. */
static json_t *path_follow(json_t *json, struct text path) {
        while (path.n > 0 && json) {
                struct text name = path_next(&path);
                int64_t i;

                if (json_is_array(json))
                        json = text_to_int64(name, &i) && i >= 0 ? json_array_get(json, (size_t)i) : NULL;
                else
                        json = json_object_getn(json, name.s, name.n);
        }
        return json;
}

static json_t *origin_date(const char *text) {
        char written[DATE_TEXT + 1];
        instant_t at;

        if (!instant_parse(text_of(text), &at))
                return json_string(text); /* a date already, or what the checks will say something of */
        date_format(date_of_instant(at), written);
        return json_string(written);
}

/* A constant: a text, or for fields that hold none what JSON makes of it. */
static json_t *origin_constant(const struct origin *origin, enum layout_type type) {
        json_t *json = NULL;

        if (type == LAYOUT_BOOLEAN || type == LAYOUT_INT || type == LAYOUT_LONG || type == LAYOUT_FLOAT || type == LAYOUT_DOUBLE)
                json = json_loadb(origin->path.s, origin->path.n, JSON_DECODE_ANY, NULL);
        return json ? json : json_stringn(origin->path.s, origin->path.n);
}

/* The caller owns it; NULL: it is not there, or there is no memory: then the field is left out, and missed when it is needed. */
static json_t *origin_value(const struct origin *origin, enum layout_type type, json_t *const sources[RULE_SOURCES]) {
        json_t *found;
        const char *text;
        struct text last;

        if (origin->constant)
                return origin_constant(origin, type);
        found = path_follow(sources[origin->source], origin->path);
        text = json_string_value(found);
        if (!found || json_is_null(found))
                return NULL;
        if (text && origin->date)
                return origin_date(text);
        if (!text || !origin->last)
                return json_incref(found);
        last = notification_last(text);
        return json_stringn(last.s ? last.s : "", last.n);
}

static bool rule_put_instant(json_t *event, const char *key, instant_t at) {
        char text[INSTANT_TEXT + 1];

        instant_format_exact(at, text);
        return json_object_set_new(event, key, json_string(text)) == 0;
}

/* What is said without a rule for the field. */
static bool rule_put_envelope(json_t *event, const struct notification *n, const char *organisation) {
        struct uuid id = notification_event_id(n, organisation);
        struct text last = notification_last(n->hoofd_object);
        char text[UUID_TEXT + 1];

        uuid_format(&id, text);
        return json_object_set_new(event, "event_id", json_string(text)) == 0 && json_object_set_new(event, "source", json_string(organisation)) == 0 &&
               rule_put_instant(event, "occurred_at", n->created) && rule_put_instant(event, "recorded_at", n->created) &&
               json_object_set_new(event, "case_id", json_stringn(last.s ? last.s : "", last.n)) == 0;
}

json_t *rule_event(const struct rule *rule, const struct event_type *type, const struct notification *n, const char *organisation,
                   json_t *const sources[RULE_SOURCES]) {
        json_t *event = json_object();

        if (!event || !rule_put_envelope(event, n, organisation)) {
                json_decref(event);
                return NULL;
        }
        for (size_t i = 0; i < rule->fields.n; i++) {
                int slot = layout_slot(type->layout, rule->fields.items[i].key);
                struct origin origin;
                json_t *value;

                if (slot < 0 || !origin_read(rule->fields.items[i].value, &origin))
                        continue; /* cannot be: rules_check() */
                value = origin_value(&origin, type->layout->fields[slot].type, sources);
                if (value)
                        (void) json_object_set_new(event, rule->fields.items[i].key, value);
                else
                        (void) json_object_del(event, rule->fields.items[i].key);
        }
        return event;
}
