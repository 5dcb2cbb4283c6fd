/* SPDX-License-Identifier: EUPL-1.2 */

/* One agreement: when, where and for whom it holds, who gets copies, each norm in words with its ladder, its stories and its other versions. */

#include "console/pages/protocol.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "base/vector.h"
#include "console/pages/protocol_stories.h"
#include "console/pages/protocols.h"
#include "console/pictures/picture_ladder.h"
#include "model/norm_words.h"

#define PROTOCOL_VERSIONS_MAX 8 /* of one norm beside each other; more are left out, the earliest first */

struct protocol_page {
        struct exchange *x;
        struct html *h;
        const struct protocol *protocol;
        struct protocol_stories stories;
};

static const struct protocol *protocol_find(const struct protocols *all, const char *name) {
        for (size_t i = 0; i < all->n; i++) {
                if (strcmp(all->items[i]->name, name) == 0)
                        return all->items[i];
        }
        return NULL;
}

/* What is our own choice, beside what a source says. */
static void protocol_mark_assumed(struct protocol_page *p) {
        html_text(p->h, " ");
        part_mark(p->h, PART_WARNING, SAY(p->x, "assumed: no source says so", "aangenomen: geen bron zegt dit"));
}

/* -- The head -- */

static void protocol_head(struct protocol_page *p) {
        const struct protocol *protocol = p->protocol;
        struct exchange *x = p->x;

        part_terms_begin(p->h);
        part_term(p->h, SAY(x, "Name", "Naam"), protocol->name);
        part_term(p->h, SAY(x, "Source", "Bron"), protocol->source);
        part_term_begin(p->h, SAY(x, "Valid", "Geldig"));
        protocols_validity(x, p->h, protocol);
        if (protocol_assumes(protocol, NULL, "valid"))
                protocol_mark_assumed(p);
        part_term_end(p->h);
        part_term_begin(p->h, SAY(x, "Where", "Waar"));
        protocols_regions(x, p->h, protocol);
        part_term_end(p->h);
        if (protocol->has_hold) {
                CLEANUP(buffer_done) struct buffer words = BUFFER_INIT(NORM_WORDS_MAX);

                term_step_say(protocol->hold, x->language, &words);
                part_term_begin(p->h, SAY(x, "Who takes up an alert, holds higher rungs for", "Wie een melding oppakt, houdt hogere treden tegen"));
                html_text(p->h, buffer_text(&words));
                if (protocol_assumes(protocol, NULL, "acknowledgement_holds"))
                        protocol_mark_assumed(p);
                part_term_end(p->h);
        }
        part_terms_end(p->h);
}

static void protocol_partners(struct protocol_page *p) {
        struct exchange *x = p->x;
        const struct part_column columns[] = {{SAY(x, "Organisation", "Organisatie"), PART_TEXT}, {SAY(x, "From", "Vanaf"), PART_TEXT},
                                              {SAY(x, "Until", "Tot en met"), PART_TEXT}};
        struct part_table t;

        html_element(p->h, "h2", NULL, SAY(x, "Who take part", "Wie meedoen"));
        if (!p->protocol->has_partners) {
                html_element(p->h, "p", NULL, SAY(x, "Everybody there.", "Iedereen daar."));
                return;
        }
        part_table_begin(&t, p->h, "partners", SAY(x, "Partners", "Partners"), columns, ELEMENTS(columns));
        for (size_t i = 0; i < p->protocol->n_partners; i++) {
                const struct partner *partner = &p->protocol->partners[i];

                part_row_begin(&t, NULL);
                part_cell_textf(&t, "%s (%s)", partner->organisation->name, partner->organisation->id);
                part_cell_date(&t, partner->from == INT32_MIN ? DAY_NONE : partner->from, x->language);
                part_cell_date(&t, partner->until == INT32_MAX ? DAY_NONE : partner->until, x->language);
                part_row_end(&t);
        }
        part_table_end(&t, SAY(x, "Nobody does.", "Niemand doet mee."));
}

/* -- Copies -- */

