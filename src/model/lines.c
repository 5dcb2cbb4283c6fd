/* SPDX-License-Identifier: EUPL-1.2 */

/* Events and clock lines as lines of JSON: read, checked as the broker would, and answered with what is wrong. */

#include "model/lines.h"

#include <errno.h>
#include <string.h>

#include "base/json_read.h"
#include "base/name.h"
#include "calendar/date.h"
#include "model/event_json.h"
#include "model/event_mistakes.h"
#include "model/event_scan.h"

static struct text text_of_json(const json_t *string) {
        return (struct text){json_string_value(string), json_string_length(string)};
}

static void line_refuse(struct line *line, enum refusal refusal, const char *field) {
        line->kind = LINE_REFUSED;
        line->refusal = refusal;
        line->field = field;
}

static bool line_is_blank(struct text t) {
        for (size_t i = 0; i < t.n; i++) {
                if (!memchr(" \t\r\n\v\f", t.s[i], 6))
                        return false;
        }
        return true;
}

static void line_parse_clock(struct line *line) {
        const json_t *clock = json_object_get(line->object, "clock");

        line->kind = LINE_CLOCK;
        if (json_object_size(line->object) == 1 && json_is_string(clock) && instant_parse(text_of_json(clock), &line->clock))
                return;
        error_set(&line->error,
                  IN_LANGUAGE(line->language,
                              "a clock line is {\"clock\": \"2022-10-18T09:00:00+02:00\"} and nothing else, an instant with its offset of the years %d to %d",
                              "een regel met clock is {\"clock\": \"2022-10-18T09:00:00+02:00\"} en niets anders, een tijdstip met zijn tijdzone uit de "
                              "jaren %d tot en met %d"),
                  INSTANT_YEAR_MIN, INSTANT_YEAR_MAX);
        line_refuse(line, REFUSAL_MALFORMED, NULL);
}

static void line_refuse_name(const struct event_types *types, struct text name, struct line *line) {
        char text[NAME_SHOWN], hint[NEAREST_HINT_MAX];

        if (name_shown(name, text)) {
                struct nearest nearest = NEAREST_INIT(text);

                event_types_nearest(types, &nearest);
                error_set(&line->error, IN_LANGUAGE(line->language, "event: no schema describes '%s'%s", "event: geen schema beschrijft '%s'%s"), text,
                          language_hint(line->language, &nearest, hint));
        } else {
                error_set(&line->error,
                          IN_LANGUAGE(line->language, "event: no schema describes an event of this name; ketenwacht schema list names those that there are",
                                      "event: geen schema beschrijft een gebeurtenis met deze naam; ketenwacht schema list noemt welke er zijn"));
        }
        line_refuse(line, REFUSAL_UNKNOWN_EVENT, "event");
}

/* An event of which all but the key is judged: what came of it. */
static void line_conclude(struct line *line, const struct organisations *orgs, struct event_mistakes *m) {
        const char *field = NULL, *ignored;
        enum refusal refusal = event_mistakes_first(m, &field, &line->error);

        if (refusal == REFUSAL_NONE) {
                event_judge_key(&line->event, orgs, line->key, m);
                refusal = event_mistakes_first(m, &ignored, &line->error); /* the key is no field */
        }
        line->kind = LINE_EVENT;
        if (refusal != REFUSAL_NONE)
                line_refuse(line, refusal, field);
}

/* Fills a line that is zeroed but for its object. */
static void line_check(const struct event_types *types, const struct organisations *orgs, const json_t *object, struct text name, struct text key,
                  const char *const *also, struct arena *arena, struct line *line) {
        const struct event_type *type = event_types_find(types, name);
        struct event_mistake first;
        struct event_mistakes m = {.language = line->language, .items = &first, .room = 1};

        if (!type) {
                line_refuse_name(types, name, line);
                return;
        }
        (void) event_read_json(type, orgs, object, also, arena, &line->event, &m); /* else the first mistake says why */
        if (m.n == 0)
                event_judge_publisher(&line->event, orgs, &m);
        if (m.n == 0)
                line->key = key.s ? key : text_of_json(json_object_get(object, "case_id"));
        line_conclude(line, orgs, &m);
}

