/* SPDX-License-Identifier: EUPL-1.2 */

/* What is given in a story, as the JSON lines of replay: each event with everything filled in that the story leaves out. */

#include "engine/story_given.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "model/lines.h"

#define TEXT_DEFAULT "verhaal"

struct given { /* one event */
        struct story_item item;
        const struct event_type *type;
        const char *source, *id;
        struct story_when occurred;
        bool norm_told; /* that its norm is unknown */
};

/* -- What an event says when the story does not -- */

static const char *given_default_of(const struct story_reading *s, enum organisation_kind kind) {
        return s->defaults[kind] ? s->defaults[kind]->id : NULL;
}

/* The first kind that may publish the event and that the defaults name; of a region's story the region before all others. */
static const char *given_default_source(const struct story_reading *s, const struct event_type *type) {
        const json_t *publishers = schema_property(schema_root(type->file)->properties, "ketenwacht.publishers");
        enum organisation_kind kind;

        if (!json_is_array(publishers))
                return given_default_of(s, type->region ? KIND_MUNICIPALITY : KIND_GI);
        if (s->region && type->publishers & 1u << KIND_REGION && s->defaults[KIND_REGION])
                return s->defaults[KIND_REGION]->id;
        for (size_t i = 0; i < json_array_size(publishers); i++) {
                const char *name = json_string_value(json_array_get(publishers, i));

                if (name && organisation_kind_of(name, &kind) && s->defaults[kind])
                        return s->defaults[kind]->id;
        }
        return NULL;
}

/* The norm that the event is about: as it says, or the first of the story; NULL: none, reported unless it was before. */
static const struct norm *given_norm_of(struct story_reading *s, struct given *g) {
        const struct yaml_node *norm = yaml_get(g->item.values, "norm");

        if (g->norm_told)
                return NULL;
        if (norm) {
                const struct norm *found = story_norm(s, norm);

                g->norm_told = !found;
                return found;
        }
        if (s->story->n_norms)
                return s->story->norms[0];
        g->norm_told = true;
        reading_mistake(&s->r, g->item.head,
                        IN_READING(&s->r, "the story has no norm, so '%s' must say which norm it is about",
                                   "het verhaal heeft geen norm, dus '%s' moet zeggen over welke norm het gaat"),
                        g->type->name);
        return NULL;
}

/* What the instance of a norm's obligations is called in a story that names only one; NULL: there is no such name. */
static const char *given_usual_instance(const struct story_reading *s, const struct norm *norm) {
        if (s->instance)
                return s->instance;
        if (s->region)
                return norm->starts_protocol && norm->each == EACH_NONE && norm->timing != TIMING_QUOTA ? norm->name : NULL;
        if (norm->per_case)
                return STORY_CASE_LABEL;
        if (norm->starts_protocol || !norm->starts.type)
                return NULL;
        if (norm->per >= 0)
                return norm->starts.type->layout->fields[norm->per].name;
        return norm->starts.type->identity >= 0 ? norm->starts.type->layout->fields[norm->starts.type->identity].name : NULL;
}

/* The instance that the event is about; NULL: reported, or r.e is set. */
static const char *given_instance_of(struct story_reading *s, const struct given *g, const struct norm *norm) {
        const struct yaml_node *node = yaml_get(g->item.values, "instance");
        const char *text = node ? node->text : given_usual_instance(s, norm);

        if (node && !reading_scalar(&s->r, node, "instance"))
                return NULL;
        if (text)
                return story_instance(s, node ? node : g->item.head, text);
        reading_mistake(&s->r, g->item.head,
                        IN_READING(&s->r, "'%s' must say which instance of %s it is about (instance: …)",
                                   "'%s' moet zeggen over welke plicht van %s het gaat (instance: …)"),
                        g->type->name, norm->name);
        return NULL;
}

static struct uuid given_case_id(const struct story_reading *s) {
        return s->region ? s->region->case_id : story_id(s, STORY_CASE_LABEL);
}

