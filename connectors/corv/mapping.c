/* SPDX-License-Identifier: EUPL-1.2 */

/* What the end of a case at the council says of the court's decision. */

#include "connectors/corv/mapping.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CORV_UNKNOWN "UNKNOWN"
#define NAME_MAX_BYTES 1200 /* of what an id is made of: an organisation of 200 characters, a reference of 40 */

static const char *const kinds[] = {"OTS", "VOTS", "VOOGDIJ", "VOORLOPIGE_VOOGDIJ", "TIJDELIJKE_VOOGDIJ", "PREVENTIEF", "JR_GEDWONGEN", "JR_VRIJWILLIG",
                                    "ITB_HARDE_KERN", "ITB_CRIEM", "STP", "GBM", "GBM_VOORBEREIDING", CORV_UNKNOWN};

bool corv_kind_is_known(const char *kind) {
        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                if (strcmp(kinds[i], kind) == 0)
                        return true;
        }
        return false;
}

/* Whether @pattern stands in @t with no letter or digit beside it. */
static bool text_has_word(struct text t, const char *pattern) {
        size_t n = strlen(pattern);

        for (size_t i = 0; i + n <= t.n; i++) {
                bool begins = i == 0 || !isalnum((unsigned char)t.s[i - 1]), ends = i + n == t.n || !isalnum((unsigned char)t.s[i + n]);

                if (begins && ends && strncasecmp(t.s + i, pattern, n) == 0)
                        return true;
        }
        return false;
}

static const char *decision_find(const struct notice_decision *d, const struct option_pairs *pairs) {
        for (size_t i = 0; i < pairs->n; i++) {
                bool found = text_has_word(d->words, pairs->items[i].key);

                for (size_t j = 0; j < d->extras_n && !found; j++)
                        found = text_has_word(d->extras[j], pairs->items[i].key);
                if (found)
                        return pairs->items[i].value;
        }
        return NULL;
}

size_t corv_events(const struct notice *n) {
        if (n->status != STATUS_CASE_DONE || (n->result != RESULT_IMPOSED && n->result != RESULT_NOT_IMPOSED))
                return 0;
        return n->n > 0 ? n->n : 1;
}

static struct uuid corv_id(const struct notice *n, size_t i, const char *what) {
        char name[NAME_MAX_BYTES];
        int length = snprintf(name, sizeof(name), "corv|%.*s|%.*s|%zu|%s", (int)n->sender.n, n->sender.s, (int)n->reference.n, n->reference.s, i, what);

        assert(length > 0 && (size_t)length < sizeof(name));
        return uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)length);
}

void corv_event(const struct notice *n, const struct corv_words *words, size_t i, struct corv_event *ret) {
        const struct notice_decision *d = i < n->n ? &n->decisions[i] : NULL;
        const char *kind = d ? decision_find(d, words->kinds) : NULL;

        assert(i < corv_events(n));
        *ret = (struct corv_event){
                .event_id = corv_id(n, i, "event"),
                .decision_id = corv_id(n, i, "decision"),
                .date = d ? d->date : n->status_on,
                .ends = d ? d->ends : DAY_NONE,
                .imposed = n->result == RESULT_IMPOSED,
                .kind = kind ? kind : CORV_UNKNOWN,
                .gi = d ? decision_find(d, words->institutions) : NULL,
        };
        ret->occurred_at = date_begin(ret->date);
        ret->recorded_at = n->at > ret->occurred_at ? n->at : ret->occurred_at;
}

static void put_day(struct json_writer *w, const char *key, day_t day) {
        char text[DATE_TEXT + 1];

        date_format(day, text);
        jsonw_put_string(w, key, text);
}

void corv_event_write(const struct corv_event *e, const char *case_id, const char *source, const char *municipality, struct json_writer *w) {
        char id[UUID_TEXT + 1];

        jsonw_open_object(w);
        jsonw_put_string(w, "event", "court-decided");
        uuid_format(&e->event_id, id);
        jsonw_put_string(w, "event_id", id);
        jsonw_put_string(w, "case_id", case_id);
        jsonw_put_string(w, "source", source);
        instant_put_exact(w, "occurred_at", e->occurred_at);
        instant_put_exact(w, "recorded_at", e->recorded_at);
        uuid_format(&e->decision_id, id);
        jsonw_put_string(w, "decision_id", id);
        put_day(w, "date", e->date);
        jsonw_put_string(w, "kind", e->kind);
        jsonw_put_bool(w, "imposed", e->imposed);
        if (e->gi)
                jsonw_put_string(w, "gi", e->gi);
        jsonw_put_string(w, "municipality", municipality);
        if (e->ends != DAY_NONE)
                put_day(w, "ends_on", e->ends);
        jsonw_close_object(w);
}
