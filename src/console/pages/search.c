/* SPDX-License-Identifier: EUPL-1.2 */

/* Finding a case by any id that events have; by a reference, for who may see such fields. */

#include "console/pages/search.h"

#include <stdio.h>
#include <string.h>

#include "cluster/audit.h"
#include "console/pages/trace_section.h"
#include "engine/told.h"

#define SEARCH_TEXT_MAX 256
#define SEARCH_URN "urn:uuid:"
#define SEARCH_REFERENCE "reference" /* the field, and what stands in audit for its value */

struct search {
        char text[SEARCH_TEXT_MAX + 1];
        bool is_id, is_refused; /* refused: it is no id, and this person may look for nothing else */
        struct uuid id;
        struct replica_hit hits[REPLICA_HITS_MAX + DIGESTS_FOUND_MAX];
        size_t n;
        bool whole;             /* every id is in the index */
};

/* -- What is asked -- */

/* Without blanks around it and urn:uuid: before it; an id also in capitals. Return: false, it is too long. */
static bool search_read(const struct exchange *x, const char *asked, struct search *s) {
        struct text text = text_of(asked);
        char lower[UUID_TEXT + 1];

        while (text.n > 0 && strchr(" \t", *text.s))
                text = (struct text){text.s + 1, text.n - 1};
        while (text.n > 0 && strchr(" \t", text.s[text.n - 1]))
                text.n--;
        if (text.n > SEARCH_TEXT_MAX)
                return false;
        (void) snprintf(s->text, sizeof(s->text), "%.*s", (int)text.n, text.s);
        if (text.n == UUID_TEXT + strlen(SEARCH_URN) && strncasecmp(text.s, SEARCH_URN, strlen(SEARCH_URN)) == 0)
                text = (struct text){text.s + strlen(SEARCH_URN), UUID_TEXT};
        for (size_t i = 0; text.n == UUID_TEXT && i < UUID_TEXT; i++)
                lower[i] = text.s[i] >= 'A' && text.s[i] <= 'F' ? (char)(text.s[i] | 0x20) : text.s[i];
        s->is_id = text.n == UUID_TEXT && uuid_parse(lower, UUID_TEXT, &s->id);
        s->is_refused = !s->is_id && text.n > 0 && !exchange_may(x, ROLE_GEGEVENS);
        return true;
}

/* -- What an organisation was told -- */

static bool search_fact_has(const struct search *s, const struct fact *fact) {
        const struct layout *layout = fact->type->layout;
        int reference = layout_slot(layout, SEARCH_REFERENCE), instance = fact->type->fields[FIELD_INSTANCE];
        char text[UUID_TEXT + 1];

        if (!s->is_id)
                return reference >= 0 && fact->slots[reference].kind == SLOT_STRING && text_is(fact->slots[reference].s, s->text);
        if (uuid_equal(&fact->event_id, &s->id))
                return true;
        for (size_t i = 0; i < layout->n; i++) {
                if (fact->slots[i].kind == SLOT_UUID && uuid_equal(&fact->slots[i].u, &s->id))
                        return true;
        }
        uuid_format(&s->id, text);
        return instance >= 0 && fact->slots[instance].kind == SLOT_STRING && text_is(fact->slots[instance].s, text);
}

static bool search_norm_has(const struct search *s, const struct told_norm *norm) {
        char text[UUID_TEXT + 1];

        for (size_t i = 0; i < norm->n_alerts; i++) {
                if (uuid_equal(&norm->alerts[i]->id, &s->id))
                        return true;
        }
        uuid_format(&s->id, text);
        return strcmp(norm->instance, text) == 0;
}

/* Whether what was told names it; the case itself is found by whoever heard of it at all. Under the lock of the replica. */
static bool search_told_has(const struct search *s, const struct told *told, const struct uuid *case_id) {
        if (!told_some(told))
                return false;
        if (s->is_id && uuid_equal(&s->id, case_id))
                return true;
        for (size_t i = 0; i < told->n_copies; i++) {
                if (search_fact_has(s, told->copies[i].fact))
                        return true;
        }
        for (size_t i = 0; s->is_id && i < told->n_norms; i++) {
                if (search_norm_has(s, &told->norms[i]))
                        return true;
        }
        return false;
}

