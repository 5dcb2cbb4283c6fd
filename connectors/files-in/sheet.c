/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads files of events, line by line. */

#include "connectors/files-in/sheet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json_read.h"
#include "base/utf8.h"
#include "calendar/date.h"
#include "model/event_json.h"
#include "model/event_mistakes.h"

#define SHEET_EVENT "event" /* the column, or key, of the type */

const char *const sheet_endings[] = {".csv", ".txt", ".jsonl", ".ndjson", ".json", NULL};

/* One line on its way. */
struct sheet_reading {
        const struct sheet *sheet;
        const struct sheet_rules *rules;
        struct text line;
        struct arena *arena;
        struct sheet_refusal *refusal;
        struct text cells[CSV_CELLS_MAX];
        size_t n;
};

#define SHEET_SAY(rules, en, nl) IN_LANGUAGE((rules)->language, en, nl)

/* -- Files -- */

static bool sheet_is_csv(const char *name) {
        const char *dot = strrchr(name, '.');

        return dot && (strcasecmp(dot, ".csv") == 0 || strcasecmp(dot, ".txt") == 0);
}

/* The longest name of a type with which the file's begins, and behind which no word goes on. */
static const struct event_type *sheet_type(const char *name, const struct event_types *types) {
        const struct event_type *best = NULL;
        size_t length = 0;

        for (size_t i = 0; i < event_types_count(types); i++) {
                const struct event_type *type = event_types_at(types, i);
                size_t n = strlen(type->name);

                if (n > length && strncasecmp(name, type->name, n) == 0 && strchr("._- 0123456789", name[n])) {
                        best = type;
                        length = n;
                }
        }
        return best;
}

static struct text sheet_cut(struct sheet *s) {
        const char *from = s->bytes.s + s->at, *end = memchr(from, '\n', s->bytes.n - s->at);
        struct text line = {from, end ? (size_t)(end - from) : s->bytes.n - s->at};

        s->at += line.n + (end != NULL);
        s->line++;
        if (line.n > 0 && line.s[line.n - 1] == '\r')
                line.n--;
        return line;
}

static bool sheet_is_empty(struct text line) {
        for (size_t i = 0; i < line.n; i++) {
                if (line.s[i] != ' ' && line.s[i] != '\t')
                        return false;
        }
        return true;
}

bool sheet_next(struct sheet *s, struct sheet_line *ret) {
        while (s->at < s->bytes.n) {
                ret->text = sheet_cut(s);
                ret->number = s->line;
                if (!sheet_is_empty(ret->text))
                        return true;
        }
        return false;
}

/* A column's name must be one that a field could have, and stand once. */
static int sheet_add_column(struct sheet *s, struct text name, const struct sheet_rules *rules, struct error *why) {
        if (name.n == 0 || name.n > NAME_MAX_BYTES || memchr(name.s, '\0', name.n)) {
                error_set(why, SHEET_SAY(rules, "column %zu has no name of a field", "kolom %zu heeft geen naam van een veld"), s->columns + 1);
                return -EINVAL;
        }
        for (size_t i = 0; i < s->columns; i++) {
                if (text_is(name, s->names[i])) {
                        error_set(why, SHEET_SAY(rules, "columns %zu and %zu have one name", "kolom %zu en %zu heten hetzelfde"), i + 1, s->columns + 1);
                        return -EINVAL;
                }
        }
        (void) snprintf(s->names[s->columns++], sizeof(s->names[0]), "%.*s", (int)name.n, name.s);
        return 0;
}

static int sheet_read_names(struct sheet *s, const struct sheet_rules *rules, struct arena *arena, struct error *why) {
        struct text *cells = arena_calloc(arena, CSV_CELLS_MAX, sizeof(*cells));
        struct sheet_line header;
        size_t n = 0;
        int r = 0;

        if (!cells)
                return -ENOMEM;
        if (!sheet_next(s, &header)) {
                error_set(why, SHEET_SAY(rules, "the file is empty; its first line must name the fields",
                                         "het bestand is leeg; de eerste regel moet de velden noemen"));
                return -EINVAL;
        }
        s->separator = csv_separator(header.text);
        if (!utf8_valid(header.text.s, header.text.n) || csv_split(header.text, s->separator, arena, cells, &n) != CSV_FINE) {
                error_set(why, SHEET_SAY(rules, "its first line cannot be read: it must name the fields, parted by ; or ,",
                                         "de eerste regel is niet te lezen: die moet de velden noemen, gescheiden door ; of ,"));
                return -EINVAL;
        }
        for (size_t i = 0; i < n && r == 0; i++)
                r = sheet_add_column(s, cells[i], rules, why);
        return r;
}

