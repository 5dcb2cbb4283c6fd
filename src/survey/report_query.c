/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads what is asked of a report: its dates, whom it is of, by what it is split; every mistake with the nearest word that is known. */

#include "survey/report_query.h"

#include <errno.h>
#include <string.h>

#define SAID(voice, en, nl) IN_LANGUAGE((voice)->language, en, nl)

const struct report_title report_titles[LISTING_KINDS] = {
        [LISTING_NORMS] = {"Norms", "Normen", {NULL}},
        [LISTING_OBSTRUCTIONS] = {"Obstructions to the start and course of youth help", "Obstructies bij de inzet en uitvoering van jeugdhulp", {"kind"}},
        [LISTING_WAITING] = {"Children who wait for suitable help", "Kinderen die wachten op passende hulp", {"reason", "municipality"}},
        [LISTING_UNPROTECTED] = {"Children who are not protected enough", "Onvoldoende beschermde kinderen", {"municipality"}},
        [LISTING_HANDOVER] = {"Handover after the end of the measure", "Overdracht na het einde van de maatregel", {"gi"}},
        [LISTING_LATE_VERDICTS] = {"Verdicts of which the GI knew later", "Uitspraken die later bij de GI bekend werden", {"gi", "kind"}},
        [LISTING_TERMS] = {"Terms", "Termijnen", {"organisation"}},
};

int report_kind_read(const char *name, enum listing_kind *ret, struct error *err) {
        struct nearest nearest = NEAREST_INIT(name ? name : "");
        char hint[NEAREST_HINT_MAX];

        for (int kind = 0; name && kind < LISTING_KINDS; kind++) {
                nearest_try(&nearest, listing_names[kind]);
                *ret = (enum listing_kind)kind;
                if (strcmp(listing_names[kind], name) == 0)
                        return 0;
        }
        if (!name)
                error_set(err, "which report: norms, obstructions, waiting, unprotected, handover, late-verdicts or terms");
        else
                error_set(err, "no report '%s'%s", name, nearest_hint(&nearest, hint));
        return -EINVAL;
}

static int report_read_date(const struct report_voice *voice, const char *name, const char *text, day_t *ret, struct error *err) {
        *ret = DAY_NONE;
        if (!text || date_parse(text_of(text), ret))
                return 0;
        error_set(err, SAID(voice, "%s%s: '%s' is no date; write one like 2023-06-15", "%s%s: '%s' is geen datum; schrijf er een zoals 2023-06-15"),
                  voice->prefix, name, text);
        return -EINVAL;
}

static int report_refuse(const struct report_voice *voice, const char *name, const char *with, const char *instead, enum listing_kind kind, struct error *err) {
        error_set(err, SAID(voice, "%s%s goes with %s, not with %s%s", "%s%s hoort bij %s, niet bij %s%s"), voice->prefix, name, with,
                  listing_names[kind], instead);
        return -EINVAL;
}

static int report_refuse_others(const struct report_asked *a, const struct report_voice *voice, enum listing_kind kind, struct error *err) {
        bool norms = kind == LISTING_NORMS || kind == LISTING_TERMS, period = kind == LISTING_TERMS || kind == LISTING_HANDOVER;

        if (a->norm && !norms)
                return report_refuse(voice, "norm", SAID(voice, "norms and terms", "norms en terms"), "", kind, err);
        if ((a->from || a->until) && !period)
                return report_refuse(voice, a->from ? "from" : "until", SAID(voice, "terms and handover", "terms en handover"),
                                     SAID(voice, "; there is started-from", "; er is started-from"), kind, err);
        if (a->organisation && kind != LISTING_TERMS)
                return report_refuse(voice, "organisation", "terms", SAID(voice, "; there are gi and municipality", "; er zijn gi en municipality"), kind, err);
        return 0;
}

