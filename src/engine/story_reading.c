/* SPDX-License-Identifier: EUPL-1.2 */

/* Moments and words of a line; labels that become ids; and the nearest known word for a name that is not known. */

#include "engine/story_reading.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ID_TEXT_MAX 1024
#define NOON (12 * 60)
#define MINUTE_MS INT64_C(60000)

/* -- Moments -- */

static bool story_two_digits(const char *s, int most, int *ret) {
        if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
                return false;
        *ret = (s[0] - '0') * 10 + s[1] - '0';
        return *ret <= most;
}

bool story_when_parse(struct text t, struct story_when *ret) {
        int hour, minute;

        ret->minute = -1;
        if (t.n == DATE_TEXT)
                return date_parse(t, &ret->day);
        if (t.n != DATE_TEXT + 6 || t.s[DATE_TEXT] != ' ' || t.s[DATE_TEXT + 3] != ':')
                return false;
        if (!story_two_digits(t.s + DATE_TEXT + 1, 23, &hour) || !story_two_digits(t.s + DATE_TEXT + 4, 59, &minute))
                return false;
        ret->minute = hour * 60 + minute;
        return date_parse((struct text){t.s, DATE_TEXT}, &ret->day);
}

instant_t story_instant(struct story_when when) {
        instant_t local = when.day * INSTANT_DAY + (when.minute < 0 ? NOON : when.minute) * MINUTE_MS;

        return local - instant_offset_minutes(local - HOUR_MS) * MINUTE_MS;
}

bool story_item_read(struct story_reading *s, const struct yaml_node *node, const char *example, struct story_item *ret) {
        bool pair = node->kind == YAML_MAPPING && node->n == 1;
        const char *space;

        *ret = (struct story_item){.head = pair ? node->keys[0] : node};
        if (pair && !reading_is_null(node->items[0])) {
                ret->values = node->items[0];
                if (!reading_mapping(&s->r, ret->values, IN_READING(&s->r, "what stands behind the colon", "wat achter de dubbele punt staat")))
                        return false;
        }
        space = strrchr(ret->head->text, ' ');
        if ((pair || node->kind == YAML_SCALAR) && space) {
                struct text when = {ret->head->text, (size_t)(space - ret->head->text)};

                ret->word = space + 1;
                if (story_when_parse(when, &ret->when) && instant_valid(story_instant(ret->when)))
                        return true;
        }
        reading_mistake(&s->r, ret->head,
                        IN_READING(&s->r, "must be a date, perhaps a time, and a word, such as '%s', of the years %d to %d",
                                   "hier hoort een datum, zo nodig een tijd, en een woord, zoals '%s', uit de jaren %d tot en met %d"),
                        example, INSTANT_YEAR_MIN, INSTANT_YEAR_MAX);
        return false;
}

/* -- Names -- */

struct uuid story_id(const struct story_reading *s, const char *label) {
        char text[ID_TEXT_MAX];
        struct uuid id;
        int n;