/* The alert that is acknowledged: of the norm, instance, rung and organisation that the event says. */
static void given_write_alert(struct story_reading *s, struct given *g, struct json_writer *w) {
        const struct yaml_node *rung = yaml_get(g->item.values, "rung"), *to = yaml_get(g->item.values, "to");
        const struct norm *norm = given_norm_of(s, g);
        const char *instance = norm ? given_instance_of(s, g, norm) : NULL;
        const struct organisation *org = to ? story_organisation(s, to) : NULL;
        struct uuid id = given_case_id(s);
        char text[UUID_TEXT + 1];
        unsigned number = 1;
        const char *name;

        if (!norm || !instance || (to && !org))
                return;
        if (rung && !reading_count(&s->r, rung, "rung", 1, norm->n_rungs ? (unsigned)norm->n_rungs : 1, &number))
                return;
        uuid_format(&id, text);
        name = arena_printf(s->r.arena, "%s|%s|%s|%s|%u|%s", text, s->protocol->name, norm->name, instance, number, org ? org->id : g->source);
        if (!name) {
                s->r.e = -ENOMEM;
                return;
        }
        id = uuid_v5(&uuid_namespace_ketenwacht, name, strlen(name));
        uuid_format(&id, text);
        jsonw_put_string(w, "alert_id", text);
}

static void given_write_id(struct story_reading *s, struct json_writer *w, const char *key, const char *label) {
        const char *text = story_id_text(s, label);

        jsonw_put_string(w, key, text ? text : "");
}

/* An event of this story that another one replaces or withdraws. */
static void given_write_event_id(struct story_reading *s, const struct given *g, struct json_writer *w, const char *key, const struct yaml_node *node) {
        char hint[NEAREST_HINT_MAX];
        struct uuid id;

        if (!node) {
                reading_mistake(&s->r, g->item.head,
                                IN_READING(&s->r, "'%s' must say with %s: … which event it is about, by the id that the event has",
                                           "'%s' moet met %s: … zeggen over welke gebeurtenis het gaat, met de id die deze heeft"),
                                g->type->name, key);
                return;
        }
        if (!reading_scalar(&s->r, node, key))
                return;
        struct nearest nearest = NEAREST_INIT(node->text);
        bool known = uuid_parse(node->text, strlen(node->text), &id);

        for (size_t i = 0; i < s->events.n; i++) {
                known = known || strcmp(s->events.items[i], node->text) == 0;
                nearest_try(&nearest, s->events.items[i]);
        }
        if (known)
                given_write_id(s, w, key, node->text);
        else
                reading_mistake(&s->r, node,
                                IN_READING(&s->r, "no event of this story has the id '%.80s'%s", "geen gebeurtenis van dit verhaal heeft de id '%.80s'%s"),
                                node->text, reading_hint(&s->r, &nearest, hint));
}

static void given_write_default(struct story_reading *s, const struct given *g, size_t slot, struct json_writer *w) {
        const struct event_type *type = g->type;
        const struct layout_field *field = &type->layout->fields[slot];
        bool organisation = (int)slot == type->fields[FIELD_ORGANISATION] || (int)slot == type->fields[FIELD_PARTNER];
        const char *text = TEXT_DEFAULT;
        char moment[INSTANT_TEXT + 1];

        jsonw_key(w, field->name);
        switch (field->type) {
        case LAYOUT_BOOLEAN:
                jsonw_bool(w, true);
                return;
        case LAYOUT_INT:
        case LAYOUT_LONG:
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                jsonw_int(w, 0);
                return;
        case LAYOUT_ENUM:
                jsonw_string(w, field->symbols[0]);
                return;
        case LAYOUT_DATE:
                date_format(g->item.when.day, moment);
                jsonw_string(w, moment);
                return;
        case LAYOUT_TIMESTAMP:
                instant_format(story_instant(g->occurred), moment);
                jsonw_string(w, moment);
                return;
        case LAYOUT_UUID:
        case LAYOUT_UUID_FIXED:
                text = story_id_text(s, field->name);
                break;
        case LAYOUT_STRING:
                if (type->region && slot == SLOT_REGION)
                        text = s->region ? s->region->id : NULL;
                else if (organisation)
                        text = g->source;
                else if ((int)slot == type->fields[FIELD_GI])
                        text = given_default_of(s, KIND_GI);
                else if ((int)slot == type->fields[FIELD_MUNICIPALITY])
                        text = given_default_of(s, KIND_MUNICIPALITY);
                else if (strcmp(field->name, "protocol") == 0)
                        text = s->protocol->name;
                break;
        }
        text ? jsonw_string(w, text) : jsonw_null(w); /* null is refused, with the field's name */
}