int report_query_plain(const struct report_asked *a, const struct report_voice *voice, struct listing_query *ret, struct error *err) {
        int r = report_refuse_others(a, voice, ret->kind, err);

        ret->at = INSTANT_NEVER;
        if (r)
                return r;
        if (a->at && !instant_parse(text_of(a->at), &ret->at)) {
                error_set(err, SAID(voice, "%sat: '%s' is no instant; write one like 2023-06-15T12:00:00+02:00",
                                    "%sat: '%s' is geen tijdstip; schrijf er een zoals 2023-06-15T12:00:00+02:00"), voice->prefix, a->at);
                return -EINVAL;
        }
        r = report_read_date(voice, "started-from", a->started_from, &ret->started_from, err);
        if (r == 0)
                r = report_read_date(voice, "started-until", a->started_until, &ret->started_until, err);
        if (r == 0)
                r = report_read_date(voice, "from", a->from, &ret->due_from, err);
        if (r == 0)
                r = report_read_date(voice, "until", a->until, &ret->due_until, err);
        if (r == 0 && ret->kind == LISTING_HANDOVER) { /* the period in which measures ended */
                ret->started_from = a->from ? ret->due_from : ret->started_from;
                ret->started_until = a->until ? ret->due_until : ret->started_until;
        }
        return r;
}

static int report_unknown(const struct report_voice *voice, const char *name, const char *what, const char *id, const struct nearest *nearest,
                          struct error *err) {
        char hint[NEAREST_HINT_MAX];

        error_set(err, SAID(voice, "%s%s: no %s '%s'%s", "%s%s: geen %s '%s'%s"), voice->prefix, name, what, id,
                  language_hint(voice->language, nearest, hint));
        return -EINVAL;
}

static int report_read_organisation(const struct config *config, const struct report_voice *voice, const char *name, const char *id,
                                    const struct organisation **ret, struct error *err) {
        struct nearest nearest = NEAREST_INIT(id);

        if (!id)
                return 0;
        *ret = organisations_find(config->organisations, text_of(id));
        if (*ret)
                return 0;
        organisations_nearest(config->organisations, &nearest);
        return report_unknown(voice, name, SAID(voice, "organisation", "organisatie"), id, &nearest, err);
}

static int report_read_region(const struct config *config, const struct report_voice *voice, const char *id, const struct region **ret, struct error *err) {
        struct nearest nearest = NEAREST_INIT(id);

        if (!id)
                return 0;
        *ret = regions_find(config->organisations, text_of(id));
        if (*ret)
                return 0;
        regions_nearest(config->organisations, &nearest);
        return report_unknown(voice, "region", SAID(voice, "region", "regio"), id, &nearest, err);
}

static int report_read_norm(const struct config *config, const struct report_voice *voice, const char *name, struct error *err) {
        struct nearest nearest = NEAREST_INIT(name);

        for (size_t i = 0; name && i < config->protocols.n; i++) {
                const struct protocol *protocol = config->protocols.items[i];

                for (size_t j = 0; j < protocol->n_norms; j++) {
                        if (strcmp(protocol->norms[j].name, name) == 0)
                                return 0;
                        nearest_try(&nearest, protocol->norms[j].name);
                }
        }
        return name ? report_unknown(voice, "norm", "norm", name, &nearest, err) : 0;
}

int report_query_configured(const struct report_asked *a, const struct config *config, const struct report_voice *voice, struct listing_query *ret,
                            struct error *err) {
        int r = report_read_region(config, voice, a->region, &ret->region, err);

        if (r == 0)
                r = report_read_organisation(config, voice, "gi", a->gi, &ret->gi, err);
        if (r == 0)
                r = report_read_organisation(config, voice, "municipality", a->municipality, &ret->municipality, err);
        if (r == 0)
                r = report_read_organisation(config, voice, "organisation", a->organisation, &ret->organisation, err);
        if (r == 0)
                r = report_read_norm(config, voice, a->norm, err);
        ret->norm = a->norm;
        if (r == 0 && a->by) {
                r = listing_by_read(config, ret->kind, a->by, &ret->by, err);
                if (r && voice->language == LANGUAGE_NL)
                        error_set(err, "daarnaar kan niet worden uitgesplitst; schrijf gi, municipality, region, quarter, een veld van het beginfeit of "
                                  "gebeurtenis.veld");
                if (r)
                        error_prefix(err, "%sby", voice->prefix);
        }
        return r;
}

void report_query_seen(struct listing_query *query, const struct report_asked *a, instant_t at) {
        query->at = at;
        if (query->kind == LISTING_TERMS && !a->until)
                query->due_until = date_of_instant(at) + REPORT_TERMS_DAYS;
}