static void protocol_route(struct protocol_page *p, struct part_table *t, const struct route *route) {
        CLEANUP(buffer_done) struct buffer words = BUFFER_INIT(NORM_WORDS_MAX);
        struct exchange *x = p->x;

        part_row_begin(t, NULL);
        if (x->language == LANGUAGE_NL)
                event_type_print_dutch(route->type, &words);
        else
                buffer_add_text(&words, route->type->name);
        part_cell_text(t, buffer_text(&words));
        buffer_clear(&words);
        conditions_print(&route->when, route->type, x->language, &words);
        part_cell_text(t, words.n ? buffer_text(&words) : NULL);
        buffer_clear(&words);
        roles_print(&route->to, x->language, &words);
        part_cell_text(t, buffer_text(&words));
        part_cell_text(t, route->basis);
        part_cell_text(t, route->follows ? SAY(x, "yes", "ja") : SAY(x, "no", "nee"));
        part_cell_text(t, route->personal ? SAY(x, "yes", "ja") : SAY(x, "no", "nee"));
        part_row_end(t);
}

static void protocol_routes(struct protocol_page *p) {
        struct exchange *x = p->x;
        const struct part_column columns[] = {
                {SAY(x, "Of which message", "Van welk bericht"), PART_TEXT}, {SAY(x, "Only if", "Alleen als"), PART_TEXT},
                {SAY(x, "To", "Aan"), PART_TEXT},                             {SAY(x, "On what ground", "Op welke grond"), PART_TEXT},
                {SAY(x, "Goes along when the child moves", "Gaat mee bij verhuizing"), PART_TEXT},
                {SAY(x, "With personal data", "Met persoonsgegevens"), PART_TEXT},
        };
        struct part_table t;

        html_element(p->h, "h2", NULL, SAY(x, "Who gets a copy of what", "Wie waarvan een kopie krijgt"));
        part_table_begin(&t, p->h, "routes", SAY(x, "Copies", "Kopie\xc3\xabn"), columns, ELEMENTS(columns));
        for (size_t i = 0; i < p->protocol->n_routes; i++)
                protocol_route(p, &t, &p->protocol->routes[i]);
        part_table_end(&t, SAY(x, "Nobody gets copies by this agreement.", "Niemand krijgt kopie\xc3\xabn door deze afspraak."));
}

/* -- Norms -- */

static int protocol_see_line(void *ctx, const struct norm_line *line) {
        struct protocol_page *p = ctx;

        part_term_begin(p->h, line->label);
        html_text(p->h, line->text);
        if (line->assumed)
                protocol_mark_assumed(p);
        part_term_end(p->h);
        return 0;
}

static void protocol_stories_write(struct protocol_page *p, const struct norm *norm) {
        size_t at = 0, n = 0;
        const char *title;

        for (; n < PROTOCOL_STORIES_MAX && (title = protocol_stories_next(&p->stories, norm->name, &at)); n++) {
                if (n == 0) {
                        html_element(p->h, "h4", NULL, SAY(p->x, "Stories that test it", "Verhalen die het beproeven"));
                        html_begin(p->h, "ul");
                        html_attr(p->h, "lang", p->x->language == LANGUAGE_NL ? NULL : "nl");
                }
                html_element(p->h, "li", NULL, title);
        }
        if (n)
                html_end(p->h, "ul");
}

static void protocol_ladder(struct protocol_page *p, const struct norm *norm) {
        char id[NAME_MAX_BYTES + 16];
        const struct picture_ladder ladder = {id, norm, p->x->language};

        (void) snprintf(id, sizeof(id), "ladder-%s", norm->name);
        if (!picture_ladder_some(norm)) {
                html_element(p->h, "p", NULL, SAY(p->x, "Nobody is reminded or alerted of it: it only counts in the figures.",
                                                  "Niemand wordt hieraan herinnerd en niemand hoort het: het telt alleen in de cijfers."));
                return;
        }
        picture_ladder_draw(p->h, &ladder);
        picture_ladder_table(p->h, &ladder);
}

/* -- Versions beside each other -- */

struct protocol_words { /* what a norm says, key by key */
        VECTOR(struct norm_line) lines;
        struct arena *arena;
};