int sheet_open(const char *name, struct text bytes, const struct sheet_rules *rules, struct arena *arena, struct sheet *ret, struct error *why) {
        *ret = (struct sheet){.bytes = bytes, .type = sheet_type(name, rules->types), .csv = sheet_is_csv(name)};
        if (bytes.n >= strlen(CSV_BOM) && memcmp(bytes.s, CSV_BOM, strlen(CSV_BOM)) == 0)
                ret->at = strlen(CSV_BOM);
        return ret->csv ? sheet_read_names(ret, rules, arena, why) : 0;
}

/* -- Lines -- */

static bool sheet_refuse(struct sheet_reading *r, enum refusal code) {
        r->refusal->code = refusal_codes[code];
        return false;
}

static bool sheet_split(struct sheet_reading *r) {
        switch (csv_split(r->line, r->sheet->separator, r->arena, r->cells, &r->n)) {
        case CSV_FINE:
                break;
        case CSV_QUOTE:
                error_set(&r->refusal->why, SHEET_SAY(r->rules, "a quotation mark is not closed on this line",
                                                      "een aanhalingsteken wordt op deze regel niet gesloten"));
                return sheet_refuse(r, REFUSAL_MALFORMED);
        case CSV_MANY:
        case CSV_MEMORY:
                error_set(&r->refusal->why, SHEET_SAY(r->rules, "the line has too many values", "de regel heeft te veel waarden"));
                return sheet_refuse(r, REFUSAL_MALFORMED);
        }
        if (r->n == r->sheet->columns)
                return true;
        error_set(&r->refusal->why, SHEET_SAY(r->rules, "the line has %zu values, and the first line names %zu fields", 
                                              "de regel heeft %zu waarden, en de eerste regel noemt %zu velden"), r->n, r->sheet->columns);
        return sheet_refuse(r, REFUSAL_MALFORMED);
}

/* DD-MM-YYYY to YYYY-MM-DD; else as it is. */
static struct text sheet_date(struct text t, char room[DATE_TEXT + 1]) {
        if (t.n != DATE_TEXT || t.s[2] != '-' || t.s[5] != '-')
                return t;
        (void) snprintf(room, DATE_TEXT + 1, "%.4s-%.2s-%.2s", t.s + 6, t.s + 3, t.s);
        return (struct text){room, DATE_TEXT};
}

static bool sheet_two_digits(const char *s, int max, int *ret) {
        *ret = (s[0] - '0') * 10 + s[1] - '0';
        return s[0] >= '0' && s[0] <= '9' && s[1] >= '0' && s[1] <= '9' && *ret <= max;
}

/* A date, or a date and HH:MM or HH:MM:SS, in Amsterdam, as RFC 3339; else as it is. */
static struct text sheet_instant(struct text t, char room[INSTANT_TEXT + 1]) {
        char date[DATE_TEXT + 1];
        int hour = 0, minute = 0, second = 0;
        instant_t local, early;
        day_t day;

        if (t.n < DATE_TEXT || !date_parse(sheet_date((struct text){t.s, DATE_TEXT}, date), &day))
                return t;
        if (t.n > DATE_TEXT && ((t.n != DATE_TEXT + 6 && t.n != DATE_TEXT + 9) || (t.s[DATE_TEXT] != ' ' && t.s[DATE_TEXT] != 'T') ||
                                !sheet_two_digits(t.s + DATE_TEXT + 1, 23, &hour) || t.s[DATE_TEXT + 3] != ':' ||
                                !sheet_two_digits(t.s + DATE_TEXT + 4, 59, &minute)))
                return t;
        if (t.n == DATE_TEXT + 9 && (t.s[DATE_TEXT + 6] != ':' || !sheet_two_digits(t.s + DATE_TEXT + 7, 59, &second)))
                return t;
        local = day * INSTANT_DAY + hour * HOUR_MS + (minute * 60 + second) * INT64_C(1000);
        early = local - 2 * HOUR_MS; /* summer time: the first of an hour that comes twice */
        instant_format(instant_offset_minutes(early) == 120 ? early : local - HOUR_MS, room);
        return text_of(room);
}

static json_t *sheet_boolean(struct text t) {
        static const char *const words[][2] = {{"true", "false"}, {"ja", "nee"}, {"waar", "onwaar"}};

        for (size_t i = 0; i < ELEMENTS(words); i++) {
                for (int no = 0; no < 2; no++) {
                        if (t.n == strlen(words[i][no]) && strncasecmp(t.s, words[i][no], t.n) == 0)
                                return json_boolean(no == 0);
                }
        }
        return json_stringn_nocheck(t.s, t.n);
}