/* An event whose values are of their fields: what is wrong with it all the same. @key: .s NULL: its case_id. Return: 0 or -ENOMEM. */
static int line_judge(const struct organisations *orgs, struct event event, struct text key, struct arena *arena, struct line *line) {
        struct event_mistake first;
        struct event_mistakes m = {.language = line->language, .items = &first, .room = 1};

        if (!key.s) {
                char *case_id = arena_alloc(arena, UUID_TEXT + 1);

                if (!case_id)
                        return -ENOMEM;
                uuid_format(&event.slots[SLOT_CASE_ID].u, case_id);
                key = (struct text){case_id, UUID_TEXT};
        }
        line->event = event;
        event_judge_values(&event, orgs, &m);
        if (m.n == 0)
                event_judge_publisher(&event, orgs, &m);
        line->key = key;
        line_conclude(line, orgs, &m);
        return 0;
}

int line_from_event(const struct organisations *orgs, struct event event, struct arena *arena, struct line *ret) {
        return line_judge(orgs, event, (struct text){0}, arena, ret);
}

void line_from_json(const struct event_types *types, const struct organisations *orgs, const json_t *object, struct text name, struct text key,
                    const char *const *also, struct arena *arena, struct line *ret) {
        memset(ret, 0, sizeof(*ret));
        line_check(types, orgs, object, name, key, also, arena, ret);
}

/* The line is an object that names an event. */
static void line_parse_event(const struct event_types *types, const struct organisations *orgs, struct text name, struct arena *arena, struct line *line) {
        static const char *const also[] = {"event", "key", NULL};
        const json_t *key = json_object_get(line->object, "key");
        bool wrong_key = key && !json_is_string(key);

        line_check(types, orgs, line->object, name, key && !wrong_key ? text_of_json(key) : (struct text){0}, also, arena, line);
        if (wrong_key && (line->kind == LINE_EVENT || line->refusal > REFUSAL_BAD_VALUE)) {
                error_set(&line->error, IN_LANGUAGE(line->language, "key: must be a string, the case_id", "key: moet een string zijn, de case_id"));
                line_refuse(line, REFUSAL_BAD_VALUE, "key");
        }
}

/* Neither an event nor a clock: perhaps a key stands there that is almost one. */
static void line_refuse_kind(struct line *line) {
        static const char *const known[] = {"event",       "clock",       "key",      "event_id", "case_id", "source",
                                            "occurred_at", "recorded_at", "replaces", NULL};
        const char *wanted = "event", *meant = json_key_meant(line->object, wanted, known);

        if (json_object_get(line->object, "event"))
                error_set(&line->error,
                          IN_LANGUAGE(line->language, "event: must be a string; write the name of an event type, such as \"measure-started\"",
                                      "event: moet een string zijn; schrijf de naam van een soort gebeurtenis, zoals \"measure-started\""));
        else if (meant || (meant = json_key_meant(line->object, wanted = "clock", known)))
                error_set(&line->error,
                          IN_LANGUAGE(line->language, "event: is missing; '%s' stands there (did you mean '%s'?)",
                                      "event: ontbreekt; er staat '%s' (bedoelde u '%s'?)"),
                          meant, wanted);
        else
                error_set(&line->error,
                          IN_LANGUAGE(line->language, "event: is missing; write the name of an event type, such as \"measure-started\"",
                                      "event: ontbreekt; schrijf de naam van een soort gebeurtenis, zoals \"measure-started\""));
        line_refuse(line, REFUSAL_MALFORMED, "event");
}