static void given_write_value(struct story_reading *s, const struct event_type *type, size_t slot, const struct yaml_node *node, struct json_writer *w) {
        const struct layout_field *field = &type->layout->fields[slot];
        double number;

        if (!reading_scalar(&s->r, node, field->name))
                return;
        if (event_type_is_organisation(type, (int)slot) && !reading_is_null(node) && !story_organisation(s, node))
                return;
        if (field->type == LAYOUT_UUID && !reading_is_null(node)) {
                given_write_id(s, w, field->name, node->text);
                return;
        }
        jsonw_key(w, field->name);
        if (reading_is_null(node))
                jsonw_null(w);
        else if (field->type == LAYOUT_BOOLEAN && !node->quoted && (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0))
                jsonw_bool(w, node->text[0] == 't');
        else if ((field->type == LAYOUT_INT || field->type == LAYOUT_LONG || field->type == LAYOUT_FLOAT || field->type == LAYOUT_DOUBLE) && !node->quoted &&
                 text_to_double(text_of(node->text), &number))
                jsonw_raw(w, node->text);
        else
                jsonw_string(w, node->text); /* what does not fit is refused, with the field's name */
}

static void given_write_field(struct story_reading *s, struct given *g, size_t slot, struct json_writer *w) {
        const struct event_type *type = g->type;
        const struct layout_field *field = &type->layout->fields[slot];
        const struct yaml_node *value = yaml_get(g->item.values, field->name);
        const struct norm *norm;
        const char *instance;

        if ((int)slot == type->fields[FIELD_ALERT_ID] && !value) {
                given_write_alert(s, g, w);
        } else if ((int)slot == type->fields[FIELD_WITHDRAWN]) {
                given_write_event_id(s, g, w, field->name, value);
        } else if ((int)slot == type->fields[FIELD_NORM]) {
                norm = given_norm_of(s, g);
                if (norm)
                        jsonw_put_string(w, field->name, norm->name);
        } else if ((int)slot == type->fields[FIELD_INSTANCE]) {
                norm = value ? NULL : given_norm_of(s, g);
                instance = value || norm ? given_instance_of(s, g, norm) : NULL;
                if (instance)
                        jsonw_put_string(w, field->name, instance);
        } else if (value) {
                given_write_value(s, type, slot, value, w);
        } else if (!field->nullable) {
                given_write_default(s, g, slot, w);
        }
}

/* -- Lines -- */

static void given_write_event(struct story_reading *s, struct given *g, struct json_writer *w) {
        const struct yaml_node *replaces = yaml_get(g->item.values, "replaces");
        struct uuid id = given_case_id(s);
        char text[UUID_TEXT + 1];

        uuid_format(&id, text);
        jsonw_open_object(w);
        jsonw_put_string(w, "event", g->type->name);
        given_write_id(s, w, "event_id", g->id);
        jsonw_put_string(w, "case_id", text);
        jsonw_put_string(w, "source", g->source);
        instant_put(w, "occurred_at", story_instant(g->occurred));
        instant_put(w, "recorded_at", story_instant(g->item.when));
        if (replaces)
                given_write_event_id(s, g, w, "replaces", replaces);
        for (size_t i = ENVELOPE_SLOTS; i < g->type->layout->n; i++)
                given_write_field(s, g, i, w);
        jsonw_close_object(w);
}