struct protocol_versions {
        const struct norm *norms[PROTOCOL_VERSIONS_MAX];
        struct protocol_words words[PROTOCOL_VERSIONS_MAX];
        size_t n;
};

static int protocol_keep_line(void *ctx, const struct norm_line *line) {
        struct protocol_words *words = ctx;
        struct norm_line kept = *line;

        kept.text = arena_copy(words->arena, line->text, strlen(line->text));
        return kept.text ? vector_push(&words->lines, kept) : -ENOMEM;
}

static int protocol_by_validity(const void *a, const void *b) {
        const struct protocol *x = (*(const struct norm *const *)a)->protocol, *y = (*(const struct norm *const *)b)->protocol;

        if (x->from != y->from)
                return x->from < y->from ? -1 : 1;
        return strcmp(x->name, y->name);
}

/* Norms of this name in all agreements, in the order of their validity. */
static void protocol_versions_find(const struct protocols *all, const char *name, struct protocol_versions *ret) {
        *ret = (struct protocol_versions){0};
        for (size_t i = 0; i < all->n; i++) {
                for (size_t k = 0; k < all->items[i]->n_norms; k++) {
                        if (strcmp(all->items[i]->norms[k].name, name) != 0)
                                continue;
                        if (ret->n == PROTOCOL_VERSIONS_MAX) { /* the earliest makes room */
                                qsort(ret->norms, ret->n, sizeof(*ret->norms), protocol_by_validity);
                                memmove(ret->norms, ret->norms + 1, (--ret->n) * sizeof(*ret->norms));
                        }
                        ret->norms[ret->n++] = &all->items[i]->norms[k];
                }
        }
        qsort(ret->norms, ret->n, sizeof(*ret->norms), protocol_by_validity);
}

static const struct norm_line *protocol_line_of(const struct protocol_words *words, const char *key) {
        for (size_t i = 0; i < words->lines.n; i++) {
                if (strcmp(words->lines.items[i].key, key) == 0)
                        return &words->lines.items[i];
        }
        return NULL;
}

/* Whether a version says another thing than the one before it. */
static bool protocol_line_differs(const struct protocol_versions *v, size_t version, const char *key) {
        const struct norm_line *now = protocol_line_of(&v->words[version], key), *before;

        if (version == 0)
                return false;
        before = protocol_line_of(&v->words[version - 1], key);
        return (now == NULL) != (before == NULL) || (now && strcmp(now->text, before->text) != 0);
}

static void protocol_versions_row(struct protocol_page *p, struct part_table *t, const struct protocol_versions *v, const struct norm_line *line) {
        part_row_begin(t, NULL);
        part_cell_text(t, line->label);
        for (size_t i = 0; i < v->n; i++) {
                const struct norm_line *said = protocol_line_of(&v->words[i], line->key);

                part_cell_begin(t);
                if (protocol_line_differs(v, i, line->key)) {
                        html_element(t->h, "ins", NULL, said ? said->text : SAY(p->x, "nothing any more", "niets meer"));
                        html_text(t->h, " ");
                        part_mark(t->h, PART_WARNING, SAY(p->x, "other than before", "anders dan daarvoor"));
                } else {
                        html_text(t->h, said ? said->text : NULL);
                }
                part_cell_end(t);
        }
        part_row_end(t);
}

/* Whether an earlier version has the key already: its row stands there. */
static bool protocol_key_came_before(const struct protocol_versions *v, size_t version, const char *key) {
        for (size_t i = 0; i < version; i++) {
                if (protocol_line_of(&v->words[i], key))
                        return true;
        }
        return false;
}

