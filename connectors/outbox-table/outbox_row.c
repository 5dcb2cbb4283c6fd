/* SPDX-License-Identifier: EUPL-1.2 */

/* Checks a row: its columns, its payload as an event, and that both say the same. */

#include "connectors/outbox-table/outbox_row.h"

#include <stdio.h>
#include <string.h>

#include "model/event_types.h"

#define PHRASE_MAX 512

/* Adds a clause, as far as there is room; a cut at any byte is mended, so that it stays UTF-8. */
static void outbox_add_clause(char *to, size_t max, const char *clause) {
        size_t n = strlen(to);

        (void) snprintf(to + n, max - n, "%s%s", n > 0 ? "; " : "", clause);
        n = strlen(to);
        if (n + 1 < max)
                return;
        while (n > 0 && ((unsigned char)to[n - 1] & 0xc0) == 0x80)
                n--;
        to[n > 0 ? n - 1 : 0] = '\0';
}

/* A mistake of a column, which no check of an event finds. */
static bool outbox_refuse(struct outbox_mistake *mistake, const char *code, const char *column, const char *error, const char *reason) {
        mistake->code = code;
        (void) snprintf(mistake->error, sizeof(mistake->error), "%s: %s", column, error);
        (void) snprintf(mistake->reason, sizeof(mistake->reason), "%s: %s", column, reason);
        return false;
}

/* Every mistake for the writer; code and field of each for everybody else. */
static bool outbox_refuse_problem(const struct problem *problem, struct outbox_mistake *mistake) {
        size_t told = problem->n < EVENT_MISTAKES_MAX ? problem->n : EVENT_MISTAKES_MAX;
        char clause[ERROR_TEXT_MAX];

        *mistake = (struct outbox_mistake){.code = problem_rows[problem->kind].code};
        if (told == 0)
                outbox_add_clause(mistake->error, sizeof(mistake->error), problem->detail.text[0] ? problem->detail.text : problem_rows[problem->kind].title);
        for (size_t i = 0; i < told; i++) {
                const struct event_mistake *m = &problem->mistakes[i];

                outbox_add_clause(mistake->error, sizeof(mistake->error), m->text);
                (void) snprintf(clause, sizeof(clause), "%s %s", m->field ? m->field : "a field that is not known", refusal_codes[m->refusal]);
                outbox_add_clause(mistake->reason, sizeof(mistake->reason), clause);
        }
        if (!mistake->reason[0])
                outbox_add_clause(mistake->reason, sizeof(mistake->reason), problem_rows[problem->kind].title);
        return false;
}

/* A column, and the field of the payload that must say the same. */
static bool outbox_is_same(const struct outbox_reader *reader, const char *column, const char *value, const char *field, const struct uuid *said,
                           const char *code, struct outbox_mistake *mistake) {
        const bool english = reader->language == LANGUAGE_EN;
        char text[UUID_TEXT + 1], error[PHRASE_MAX], reason[PHRASE_MAX];

        uuid_format(said, text);
        if (strcmp(value, text) == 0)
                return true;
        (void) snprintf(error, sizeof(error), english ? "must be the %s of the payload" : "moet de %s van de payload zijn", field);
        (void) snprintf(reason, sizeof(reason), "is not the %s of the payload", field);
        return outbox_refuse(mistake, code, column, error, reason);
}

static bool outbox_row_is_whole(const struct outbox_reader *reader, const struct outbox_row *row, struct outbox_mistake *mistake) {
        const char *missing = !row->id ? "id" : !row->aggregateid ? "aggregateid" : !row->type ? "type" : !row->payload ? "payload" : NULL;

        if (missing)
                return outbox_refuse(mistake, "MALFORMED", missing, IN_LANGUAGE(reader->language, "is null", "is null"), "is null");
        if (row->payload_n > INTAKE_BODY_MAX)
                return outbox_refuse(mistake, "TOO_LARGE", "payload",
                                     IN_LANGUAGE(reader->language, "is larger than 64 KiB", "is groter dan 64 KiB"), "is larger than 64 KiB");
        return true;
}

static const struct event_type *outbox_row_type(const struct outbox_reader *reader, const struct outbox_row *row, struct outbox_mistake *mistake) {
        const struct event_type *type = event_types_find(reader->types, text_of(row->type));
        struct nearest nearest = NEAREST_INIT(row->type);
        char hint[NEAREST_HINT_MAX], shown[NAME_SHOWN], error[PHRASE_MAX];

        if (type)
                return type;
        event_types_nearest(reader->types, &nearest);
        (void) snprintf(error, sizeof(error), IN_LANGUAGE(reader->language, "there is no event type '%s'%s", "er is geen gebeurtenis '%s'%s"),
                        name_shown(text_of(row->type), shown) ? shown : "", language_hint(reader->language, &nearest, hint));
        outbox_refuse(mistake, "UNKNOWN_EVENT", "type", error, "there is no such event type");
        return NULL;
}

bool outbox_row_read(struct outbox_reader *reader, const struct outbox_row *row, instant_t now, struct intake *ret, struct outbox_mistake *mistake) {
        struct intake_request request = {.caller = reader->organisation, .form = INTAKE_PLAIN, .body = row->payload, .n = row->payload_n, .now = now,
                                         .language = reader->language};
        const struct slot *slots;
        bool same;

        *ret = (struct intake){0};
        if (!outbox_row_is_whole(reader, row, mistake))
                return false;
        request.type = outbox_row_type(reader, row, mistake);
        if (!request.type)
                return false;
        arena_reset(reader->arena);
        memset(&reader->problem, 0, offsetof(struct problem, mistakes));
        if (!intake_allowed(request.type, reader->organisation, reader->language, &reader->problem))
                return outbox_refuse_problem(&reader->problem, mistake);
        if (!intake_read(&request, reader->organisations, reader->arena, ret, &reader->problem)) {
                intake_done(ret);
                return outbox_refuse_problem(&reader->problem, mistake);
        }
        slots = ret->event.slots;
        same = outbox_is_same(reader, "id", row->id, "event_id", &slots[SLOT_EVENT_ID].u, "BAD_VALUE", mistake) &&
               outbox_is_same(reader, "aggregateid", row->aggregateid, "case_id", &slots[SLOT_CASE_ID].u, "KEY_MISMATCH", mistake);
        if (!same)
                intake_done(ret);
        return same;
}
