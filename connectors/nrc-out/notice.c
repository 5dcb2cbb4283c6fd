/* SPDX-License-Identifier: EUPL-1.2 */

/* Writing notifications, and reading why one is refused. */

#include "connectors/nrc-out/notice.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/json_read.h"
#include "base/name.h"
#include "calendar/date.h"

#define MARK_TEXT_MAX 32

enum notice_mark { MARK_ORGANISATION, MARK_CASE, MARK_OCCURRED_AT, MARK_NORM, MARK_PROTOCOL, MARK_RUNG, MARKS };
const char *const notice_marks[] = {[MARK_ORGANISATION] = "organisation", [MARK_CASE] = "case",         [MARK_OCCURRED_AT] = "occurred_at",
                                    [MARK_NORM] = "norm",                 [MARK_PROTOCOL] = "protocol", [MARK_RUNG] = "rung",
                                    [MARKS] = NULL};

instant_t notice_created(const struct event *event, instant_t now) {
        const struct slot *recorded = &event->slots[SLOT_RECORDED_AT];

        return recorded->kind == SLOT_INT && recorded->i < now ? recorded->i : now;
}

/* A field of the event under its own name, when the type has it, and it is not null. */
static void notice_put_field(const struct event *event, enum notice_mark mark, struct json_writer *json) {
        int at = layout_slot(event->type->layout, notice_marks[mark]);
        const struct slot *slot = at >= 0 ? &event->slots[at] : NULL;
        char number[MARK_TEXT_MAX];

        if (!slot || (event->type->personal & (UINT64_C(1) << at)))
                return;
        if (slot->kind == SLOT_STRING) {
                jsonw_put_text(json, notice_marks[mark], slot->s);
        } else if (slot->kind == SLOT_INT) {
                (void) snprintf(number, sizeof(number), "%lld", (long long)slot->i);
                jsonw_put_string(json, notice_marks[mark], number);
        }
}

static void notice_put_marks(const struct notice *n, const char *case_id, struct json_writer *json) {
        const struct event *event = n->ce->event;
        char at[INSTANT_TEXT + 1];

        jsonw_key(json, "kenmerken");
        jsonw_open_object(json);
        jsonw_put_string(json, notice_marks[MARK_ORGANISATION], n->organisation);
        jsonw_put_string(json, notice_marks[MARK_CASE], case_id);
        if (event->slots[SLOT_OCCURRED_AT].kind == SLOT_INT) {
                instant_format_exact(event->slots[SLOT_OCCURRED_AT].i, at);
                jsonw_put_string(json, notice_marks[MARK_OCCURRED_AT], at);
        }
        notice_put_field(event, MARK_NORM, json);
        notice_put_field(event, MARK_PROTOCOL, json);
        notice_put_field(event, MARK_RUNG, json);
        jsonw_close_object(json);
}

static void notice_put_url(const struct notice *n, const char *key, const char *what, const char *id, struct json_writer *json) {
        CLEANUP(buffer_done) struct buffer url = BUFFER_INIT(4096);

        buffer_printf(&url, "%.*s/%s/%s", (int)n->base.n, n->base.s, what, id);
        json->out->failed = json->out->failed || url.failed;
        jsonw_put_string(json, key, buffer_text(&url));
}

void notice_write(const struct notice *n, struct buffer *out) {
        const struct event *event = n->ce->event;
        struct json_writer json = JSON_WRITER(out);
        char case_id[UUID_TEXT + 1], event_id[UUID_TEXT + 1], created[INSTANT_TEXT + 1];

        uuid_format(&event->slots[SLOT_CASE_ID].u, case_id);
        uuid_format(&event->slots[SLOT_EVENT_ID].u, event_id);
        instant_format_exact(n->created, created);
        jsonw_open_object(&json);
        jsonw_put_string(&json, "kanaal", n->kanaal);
        if (strlen(n->ce->source) <= NOTICE_SOURCE_MAX)
                jsonw_put_string(&json, "source", n->ce->source);
        notice_put_url(n, "hoofdObject", "cases", case_id, &json);
        jsonw_put_string(&json, "resource", event->type->name);
        notice_put_url(n, "resourceUrl", event->type->name, event_id, &json);
        jsonw_put_string(&json, "actie", NOTICE_ACTION);
        jsonw_put_string(&json, "aanmaakdatum", created);
        notice_put_marks(n, case_id, &json);
        jsonw_close_object(&json);
}

/* -- Refusals -- */

/* Adds a code when it is a word: what stands there may be anything. */
static void notice_add_code(const json_t *holder, char codes[NOTICE_CODES_MAX]) {
        const char *code = json_string_value(json_object_get(holder, "code"));
        size_t n = strlen(codes), more = code ? strlen(code) : 0;

        if (more == 0 || n + more + 2 > NOTICE_CODES_MAX || strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_-") != more)
                return;
        (void) snprintf(codes + n, NOTICE_CODES_MAX - n, "%s%s", n > 0 ? " " : "", code);
}

static bool notice_has_code(const char *codes, const char *code) {
        const char *at = strstr(codes, code);
        size_t n = strlen(code);

        return at && (at == codes || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' ');
}

enum notice_refusal notice_judge(struct text body, char ret_codes[NOTICE_CODES_MAX]) {
        struct error ignored = {0};
        json_t *problem = json_read_object(body, JSON_OF_BODY, LANGUAGE_EN, &ignored);
        const json_t *params = json_object_get(problem, "invalidParams");
        enum notice_refusal refusal = NOTICE_REFUSED;

        if (!params)
                params = json_object_get(problem, "invalid-params"); /* as RFC 7807 has it */
        ret_codes[0] = '\0';
        for (size_t i = 0; i < json_array_size(params); i++)
                notice_add_code(json_array_get(params, i), ret_codes);
        notice_add_code(problem, ret_codes);
        if (notice_has_code(ret_codes, "message_kanaal") || notice_has_code(ret_codes, "kenmerken_inconsistent"))
                refusal = NOTICE_CHANNEL;
        else if (notice_has_code(ret_codes, "future_not_allowed"))
                refusal = NOTICE_FUTURE;
        json_decref(problem);
        return refusal;
}