        if (uuid_parse(label, strlen(label), &id))
                return id;
        n = snprintf(text, sizeof(text), "story|%s|%s|%s", s->file, s->story->title, label);
        return uuid_v5(&uuid_namespace_ketenwacht, text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

const char *story_id_text(struct story_reading *s, const char *label) {
        struct uuid id = story_id(s, label);
        char *text = reading_alloc(&s->r, 1, UUID_TEXT + 1);

        if (text)
                uuid_format(&id, text);
        return text;
}

static bool story_is_label(const struct story_reading *s, const char *word) {
        for (size_t i = 0; i < s->labels.n; i++) {
                if (strcmp(s->labels.items[i], word) == 0)
                        return true;
        }
        return false;
}

static void story_add_label(struct story_reading *s, const char *label) {
        if (story_is_label(s, label) || s->labels.n == STORY_LABELS_MAX)
                return;
        if (vector_push(&s->labels, label))
                s->r.e = -ENOMEM;
}

const char *story_instance(struct story_reading *s, const struct yaml_node *node, const char *text) {
        const char *mark = strchr(text, '#'), *label, *id;
        struct nearest nearest = NEAREST_INIT(text);
        char hint[NEAREST_HINT_MAX];
        struct uuid uuid;

        label = mark ? arena_copy(s->r.arena, text, (size_t)(mark - text)) : text;
        if (!label) {
                s->r.e = -ENOMEM;
                return NULL;
        }
        if (story_is_label(s, label) || uuid_parse(label, strlen(label), &uuid)) {
                id = story_id_text(s, label);
                if (id && mark)
                        id = arena_printf(s->r.arena, "%s%s", id, mark);
                if (!id)
                        s->r.e = -ENOMEM;
                return id;
        }
        if (s->region)
                return reading_copy(&s->r, text); /* a year, an organisation, the norm */
        for (size_t i = 0; i < s->labels.n; i++)
                nearest_try(&nearest, s->labels.items[i]);
        reading_mistake(&s->r, node, IN_READING(&s->r, "nothing in this story has the id '%.80s'%s", "niets in dit verhaal heeft de id '%.80s'%s"),
                        text, reading_hint(&s->r, &nearest, hint));
        return NULL;
}

const struct norm *story_norm(struct story_reading *s, const struct yaml_node *node) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[NEAREST_HINT_MAX];

        if (!reading_scalar(&s->r, node, "norm"))
                return NULL;
        for (size_t i = 0; i < s->protocol->n_norms; i++) {
                if (strcmp(s->protocol->norms[i].name, node->text) == 0)
                        return &s->protocol->norms[i];
                nearest_try(&nearest, s->protocol->norms[i].name);
        }
        reading_mistake(&s->r, node, IN_READING(&s->r, "%s has no norm '%.80s'%s", "%s heeft geen norm '%.80s'%s"),
                        s->protocol->name, node->text, reading_hint(&s->r, &nearest, hint));
        return NULL;
}

const struct organisation *story_organisation(struct story_reading *s, const struct yaml_node *node) {
        struct nearest nearest = NEAREST_INIT(node->text);
        const struct organisation *org;
        char hint[NEAREST_HINT_MAX];

        if (!reading_scalar(&s->r, node, IN_READING(&s->r, "an organisation", "een organisatie")))
                return NULL;
        org = organisations_find(s->config->organisations, text_of(node->text));
        if (org)
                return org;
        organisations_nearest(s->config->organisations, &nearest);
        reading_mistake(&s->r, node, IN_READING(&s->r, "no organisation is called '%.80s'%s", "geen organisatie heet '%.80s'%s"),
                        node->text, reading_hint(&s->r, &nearest, hint));
        return NULL;
}

const struct event_type *story_type(struct story_reading *s, const struct yaml_node *node, const char *name) {
        const struct event_type *type = event_types_find(s->config->types, text_of(name));
        struct nearest nearest = NEAREST_INIT(name);
        char hint[NEAREST_HINT_MAX];

        if (type && !type->output)
                return type;
        event_types_nearest(s->config->types, &nearest);
        reading_mistake(&s->r, node, IN_READING(&s->r, "no event is called '%.80s'%s", "geen gebeurtenis heet '%.80s'%s"),
                        name, reading_hint(&s->r, &nearest, hint));
        return NULL;
}

/* The ids that one given event names. What is wrong with it is told when it is read. */
static void story_collect_from(struct story_reading *s, const char *word, const struct yaml_node *values) {
        const struct event_type *type = event_types_find(s->config->types, text_of(word));
        const struct yaml_node *id = yaml_get(values, "id");

        if (id && id->kind == YAML_SCALAR) {
                story_add_label(s, id->text);
                if (vector_push(&s->events, id->text))
                        s->r.e = -ENOMEM;
        }
        for (size_t i = ENVELOPE_SLOTS; type && i < type->layout->n; i++) {
                const struct layout_field *field = &type->layout->fields[i];
                const struct yaml_node *value = yaml_get(values, field->name);

                if (field->type != LAYOUT_UUID || (int)i == type->fields[FIELD_ALERT_ID] || (int)i == type->fields[FIELD_WITHDRAWN])
                        continue;
                if (!value && !field->nullable)
                        story_add_label(s, field->name);
                else if (value && value->kind == YAML_SCALAR && !reading_is_null(value))
                        story_add_label(s, value->text);
        }
}

void story_collect_labels(struct story_reading *s, const struct yaml_node *given) {
        s->labels.n = s->events.n = 0;
        if (!s->region)
                story_add_label(s, STORY_CASE_LABEL);
        for (size_t i = 0; given->kind == YAML_SEQUENCE && i < given->n; i++) {
                const struct yaml_node *item = given->items[i];
                bool pair = item->kind == YAML_MAPPING && item->n == 1;
                const char *head = pair ? item->keys[0]->text : item->text, *space = strrchr(head, ' ');

                if (space)
                        story_collect_from(s, space + 1, pair ? item->items[0] : NULL);
        }
}