/* Whether a step that its people may see is about it. */
static bool search_trail_has(const struct exchange *x, const struct search *s, const struct uuid *case_id) {
        CLEANUP(trail_free_p) struct trail *trail = NULL;
        const struct trail_step *const *steps;
        size_t n;

        if (!s->is_id || tracks_trail(x->console->tracks, case_id, &trail))
                return false;
        steps = trail_steps(trail, &n);
        for (size_t i = 0; i < n; i++) {
                if (trace_step_is_of(steps[i], x->person->organisation) && trace_step_is_about(steps[i], &s->id))
                        return true;
        }
        return false;
}

/* Return: whether this person may know that it occurs in this case. */
static bool search_may_know(const struct exchange *x, const struct search *s, const struct uuid *case_id) {
        struct replica *replica = x->console->replica;
        struct casefile *casefile;
        bool some = false, has = false;
        struct told told;

        if (!x->person->organisation)
                return true;
        replica_lock(replica);
        casefile = store_find(replica_store(replica), case_id);
        if (casefile) {
                if (told_open(&told, replica_engine(replica), replica_store(replica), casefile, x->person->organisation, replica_now(replica)) == 0) {
                        some = told_some(&told);
                        has = search_told_has(s, &told, case_id);
                }
                told_done(&told);
        }
        replica_unlock(replica);
        return has || (some && search_trail_has(x, s, case_id));
}

/* -- Finding -- */

static void search_add(struct search *s, const struct uuid *case_id, const char *field) {
        for (size_t i = 0; i < s->n; i++) {
                if (uuid_equal(&s->hits[i].case_id, case_id))
                        return;
        }
        s->hits[s->n++] = (struct replica_hit){*case_id, field};
}

static void search_find(const struct exchange *x, struct search *s) {
        struct replica *replica = x->console->replica;
        struct uuid tracked[DIGESTS_FOUND_MAX];
        struct replica_status status;
        size_t n = 0, kept = 0;

        replica_status(replica, &status);
        s->whole = status.whole;
        replica_lock(replica);
        s->n = s->is_id ? replica_find(replica, &s->id, s->hits) : replica_find_reference(replica, text_of(s->text), s->hits);
        replica_unlock(replica);
        if (s->is_id)
                n = tracks_find(x->console->tracks, &s->id, tracked); /* what was refused is no fact */
        for (size_t i = 0; i < n; i++)
                search_add(s, &tracked[i], "event_id");
        for (size_t i = 0; i < s->n; i++) {
                if (search_may_know(x, s, &s->hits[i].case_id))
                        s->hits[kept++] = s->hits[i];
        }
        s->n = kept;
}

/* -- Answering -- */

/* Where a case is, with what was looked for marked. */
static const char *search_place(const struct search *s, const struct uuid *case_id, char ret[EXCHANGE_LINK_MAX]) {
        char of[UUID_TEXT + 1], id[UUID_TEXT + 1];

        uuid_format(case_id, of);
        uuid_format(&s->id, id);
        if (s->is_id && !uuid_equal(&s->id, case_id))
                (void) snprintf(ret, EXCHANGE_LINK_MAX, "/zaken/%s?" TRACE_ID "=%s#" TRACE_FOUND, of, id);
        else
                (void) snprintf(ret, EXCHANGE_LINK_MAX, "/zaken/%s", of);
        return ret;
}