/* A value as the field of @slot wants it (-1: no field of the type). What does not fit stays text, and is refused as that. */
static json_t *sheet_value(const struct event_type *type, int slot, struct text t) {
        char room[INSTANT_TEXT + 1];
        int64_t whole;
        double number;

        if (slot < 0)
                return json_stringn_nocheck(t.s, t.n);
        switch (type->layout->fields[slot].type) {
        case LAYOUT_BOOLEAN:
                return sheet_boolean(t);
        case LAYOUT_INT:
        case LAYOUT_LONG:
                return text_to_int64(t, &whole) ? json_integer(whole) : json_stringn_nocheck(t.s, t.n);
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                return text_to_double(t, &number) ? json_real(number) : json_stringn_nocheck(t.s, t.n);
        case LAYOUT_DATE:
                t = sheet_date(t, room);
                break;
        case LAYOUT_TIMESTAMP:
                t = sheet_instant(t, room);
                break;
        case LAYOUT_STRING:
        case LAYOUT_ENUM:
        case LAYOUT_UUID:
        case LAYOUT_UUID_FIXED:
                break;
        }
        return json_stringn_nocheck(t.s, t.n);
}

/* The type that the line, or the file's name, says. NULL: neither, or one that is not there. */
static const struct event_type *sheet_find_type(struct sheet_reading *r, struct text said) {
        const struct event_type *type = said.n > 0 ? event_types_find(r->rules->types, said) : r->sheet->type;
        struct nearest nearest;
        char shown[NAME_SHOWN], hint[NEAREST_HINT_MAX] = "";

        if (type)
                return type;
        if (said.n == 0) {
                error_set(&r->refusal->why, SHEET_SAY(r->rules, "neither the line (event) nor the file's name says which event this is",
                                                      "noch de regel (event) noch de naam van het bestand zegt welke gebeurtenis dit is"));
                (void) sheet_refuse(r, REFUSAL_MALFORMED);
                return NULL;
        }
        if (name_shown(said, shown)) {
                nearest = (struct nearest)NEAREST_INIT(shown);
                for (size_t i = 0; i < event_types_count(r->rules->types); i++)
                        nearest_try(&nearest, event_types_at(r->rules->types, i)->name);
                (void) language_hint(r->rules->language, &nearest, hint);
        }
        error_set(&r->refusal->why, SHEET_SAY(r->rules, "event: there is no event of this name%s", "event: er is geen gebeurtenis met deze naam%s"), hint);
        (void) sheet_refuse(r, REFUSAL_UNKNOWN_EVENT);
        return NULL;
}

static json_t *sheet_object_of_cells(const struct sheet_reading *r, const struct event_type *type) {
        const struct sheet *s = r->sheet;
        json_t *object = json_object();
        bool ok = object;

        for (size_t i = 0; ok && i < r->n; i++) {
                struct text value = csv_unguarded(r->cells[i]);

                if (value.n > 0)
                        ok = json_object_set_new_nocheck(object, s->names[i], sheet_value(type, layout_slot(type->layout, s->names[i]), value)) == 0;
        }
        if (ok)
                return object;
        json_decref(object);
        return NULL;
}

static json_t *sheet_csv_object(struct sheet_reading *r, const struct event_type **ret_type) {
        struct text said = {0};
        json_t *object;

        if (!sheet_split(r))
                return NULL;
        for (size_t i = 0; i < r->n; i++) {
                if (strcmp(r->sheet->names[i], SHEET_EVENT) == 0)
                        said = r->cells[i];
        }
        *ret_type = sheet_find_type(r, said);
        if (!*ret_type)
                return NULL;
        object = sheet_object_of_cells(r, *ret_type);
        if (!object)
                (void) sheet_refuse(r, REFUSAL_MALFORMED);
        return object;
}

static json_t *sheet_json_object(struct sheet_reading *r, const struct event_type **ret_type) {
        json_t *object = json_read_object(r->line, JSON_OF_LINE, r->rules->language, &r->refusal->why);
        const json_t *said = json_object_get(object, SHEET_EVENT);

        if (!object) {
                (void) sheet_refuse(r, REFUSAL_MALFORMED);
                return NULL;
        }
        *ret_type = sheet_find_type(r, (struct text){json_string_value(said), json_string_length(said)});
        if (*ret_type)
                return object;
        json_decref(object);
        return NULL;
}