/* Keys that are no field: what the story says of the envelope, and of the alert that is acknowledged. */
static void given_check_keys(struct story_reading *s, const struct given *g) {
        const struct layout *layout = g->type->layout;
        const char *known[LAYOUT_SLOTS_MAX + 9];
        size_t n = 0;

        known[n++] = "id";
        known[n++] = "source";
        known[n++] = "occurred";
        known[n++] = "replaces";
        if (g->type->fields[FIELD_ALERT_ID] >= 0) {
                known[n++] = "norm";
                known[n++] = "instance";
                known[n++] = "rung";
                known[n++] = "to";
        }
        for (size_t i = ENVELOPE_SLOTS; i < layout->n; i++)
                known[n++] = layout->fields[i].name;
        known[n] = NULL;
        reading_keys(&s->r, g->item.values, known, g->type->name);
}

static bool given_read_source(struct story_reading *s, struct given *g) {
        const struct yaml_node *source = yaml_get(g->item.values, "source");
        const struct organisation *org;

        if (source) {
                org = story_organisation(s, source);
                g->source = org ? org->id : NULL;
                return org;
        }
        g->source = given_default_source(s, g->type);
        if (!g->source)
                reading_mistake(&s->r, g->item.head,
                                IN_READING(&s->r, "'%s' must say its source: defaults name nobody who may publish it",
                                           "'%s' moet zeggen wie het meldt (source): defaults noemt niemand die dit mag melden"),
                                g->type->name);
        return g->source;
}

static bool given_read_envelope(struct story_reading *s, struct given *g, size_t number) {
        const struct yaml_node *id = yaml_get(g->item.values, "id"), *occurred = yaml_get(g->item.values, "occurred");

        g->type = story_type(s, g->item.head, g->item.word);
        if (!g->type)
                return false;
        if (g->item.values)
                given_check_keys(s, g);
        if (g->type->region && !s->region) {
                reading_mistake(&s->r, g->item.head,
                                IN_READING(&s->r, "'%s' is about a region; the story must say which (region: …)",
                                           "'%s' gaat over een regio; het verhaal moet zeggen welke (region: …)"),
                                g->type->name);
                return false;
        }
        g->occurred = g->item.when;
        if (occurred && (!reading_scalar(&s->r, occurred, "occurred") || !story_when_parse(text_of(occurred->text), &g->occurred))) {
                reading_mistake(&s->r, occurred,
                                IN_READING(&s->r, "occurred must be a date or a date and a time, such as 2022-10-18 09:00",
                                           "occurred moet een datum zijn, met of zonder tijd, zoals 2022-10-18 09:00"));
                return false;
        }
        g->id = id && reading_scalar(&s->r, id, "id") ? id->text : arena_printf(s->r.arena, "#%zu", number);
        if (!g->id)
                s->r.e = -ENOMEM;
        return g->id && given_read_source(s, g);
}

/* The checks that replay makes of a line; what is refused there is a mistake here. */
static void given_check_line(struct story_reading *s, const struct given *g, const char *text) {
        const struct yaml_node *field;
        struct line line;

        line_parse(s->config->types, s->config->organisations, text_of(text), s->r.mistakes->language, s->r.arena, &line);
        if (line.kind == LINE_REFUSED) {
                field = line.field ? yaml_get(g->item.values, line.field) : NULL;
                reading_mistake(&s->r, field ? field : g->item.head, "%s: %s", g->type->name, line.error.text);
        }
        line_done(&line);
}

static const char *given_read_event(struct story_reading *s, const struct yaml_node *node, size_t number, struct story_item *ret) {
        struct buffer out = BUFFER_INIT(LINES_BYTES_MAX);
        struct json_writer w = JSON_WRITER(&out);
        size_t before = s->r.mistakes->n;
        const char *text = NULL;
        struct given g = {0};

        if (story_item_read(s, node, "2022-10-18 measure-started", &g.item) && given_read_envelope(s, &g, number)) {
                given_write_event(s, &g, &w);
                text = s->r.mistakes->n == before ? reading_copy(&s->r, buffer_text(&out)) : NULL;
        }
        if (text)
                given_check_line(s, &g, text);
        buffer_done(&out);
        *ret = g.item;
        return text;
}

/* The line that moves the clock to @at, told of at @node. */
static struct story_line given_clock_line(struct story_reading *s, const struct yaml_node *node, instant_t at) {
        char text[INSTANT_TEXT + 1];
        struct story_line line = {.node = node};