static void protocol_versions_table(struct protocol_page *p, const struct norm *norm, const struct protocol_versions *v) {
        struct part_column columns[PROTOCOL_VERSIONS_MAX + 1] = {{SAY(p->x, "What", "Wat"), PART_TEXT}};
        char headings[PROTOCOL_VERSIONS_MAX][160], from[PART_DATE_TEXT], id[NAME_MAX_BYTES + 16], caption[160];
        struct part_table t;

        for (size_t i = 0; i < v->n; i++) {
                (void) snprintf(headings[i], sizeof(headings[i]), SAY(p->x, "%s, from %s", "%s, vanaf %s"), v->norms[i]->protocol->name,
                                part_date_text(v->norms[i]->protocol->from, p->x->language, from));
                columns[i + 1] = (struct part_column){headings[i], PART_TEXT};
        }
        (void) snprintf(id, sizeof(id), "versions-%s", norm->name);
        html_element(p->h, "h4", NULL, SAY(p->x, "Versions beside each other", "Versies naast elkaar"));
        (void) snprintf(caption, sizeof(caption), SAY(p->x, "What each version of %s says; what is other than before is marked",
                                                      "Wat iedere versie van %s zegt; wat anders is dan daarvoor, is gemerkt"), norm->name);
        part_table_begin(&t, p->h, id, caption, columns, v->n + 1);
        for (size_t i = 0; i < v->n; i++) {
                for (size_t k = 0; k < v->words[i].lines.n; k++) {
                        if (!protocol_key_came_before(v, i, v->words[i].lines.items[k].key))
                                protocol_versions_row(p, &t, v, &v->words[i].lines.items[k]);
                }
        }
        part_table_end(&t, "");
}

/* Nothing, when there is one version of it. Return: 0 or -ENOMEM. */
static int protocol_versions_write(struct protocol_page *p, const struct norm *norm) {
        struct protocol_versions v;
        int r = 0;

        protocol_versions_find(&p->x->console->config->protocols, norm->name, &v);
        if (v.n < 2)
                return 0;
        for (size_t i = 0; r == 0 && i < v.n; i++) {
                r = arena_new(&v.words[i].arena, (size_t)1 << 20);
                if (r == 0)
                        r = norm_say(v.norms[i], p->x->language, protocol_keep_line, &v.words[i]);
        }
        if (r == 0)
                protocol_versions_table(p, norm, &v);
        for (size_t i = 0; i < v.n; i++) {
                vector_done(&v.words[i].lines);
                arena_free(v.words[i].arena);
        }
        return r;
}

/* -- The page -- */

static int protocol_norm(struct protocol_page *p, const struct norm *norm) {
        int r;

        html_begin(p->h, "h3");
        html_attr(p->h, "id", norm->name);
        html_text(p->h, norm->title ? norm->title : norm->name);
        html_end(p->h, "h3");
        html_begin(p->h, "p");
        html_element(p->h, "code", NULL, norm->name);
        html_end(p->h, "p");
        part_terms_begin(p->h);
        r = norm_say(norm, p->x->language, protocol_see_line, p);
        part_terms_end(p->h);
        protocol_ladder(p, norm);
        protocol_stories_write(p, norm);
        return r ? r : protocol_versions_write(p, norm);
}

static int protocol_write(struct protocol_page *p) {
        const struct protocol *protocol = p->protocol;
        int r = 0;

        exchange_page_begin(p->x, p->h, protocol->title ? protocol->title : protocol->name);
        protocol_head(p);
        protocol_partners(p);
        html_element(p->h, "h2", NULL, SAY(p->x, "Norms", "Normen"));
        for (size_t i = 0; r == 0 && i < protocol->n_norms; i++)
                r = protocol_norm(p, &protocol->norms[i]);
        protocol_routes(p);
        exchange_page_end(p->x, p->h);
        return r;
}

/* -- For programs -- */

static int protocol_put_line(void *ctx, const struct norm_line *line) {
        struct json_writer *w = ctx;

        jsonw_open_object(w);
        jsonw_put_string(w, "key", line->key);
        jsonw_put_string(w, "text", line->text);
        jsonw_put_bool(w, "assumed", line->assumed);
        jsonw_close_object(w);
        return 0;
}

static void protocol_put_roles(const struct roles *to, struct json_writer *w) {
        jsonw_key(w, "to");
        jsonw_open_array(w);
        for (size_t i = 0; i < to->n; i++)
                jsonw_string(w, to->items[i].name);
        jsonw_close_array(w);
}

static void protocol_put_step(struct term_step step, const char *key, const struct roles *to, struct json_writer *w) {
        char text[64];

        (void) term_step_format(step, text, sizeof(text));
        jsonw_open_object(w);
        jsonw_put_string(w, key, text);
        protocol_put_roles(to, w);
        jsonw_close_object(w);
}

