/* SPDX-License-Identifier: EUPL-1.2 */

/* What a protocol may say and what can hardly be meant: each with what will happen. */

#include "model/advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define MINUTES_DAY 1440

static void advice_of_norm(struct mistakes *warnings, const struct norm *norm, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void advice_of_norm(struct mistakes *warnings, const struct norm *norm, const char *fmt, ...) {
        char sentence[512];
        va_list args;

        va_start(args, fmt);
        (void) vsnprintf(sentence, sizeof(sentence), fmt, args);
        va_end(args);
        mistakes_place(warnings, norm->protocol->file, IN_LANGUAGE(warnings->language, "norm '%s': %s", "norm '%s': %s"), norm->name, sentence);
}

/* About how long a step is, so that steps of different units can be put in order; a working day is at least a day, five are a week. */
static int64_t advice_minutes(struct term_step step) {
        int64_t n = step.count;

        switch (step.unit) {
        case TERM_HOURS:
                return n * 60;
        case TERM_DAYS:
                return n * MINUTES_DAY;
        case TERM_WEEKS:
                return n * 7 * MINUTES_DAY;
        case TERM_MONTHS:
                return n * 30 * MINUTES_DAY;
        case TERM_YEARS:
                return n * 365 * MINUTES_DAY;
        case TERM_WORKING_DAYS:
                return n * 7 * MINUTES_DAY / 5;
        }
        return 0;
}

static int64_t advice_term(const struct term *term) {
        int64_t sum = 0;

        for (unsigned i = 0; i < term->n; i++)
                sum += advice_minutes(term->steps[i]);
        return sum;
}

static void advise_partners(const struct protocol *p, struct mistakes *warnings) {
        bool child = p->n_routes > 0;

        for (size_t i = 0; i < p->n_norms; i++)
                child |= !p->norms[i].starts_protocol && !p->norms[i].starts.type->region;
        if (!p->has_partners || !child)
                return;
        for (size_t i = 0; i < p->n_partners; i++) {
                for (const struct organisation *row = p->partners[i].organisation; row; row = row->next) {
                        if (row->kind != KIND_MUNICIPALITY)
                                continue;
                        for (size_t j = 0; j < p->n_regions; j++) {
                                if (row->region && region_within(row->region, p->regions[j]))
                                        return;
                        }
                        if (p->n_regions == 0)
                                return;
                }
        }
        mistakes_place(warnings, p->file,
                       IN_LANGUAGE(warnings->language, "no municipality of its region is a partner, so nothing of it ever holds for a child",
                                   "geen gemeente uit de regio is partner, dus niets hiervan geldt ooit voor een kind"));
}

static bool advice_has_gis(const struct region *region) {
        for (; region; region = region->part_of) {
                if (role_find(region->roles, region->n_roles, ROLE_WORD_GI))
                        return true;
        }
        return false;
}

static void advise_roles(const struct norm *norm, const struct roles *roles, struct mistakes *warnings) {
        const struct protocol *p = norm->protocol;

        for (size_t i = 0; i < roles->n; i++) {
                if (roles->items[i].kind == ROLE_GI)
                        advice_of_norm(warnings, norm,
                                       IN_LANGUAGE(warnings->language,
                                                   "a region has no GI of its own, so what is for 'gi' goes to operators; write 'gis' for every GI of the "
                                                   "region, or give each its own with for_each: gi",
                                                   "een regio heeft geen eigen GI, dus wat voor 'gi' is, gaat naar de beheerder; schrijf 'gis' voor iedere GI "
                                                   "van de regio, of geef iedere GI een eigen plicht met for_each: gi"));
                for (size_t j = 0; roles->items[i].kind == ROLE_GIS && j < p->n_regions; j++) {
                        if (!advice_has_gis(p->regions[j]))
                                advice_of_norm(warnings, norm,
                                               IN_LANGUAGE(warnings->language,
                                                           "region '%s' lists no GI (roles: {gi: …}), so what is for 'gis' goes to operators there",
                                                           "regio '%s' somt geen GI op (roles: {gi: …}), dus wat voor 'gis' is, gaat daar naar de beheerder"),
                                               p->regions[j]->id);
                }
        }
}

static void advise_region(const struct norm *norm, struct mistakes *warnings) {
        if (!norm->starts_protocol && !norm->starts.type->region)
                return;
        advise_roles(norm, &norm->announce, warnings);
        for (size_t i = 0; i < norm->n_reminders; i++)
                advise_roles(norm, &norm->reminders[i].to, warnings);
        for (size_t i = 0; i < norm->n_rungs; i++)
                advise_roles(norm, &norm->rungs[i].to, warnings);
}

/* A norm that the region has by itself, or NULL. *ret_named: its protocol names the region, and does not hold everywhere. */
static const struct norm *advice_norm_of(const struct config *config, const struct region *region, bool *ret_named) {
        for (size_t i = 0; i < config->n_region_norms; i++) {
                const struct protocol *p = config->region_norms[i]->protocol;

                *ret_named = p->n_regions > 0;
                for (size_t j = 0; j < p->n_regions; j++) {
                        if (p->regions[j] == region)
                                return config->region_norms[i];
                }
                if (p->n_regions == 0)
                        return config->region_norms[i];
        }
        return NULL;
}

/* Regions of which the configuration does not say when they begin to live: nothing is asked of them before somebody reports something. */
static void advise_life(const struct config *config, struct mistakes *warnings) {
        bool named, everywhere = false; /* of what holds everywhere the first will do */

        for (size_t i = 0; i < regions_count(config->organisations); i++) {
                const struct region *region = regions_at(config->organisations, i);
                const struct norm *norm = region->alive_said ? NULL : advice_norm_of(config, region, &named);

                if (!norm || (!named && everywhere))
                        continue;
                everywhere |= !named;
                advice_of_norm(warnings, norm,
                               IN_LANGUAGE(warnings->language,
                                           "region '%s' hears nothing of it before its own first event; give it alive: true in organisations.yaml, and it "
                                           "lives from valid.from on, or alive: false if that is meant",
                                           "regio '%s' hoort er niets van voor haar eerste eigen gebeurtenis; geef haar alive: true in organisations.yaml, "
                                           "dan telt zij mee vanaf valid.from, of alive: false als dit zo is bedoeld"),
                               region->id);
        }
}

static void advise_rungs(const struct norm *norm, struct mistakes *warnings) {
        for (size_t i = 0; i < norm->n_rungs; i++) {
                struct term_step after = norm->rungs[i].after;

                if (i > 0 && advice_minutes(after) < advice_minutes(norm->rungs[i - 1].after))
                        advice_of_norm(warnings, norm,
                                       IN_LANGUAGE(warnings->language,
                                                   "rung %zu comes before rung %zu; who takes up a rung holds back those of higher number, so put them in "
                                                   "order of time",
                                                   "trede %zu komt voor trede %zu; wie een trede oppakt, houdt die met een hoger nummer tegen, dus zet ze op "
                                                   "volgorde van tijd"),
                                       i + 1, i);
                if (norm->timing == TIMING_HOURS && after.unit != TERM_HOURS && after.count == 0)
                        advice_of_norm(warnings, norm,
                                       IN_LANGUAGE(warnings->language,
                                                   "rung %zu comes at the midnight after the due instant, not at it; write 'after: 0 hours' for at once",
                                                   "trede %zu komt pas om middernacht na het tijdstip van de termijn; schrijf 'after: 0 hours' voor meteen"),
                                       i + 1);
        }
}

static void advise_term(const struct norm *norm, struct mistakes *warnings) {
        if (norm->timing != TIMING_TERM && norm->timing != TIMING_HOURS)
                return;
        if (norm->term.legal && strcmp(norm->basis_kind, "agreement") == 0)
                advice_of_norm(warnings, norm,
                               IN_LANGUAGE(warnings->language,
                                           "roll: legal moves terms that a law sets (Algemene termijnenwet), and this one is agreed; leave it out, or name "
                                           "the law",
                                           "roll: legal verschuift termijnen die een wet stelt (Algemene termijnenwet), en deze is afgesproken; laat het "
                                           "weg, of noem de wet"));
        for (size_t i = 0; i < norm->n_reminders; i++) {
                if (advice_term(&norm->term) > 0 && advice_minutes(norm->reminders[i].before) > advice_term(&norm->term))
                        advice_of_norm(warnings, norm,
                                       IN_LANGUAGE(warnings->language, "reminder %zu comes before the term begins, so nobody is reminded",
                                                   "herinnering %zu komt voordat de termijn begint, dus niemand wordt herinnerd"),
                                       i + 1);
        }
}

void protocols_advise(const struct config *config, struct mistakes *warnings) {
        for (size_t i = 0; i < config->protocols.n; i++) {
                const struct protocol *p = config->protocols.items[i];

                advise_partners(p, warnings);
                for (size_t j = 0; j < p->n_norms; j++) {
                        advise_region(&p->norms[j], warnings);
                        advise_term(&p->norms[j], warnings);
                        advise_rungs(&p->norms[j], warnings);
                }
        }
        advise_life(config, warnings);
}