        instant_format(at, text);
        line.text = arena_printf(s->r.arena, "{\"clock\":\"%s\"}", text);
        if (!line.text)
                s->r.e = -ENOMEM;
        return line;
}

/* False: reported. */
static bool given_read_clock(struct story_reading *s, const struct yaml_node *clock, instant_t latest, instant_t *ret) {
        struct story_when when;

        if (!reading_scalar(&s->r, clock, "clock"))
                return false;
        if (!story_when_parse(text_of(clock->text), &when) || !instant_valid(story_instant(when))) {
                reading_mistake(&s->r, clock,
                                IN_READING(&s->r, "clock must be a date or a date and a time, such as 2022-12-01 or 2022-12-01 09:00",
                                           "clock moet een datum zijn, met of zonder tijd, zoals 2022-12-01 of 2022-12-01 09:00"));
                return false;
        }
        *ret = story_instant(when);
        if (*ret < latest)
                reading_mistake(&s->r, clock,
                                IN_READING(&s->r, "the clock stops before the last event that is given",
                                           "de klok staat stil voor de laatste gebeurtenis van given"));
        return true;
}

/* A region's story may begin without an event; a child is not known before its first. */
static bool given_count_fits(struct story_reading *s, const struct yaml_node *given) {
        if (given->n <= STORY_LINES_MAX && (given->n > 0 || s->region))
                return true;
        if (given->n == 0)
                reading_mistake(&s->r, given,
                                IN_READING(&s->r,
                                           "given must have 1 to %d events; only the story of a region (region: …) may have none",
                                           "given heeft 1 tot en met %d gebeurtenissen; alleen het verhaal van een regio (region: …) mag er geen hebben"),
                                STORY_LINES_MAX);
        else
                reading_mistake(&s->r, given, IN_READING(&s->r, "given must have at most %d events", "given heeft hoogstens %d gebeurtenissen"),
                                STORY_LINES_MAX);
        return false;
}

/* The clock of a region that lives without an event starts when its protocol begins to hold, unless something came earlier. */
static bool given_begins(const struct story_reading *s, instant_t first, instant_t *ret) {
        *ret = date_begin(s->protocol->from);
        if (*ret < INSTANT_MIN)
                *ret = INSTANT_MIN;
        return s->region && s->region->alive && *ret < first;
}

void story_read_given(struct story_reading *s, const struct yaml_node *given, const struct yaml_node *clock) {
        instant_t first = INSTANT_NEVER, latest = INSTANT_MIN, until = INSTANT_NEVER, begin;
        struct story_line *lines, *at;
        struct story_item item;

        if (!reading_sequence(&s->r, given, "given") || !given_count_fits(s, given))
                return;
        lines = reading_alloc(&s->r, given->n + 2, sizeof(*lines));
        if (!lines)
                return;
        at = lines + 1; /* room for a clock before them */
        for (size_t i = 0; i < given->n && s->r.e == 0; i++, at++) {
                *at = (struct story_line){.text = given_read_event(s, given->items[i], i + 1, &item), .node = given->items[i]};
                if (!at->text)
                        continue;
                at->node = item.head;
                if (story_instant(item.when) < latest)
                        reading_mistake(&s->r, item.head,
                                        IN_READING(&s->r,
                                                   "stands after something later; given is in order of time (use date: or occurred: for late news)",
                                                   "dit staat achter iets wat later is; given staat op volgorde van tijd (gebruik date: of occurred: voor "
                                                   "laat nieuws)"));
                else
                        latest = story_instant(item.when);
                if (latest < first)
                        first = latest;
        }
        if (given_read_clock(s, clock, latest, &until))
                *at = given_clock_line(s, clock, until);
        s->story->lines = lines + 1;
        if (given_begins(s, first < until ? first : until, &begin)) {
                lines[0] = given_clock_line(s, given, begin);
                s->story->lines = lines;
        }
        s->story->n_lines = (size_t)(at + 1 - s->story->lines);
        s->story->case_id = given_case_id(s);
}