void line_parse(const struct event_types *types, const struct organisations *orgs, struct text text, enum language language, struct arena *arena,
                struct line *ret) {
        const json_t *name;
        struct event event;
        struct text key;

        memset(ret, 0, sizeof(*ret));
        ret->language = language;
        if (line_is_blank(text))
                return;
        if (text.n > LINES_BYTES_MAX) {
                error_set(&ret->error,
                          IN_LANGUAGE(language, "longer than %zu bytes, the most that a line may have",
                                      "langer dan %zu bytes, het meeste dat een regel mag hebben"),
                          LINES_BYTES_MAX);
                line_refuse(ret, REFUSAL_MALFORMED, NULL);
                return;
        }
        if (event_scan(types, text, arena, &event, &key) && line_judge(orgs, event, key, arena, ret) == 0)
                return;
        ret->object = json_read_object(text, JSON_OF_LINE, language, &ret->error);
        if (!ret->object) {
                line_refuse(ret, REFUSAL_MALFORMED, NULL);
                return;
        }
        name = json_object_get(ret->object, "event");
        if (json_is_string(name)) {
                line_parse_event(types, orgs, text_of_json(name), arena, ret);
        } else if (!name && json_object_get(ret->object, "clock")) {
                line_parse_clock(ret);
        } else {
                line_refuse_kind(ret);
        }
}

void line_done(struct line *line) {
        json_decref(line->object);
        memset(line, 0, sizeof(*line));
}

void line_rejected_json(uint64_t number, enum refusal refusal, const char *field, const struct error *error, struct json_writer *w) {
        jsonw_open_object(w);
        jsonw_put_string(w, "effect", "rejected");
        jsonw_put_int(w, "line", (int64_t)number);
        jsonw_put_string(w, "code", refusal_codes[refusal]);
        jsonw_put_string(w, "error", error->text);
        if (field)
                jsonw_put_string(w, "field", field);
        jsonw_close_object(w);
}

/*
 * Up to the end of a line, as much as the chunk holds: *ret_n, *ret_end whether the line ends there. A chunk is full of line ends before, so that also
 * a line with NULs shows where it ends: behind its own end, and only there, comes a NUL. (Character by character costs ten times as much.)
 */
static bool lines_take(struct lines *lines, size_t *ret_n, bool *ret_end) {
        char *chunk = lines->chunk, *at;

        memset(chunk, '\n', lines->used);
        lines->used = sizeof(lines->chunk);
        if (!fgets_unlocked(chunk, sizeof(lines->chunk), lines->in))
                return false;
        at = memchr(chunk, '\n', sizeof(lines->chunk));
        *ret_end = at && at + 1 < chunk + sizeof(lines->chunk) && at[1] == '\0';
        if (*ret_end)
                *ret_n = (size_t)(at - chunk);
        else
                *ret_n = at ? (size_t)(at - chunk) - 1 : sizeof(lines->chunk) - 1;
        lines->used = *ret_n + 2 < sizeof(lines->chunk) ? *ret_n + 2 : sizeof(lines->chunk);
        return true;
}

int lines_next(struct lines *lines, struct text *ret) {
        static const char mark[] = "\xef\xbb\xbf";
        const size_t most = LINES_BYTES_MAX + sizeof(mark) + 1; /* of which line_parse() sees that it is too long */
        size_t skip = 0, n;
        bool end = false;

        buffer_clear(&lines->line);
        buffer_add(&lines->line, lines->before.s, lines->before.n);
        errno = 0;
        while (!end && lines_take(lines, &n, &end)) {
                size_t room = lines->line.n < most ? most - lines->line.n : 0;

                buffer_add(&lines->line, lines->chunk, n < room ? n : room);
        }
        if (!end && ferror(lines->in))
                return -(errno ? errno : EIO);
        if (!end && lines->line.n == 0 && lines->before.n == 0)
                return LINES_E_END;
        lines->before.n = 0;
        if (lines->line.failed)
                return -ENOMEM;
        if (lines->number++ == 0 && lines->line.n >= 3 && memcmp(lines->line.bytes, mark, 3) == 0)
                skip = 3;
        *ret = (struct text){buffer_text(&lines->line) + skip, lines->line.n - skip};
        return lines->line.failed ? -ENOMEM : 0;
}

void lines_begin(struct lines *lines, struct text before) {
        lines->before = before;
}

void lines_done(struct lines *lines) {
        buffer_done(&lines->line);
}