static void protocol_put_versions(struct protocol_page *p, const struct norm *norm, struct json_writer *w) {
        struct protocol_versions v;

        protocol_versions_find(&p->x->console->config->protocols, norm->name, &v);
        jsonw_key(w, "versions");
        jsonw_open_array(w);
        for (size_t i = 0; i < v.n; i++)
                jsonw_string(w, v.norms[i]->protocol->name);
        jsonw_close_array(w);
}

static int protocol_put_norm(struct protocol_page *p, const struct norm *norm, struct json_writer *w) {
        const char *title;
        size_t at = 0;
        int r;

        jsonw_open_object(w);
        jsonw_put_string(w, "norm", norm->name);
        jsonw_put_string(w, "title", norm->title ? norm->title : norm->name);
        jsonw_key(w, "says");
        jsonw_open_array(w);
        r = norm_say(norm, p->x->language, protocol_put_line, w);
        jsonw_close_array(w);
        jsonw_key(w, "reminders");
        jsonw_open_array(w);
        for (size_t i = 0; i < norm->n_reminders; i++)
                protocol_put_step(norm->reminders[i].before, "before", &norm->reminders[i].to, w);
        jsonw_close_array(w);
        jsonw_key(w, "rungs");
        jsonw_open_array(w);
        for (size_t i = 0; i < norm->n_rungs; i++)
                protocol_put_step(norm->rungs[i].after, "after", &norm->rungs[i].to, w);
        jsonw_close_array(w);
        jsonw_key(w, "stories");
        jsonw_open_array(w);
        for (size_t n = 0; n < PROTOCOL_STORIES_MAX && (title = protocol_stories_next(&p->stories, norm->name, &at)); n++)
                jsonw_string(w, title);
        jsonw_close_array(w);
        protocol_put_versions(p, norm, w);
        jsonw_close_object(w);
        return r;
}

static void protocol_put_route(const struct route *route, struct json_writer *w) {
        jsonw_open_object(w);
        jsonw_put_string(w, "event", route->type->name);
        protocol_put_roles(&route->to, w);
        jsonw_put_string(w, "basis", route->basis);
        jsonw_put_bool(w, "follows", route->follows);
        jsonw_put_bool(w, "personal", route->personal);
        jsonw_close_object(w);
}

static int protocol_put(struct protocol_page *p) {
        struct json_writer w = exchange_json(p->x);
        int r = 0;

        jsonw_open_object(&w);
        protocols_put(p->protocol, &w);
        jsonw_key(&w, "assumed");
        jsonw_open_array(&w);
        for (size_t i = 0; i < p->protocol->n_assumed; i++)
                jsonw_string(&w, p->protocol->assumed[i]);
        jsonw_close_array(&w);
        jsonw_key(&w, "norms");
        jsonw_open_array(&w);
        for (size_t i = 0; r == 0 && i < p->protocol->n_norms; i++)
                r = protocol_put_norm(p, &p->protocol->norms[i], &w);
        jsonw_close_array(&w);
        jsonw_key(&w, "routes");
        jsonw_open_array(&w);
        for (size_t i = 0; i < p->protocol->n_routes; i++)
                protocol_put_route(&p->protocol->routes[i], &w);
        jsonw_close_array(&w);
        jsonw_close_object(&w);
        return r;
}

void page_protocol(struct exchange *x) {
        struct html h;
        struct protocol_page p = {.x = x, .h = &h, .protocol = protocol_find(&x->console->config->protocols, x->rest)};
        int r;

        if (!p.protocol) {
                exchange_not_found(x);
                return;
        }
        protocol_stories_open(p.protocol, &p.stories);
        r = x->json ? protocol_put(&p) : protocol_write(&p);
        protocol_stories_done(&p.stories);
        if (r)
                exchange_problem(x, 503, SAY(x, "There is no memory for this agreement now. Try again in a moment.",
                                             "Er is nu geen geheugen voor deze afspraak. Probeer het zo nog eens."));
}