static void search_table(const struct exchange *x, struct html *h, const struct search *s) {
        const struct part_column columns[] = {{SAY(x, "Case", "Zaak"), PART_TEXT}, {SAY(x, "What it is there", "Wat het daar is"), PART_TEXT}};
        char text[UUID_TEXT + 1], href[EXCHANGE_LINK_MAX];
        struct part_table t;

        part_table_begin(&t, h, "hits", SAY(x, "Cases in which it occurs", "Zaken waarin het voorkomt"), columns, ELEMENTS(columns));
        for (size_t i = 0; i < s->n; i++) {
                uuid_format(&s->hits[i].case_id, text);
                part_row_begin(&t, NULL);
                part_cell_link(&t, search_place(s, &s->hits[i].case_id, href), text);
                part_cell_text(&t, s->hits[i].field);
                part_row_end(&t);
        }
        part_table_end(&t, SAY(x, "It occurs in none.", "Het komt in geen enkele voor."));
}

static void search_nothing(const struct exchange *x, struct html *h, const struct search *s) {
        if (s->is_refused)
                part_notice(h, PART_WARNING, SAY(x, "This is no id: 36 characters, as 00000000-0000-4000-8000-000000000000.",
                                                 "Dit is geen kenmerk: 36 tekens, zoals 00000000-0000-4000-8000-000000000000."));
        else
                part_notice(h, PART_NOTE, SAY(x, "Nothing was found: no case has it, or it is not for you to see.",
                                              "Niets gevonden: geen zaak heeft het, of het is niet voor u te zien."));
        if (!s->whole && !s->is_refused)
                part_notice(h, PART_NOTE, SAY(x, "Not every id is in memory; `ketenwacht trace` looks for it on the topics.",
                                              "Niet elk kenmerk staat in het geheugen; `ketenwacht trace` zoekt het op de topics."));
}

static void search_form(const struct exchange *x, struct html *h, const struct search *s) {
        const char *ids = SAY(x, "Id of a case, event, measure, alert…", "Kenmerk van een zaak, bericht, maatregel, melding…");
        const char *more = SAY(x, "Id of a case, event, measure, alert…, or a reference",
                               "Kenmerk van een zaak, bericht, maatregel, melding…, of een referentie");

        part_filter_begin(h, "/zaken", SAY(x, "Find by another id", "Zoek op een ander kenmerk"));
        part_field(h, "zoek", exchange_may(x, ROLE_GEGEVENS) ? more : ids, s->text[0] ? s->text : NULL);
        part_filter_end(h, x->language);
}

static void search_write(struct exchange *x, const struct search *s) {
        struct html h;

        exchange_page_begin(x, &h, SAY(x, "Cases", "Zaken"));
        search_form(x, &h, s);
        if (s->text[0] && s->n == 0)
                search_nothing(x, &h, s);
        if (s->n > 0)
                search_table(x, &h, s);
        exchange_page_end(x, &h);
}

static void search_put(struct exchange *x, const struct search *s) {
        struct json_writer w = exchange_json(x);
        char text[UUID_TEXT + 1];

        jsonw_open_object(&w);
        jsonw_key(&w, "hits");
        jsonw_open_array(&w);
        for (size_t i = 0; i < s->n; i++) {
                uuid_format(&s->hits[i].case_id, text);
                jsonw_open_object(&w);
                jsonw_put_string(&w, "case_id", text);
                jsonw_put_string(&w, "field", s->hits[i].field);
                jsonw_close_object(&w);
        }
        jsonw_close_array(&w);
        jsonw_put_bool(&w, "whole", s->whole);
        jsonw_close_object(&w);
}

void page_search(struct exchange *x) {
        const char *asked = exchange_query(x, "zoek");
        struct search s = {.whole = true};
        char text[UUID_TEXT + 1], place[EXCHANGE_LINK_MAX];

        if (asked && !search_read(x, asked, &s)) {
                exchange_bad_query(x, "zoek");
                return;
        }
        uuid_format(&s.id, text);
        if (s.text[0] && !s.is_refused) {
                if (!exchange_audit(x, AUDIT_SEARCH, s.is_id ? text : SEARCH_REFERENCE, NULL))
                        return;
                search_find(x, &s);
        }
        if (x->json)
                search_put(x, &s);
        else if (s.n == 1)
                web_answer_see(x->answer, search_place(&s, &s.hits[0].case_id, place));
        else
                search_write(x, &s);
}