/* What the line leaves out and follows from whose it is. */
static bool sheet_complete(const struct sheet_reading *r, const struct event_type *type, json_t *object) {
        CLEANUP(buffer_done) struct buffer name = BUFFER_INIT(SHEET_LINE_MAX + 1024);
        const json_t *source = json_object_get(object, "source"), *id = json_object_get(object, "event_id");
        char text[UUID_TEXT + 1];
        struct uuid u;

        if ((!source || json_is_null(source)) && json_object_set_new_nocheck(object, "source", json_string_nocheck(r->rules->from->id)) < 0)
                return false;
        if (id && !json_is_null(id))
                return true;
        buffer_printf(&name, "file|%s|%s|", r->rules->from->id, type->name);
        buffer_add(&name, r->line.s, r->line.n);
        if (name.failed)
                return false;
        u = uuid_v5(&uuid_namespace_ketenwacht, name.bytes, name.n);
        uuid_format(&u, text);
        return json_object_set_new_nocheck(object, "event_id", json_string_nocheck(text)) == 0;
}

/* The checks of an event that need no case, in the order of the contract. */
static bool sheet_judge(struct sheet_reading *r, const struct event_type *type, const json_t *object, struct event *ret) {
        static const char *const also[] = {SHEET_EVENT, "key", NULL};
        const struct organisations *orgs = r->rules->organisations;
        const json_t *key = json_object_get(object, "key");
        struct event_mistake first;
        struct event_mistakes m = {.language = r->rules->language, .items = &first, .room = 1};
        const char *field;
        enum refusal code;
        char case_id[UUID_TEXT + 1];

        if (event_read_json(type, orgs, object, also, r->arena, ret, &m)) {
                struct text source = ret->slots[SLOT_SOURCE].s;

                event_judge_recorded(ret, r->rules->now, &m);
                if (event_mistakes_clear(&m, SLOT_SOURCE) && organisations_find(orgs, source) && !text_is(source, r->rules->from->id))
                        event_mistakes_add_slot(&m, type, SLOT_SOURCE, REFUSAL_NOT_ALLOWED,
                                                SHEET_SAY(r->rules, "source: these are files of %s", "source: dit zijn bestanden van %s"), r->rules->from->id);
                event_judge_publisher(ret, orgs, &m);
                uuid_format(&ret->slots[SLOT_CASE_ID].u, case_id);
                if (event_mistakes_clear(&m, SLOT_CASE_ID))
                        event_judge_key(ret, orgs, json_is_string(key) ? text_of(json_string_value(key)) : text_of(case_id), &m);
        }
        code = event_mistakes_first(&m, &field, &r->refusal->why);
        return code == REFUSAL_NONE || sheet_refuse(r, code);
}

static bool sheet_is_readable(struct sheet_reading *r) {
        if (r->line.n > SHEET_LINE_MAX)
                error_set(&r->refusal->why, SHEET_SAY(r->rules, "the line is longer than %zu bytes", "de regel is langer dan %zu bytes"), SHEET_LINE_MAX);
        else if (!utf8_valid(r->line.s, r->line.n) || memchr(r->line.s, '\0', r->line.n))
                error_set(&r->refusal->why, SHEET_SAY(r->rules, "the line is not UTF-8", "de regel is geen UTF-8"));
        else
                return true;
        return sheet_refuse(r, REFUSAL_MALFORMED);
}

bool sheet_read(const struct sheet *s, const struct sheet_rules *rules, struct text line, struct arena *arena, struct sheet_event *ret,
                struct sheet_refusal *ret_refusal) {
        struct sheet_reading *r = arena_calloc(arena, 1, sizeof(*r));
        const struct event_type *type = NULL;

        *ret = (struct sheet_event){0};
        *ret_refusal = (struct sheet_refusal){.code = refusal_codes[REFUSAL_MALFORMED]};
        if (!r)
                return false;
        r->sheet = s;
        r->rules = rules;
        r->line = line;
        r->arena = arena;
        r->refusal = ret_refusal;
        if (!sheet_is_readable(r))
                return false;
        ret->json = s->csv ? sheet_csv_object(r, &type) : sheet_json_object(r, &type);
        if (ret->json && sheet_complete(r, type, ret->json) && sheet_judge(r, type, ret->json, &ret->event))
                return true;
        sheet_event_done(ret);
        return false;
}

void sheet_event_done(struct sheet_event *e) {
        json_decref(e->json);
        *e = (struct sheet_event){0};
}
