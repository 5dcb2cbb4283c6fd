/* SPDX-License-Identifier: EUPL-1.2 */

/* Plays a story and compares: each expected telling takes one that was told; what is left on either side is wrong. */

#include "engine/story_play.h"

#include <errno.h>
#include <string.h>

#include "base/vector.h"
#include "engine/absence.h"
#include "engine/replay.h"
#include "engine/story_reading.h"
#include "model/lines.h"

#define PLAY_ARENA_MAX ((size_t)64 * 1024 * 1024)
#define TELLING_TEXT_MAX 512

struct actual {
        struct story_telling telling;
        bool taken;
};

struct play {
        const struct stories *stories;
        const struct story *story;
        const struct config *config;
        struct mistakes *mistakes;
        struct arena *arena;
        struct replay *replay; /* as it stands at the end */
        VECTOR(struct actual) told;
        bool failed;
};

/* -- What was told -- */

static bool play_looks_at(const struct play *p, const struct effect *effect) {
        const struct story *story = p->story;

        if (!uuid_equal(&effect->told.case_id, &story->case_id)) /* a region's that lives beside it */
                return false;
        for (size_t i = 0; effect->kind == EFFECT_ROUTED && i < story->n_routes; i++) {
                if (story->routes[i] == effect->fact.type)
                        return true;
        }
        if (effect->kind == EFFECT_ROUTED || !text_is(effect->told.protocol, p->stories->protocol->name))
                return false;
        if (story->instance && !text_is(effect->told.instance, story->instance))
                return false;
        for (size_t i = 0; i < story->n_norms; i++) {
                if (text_is(effect->told.norm, story->norms[i]->name))
                        return true;
        }
        return false;
}

static enum story_told play_told_of(const struct effect *effect) {
        switch (effect->kind) {
        case EFFECT_ROUTED:
                return STORY_COPY;
        case EFFECT_PLAN_DUE:
                return effect->told.stage == STAGE_ANNOUNCED ? STORY_ANNOUNCEMENT : STORY_REMINDER;
        case EFFECT_RAISED:
                return STORY_ALERT;
        case EFFECT_RESOLVED:
                break;
        }
        return STORY_RESOLVED;
}

static const char *play_copy(struct play *p, struct text text) {
        return arena_copy(p->arena, text.s, text.n);
}

static int play_add(struct play *p, const struct effect *effect) {
        day_t day = date_of_instant(effect->told.recorded_at);
        struct story_telling t = {
                .told = play_told_of(effect),
                .day = day,
                .rung = effect->told.rung,
                .due = effect->told.due_date,
                .reason = effect->told.reason,
                .to = play_copy(p, effect->told.organisation),
        };
        instant_t local = effect->told.recorded_at + instant_offset_minutes(effect->told.recorded_at) * INT64_C(60000);

        t.minute = (int)((local - day * INSTANT_DAY) / INT64_C(60000));
        if (effect->kind == EFFECT_ROUTED) {
                t.type = effect->fact.type;
        } else {
                t.norm = play_copy(p, effect->told.norm);
                t.instance = play_copy(p, effect->told.instance);
        }
        if (!t.to || (effect->kind != EFFECT_ROUTED && (!t.norm || !t.instance)))
                return -ENOMEM;
        return vector_push(&p->told, (struct actual){.telling = t});
}

static int play_outcome(void *ctx, const struct outcome *outcome) {
        struct play *p = ctx;
        int r = 0;

        for (size_t i = 0; r == 0 && i < outcome->n_effects; i++) {
                if (play_looks_at(p, &outcome->effects[i]))
                        r = play_add(p, &outcome->effects[i]);
        }
        return r;
}

/* -- Playing -- */

/* Why the case takes no such event; what the engine says itself is in English. */
static const char *play_refusal(const struct play *p, int refusal, const struct error *err) {
        if (p->mistakes->language == LANGUAGE_EN)
                return err->text;
        switch (refusal) {
        case REFUSAL_DUPLICATE_ID:
                return "een gebeurtenis met deze id zei eerder iets anders; een verbetering krijgt een eigen id en noemt deze in replaces";
        case REFUSAL_NOT_ALLOWED:
                return "deze melder kan niet verbeteren of intrekken wat een ander heeft gemeld";
        case REFUSAL_CASE_FULL:
                return "de zaak is vol; er is alleen nog plaats voor wat iets beëindigt, intrekt of toelicht";
        case REFUSAL_CASE_CLOSED:
                return "deze zaak was voorbij en haar bewaartermijn ook, dus zij is gesloten; een kind dat terugkomt, is een nieuwe zaak";
        default:
                return err->text;
        }
}

static int play_line(struct play *p, struct replay *replay, const struct story_line *at) {
        struct error err = {0};
        struct line line;
        int r = 0;

        line_parse(p->config->types, p->config->organisations, text_of(at->text), p->mistakes->language, p->arena, &line);
        if (line.kind == LINE_CLOCK)
                r = replay_clock(replay, line.clock);
        else if (line.kind == LINE_EVENT)
                r = replay_event(replay, &line.event, &err);
        line_done(&line);
        if (r <= 0)
                return r;
        mistakes_at(p->mistakes, p->stories->yaml, at->node,
                    IN_LANGUAGE(p->mistakes->language, "story '%.120s': this event is refused (%s): %s",
                                "verhaal '%.120s': deze gebeurtenis wordt geweigerd (%s): %s"),
                    p->story->title, refusal_codes[r], play_refusal(p, r, &err));
        p->failed = true;
        return 0;
}

static int play_lines(struct play *p) {
        int r = replay_new(p->config, INSTANT_NEVER, play_outcome, p, &p->replay);

        for (size_t i = 0; r == 0 && i < p->story->n_lines; i++)
                r = play_line(p, p->replay, &p->story->lines[i]);
        return r;
}

/* -- Comparing -- */

/* How much an expectation asks for beyond what it must: those that ask for more choose first. */
static unsigned play_wishes(const struct story_telling *e) {
        return (e->minute >= 0) + (e->instance != NULL) + (e->told != STORY_COPY && e->due != DAY_NONE);
}

static bool play_fits(const struct story_telling *e, const struct story_telling *a) {
        if (e->told != a->told || e->day != a->day || strcmp(e->to, a->to) != 0 || (e->minute >= 0 && e->minute != a->minute))
                return false;
        if (e->told == STORY_COPY)
                return e->type == a->type;
        if (strcmp(e->norm, a->norm) != 0 || (e->instance && strcmp(e->instance, a->instance) != 0))
                return false;
        if ((e->told == STORY_ALERT || e->told == STORY_RESOLVED) && e->rung != a->rung)
                return false;
        return (e->due == DAY_NONE || e->due == a->due) && (e->told != STORY_RESOLVED || e->reason == a->reason);
}

/* The telling that was meant, most likely: of the same thing, to the same organisation, or at least on the same day. */
static struct actual *play_instead_of(struct play *p, const struct story_telling *e) {
        struct actual *best = NULL;
        unsigned most = 0;

        for (size_t i = 0; i < p->told.n; i++) {
                const struct story_telling *a = &p->told.items[i].telling;
                bool copies = e->told == STORY_COPY && a->told == STORY_COPY, neither = e->told != STORY_COPY && a->told != STORY_COPY;
                bool same_thing = (copies && e->type == a->type) || (neither && strcmp(e->norm, a->norm) == 0);
                bool same_kind = e->told == a->told, same_to = strcmp(e->to, a->to) == 0, same_day = e->day == a->day;
                unsigned likeness = same_kind * 8 + same_to * 4 + same_day * 2 + (e->rung == a->rung);

                if (p->told.items[i].taken || !same_thing || (!same_kind && !(same_to && same_day)) || likeness <= most)
                        continue;
                most = likeness;
                best = &p->told.items[i];
        }
        return best;
}

/* A telling as a story writes it. @as: what it is compared with, so that nothing that differs is left out; or NULL. */
static const char *play_describe(const struct play *p, const struct story_telling *t, const struct story_telling *as, char ret[TELLING_TEXT_MAX]) {
        struct buffer out = BUFFER_INIT(TELLING_TEXT_MAX);
        char day[DATE_TEXT + 1];

        date_format(t->day, day);
        buffer_add_text(&out, day);
        if (t->minute >= 0 && (t->node || (as && as->minute >= 0)))
                buffer_printf(&out, " %02d:%02d", t->minute / 60, t->minute % 60);
        buffer_printf(&out, " %s: {", story_told_names[t->told]);
        if (t->told == STORY_COPY)
                buffer_printf(&out, "event: %s, ", t->type->name);
        if (t->norm && p->story->n_norms > 1)
                buffer_printf(&out, "norm: %s, ", t->norm);
        if ((t->told == STORY_ALERT || t->told == STORY_RESOLVED) && t->rung != 1)
                buffer_printf(&out, "rung: %u, ", t->rung);
        if (t->instance && (t->node || (as && as->instance) || (p->story->region && !p->story->instance && strcmp(t->instance, t->norm) != 0)))
                buffer_printf(&out, "instance: %s, ", t->instance);
        if (t->norm && t->told != STORY_RESOLVED && t->due != DAY_NONE && (t->node || t->told == STORY_ANNOUNCEMENT || (as && as->due != DAY_NONE))) {
                date_format(t->due, day);
                buffer_printf(&out, "due: %s, ", day);
        }
        if (t->told == STORY_RESOLVED)
                buffer_printf(&out, "reason: %s, ", resolution_names[t->reason]);
        buffer_printf(&out, "to: %s}", t->to);
        memcpy(ret, buffer_text(&out), strlen(buffer_text(&out)) + 1);
        buffer_done(&out);
        return ret;
}

/* Until when facts are looked at that might have led to a telling: its minute, or the end of its day. */
static instant_t telling_until(const struct story_telling *e) {
        return e->minute >= 0 ? story_instant((struct story_when){e->day, e->minute}) : date_over(e->day);
}

/* Why nothing like it was told. */
static void play_say_why(const struct play *p, const struct story_telling *e, struct buffer *out) {
        struct casefile *file = store_find(replay_store(p->replay), &p->story->case_id);

        if (e->norm && !file && p->story->region)
                buffer_printf(out, "regio %s hoort niets voor haar eerste bericht (alive: true in organisations.yaml)", p->story->region->name);
        else if (e->norm && file && absence_sentence(replay_engine(p->replay), replay_store(p->replay), file, telling_until(e), e->norm, out))
                buffer_clear(out);
}

static void play_fail(struct play *p, const struct story_telling *e, const struct actual *instead) {
        struct buffer why = BUFFER_INIT(ABSENCE_TEXT_MAX);
        char expected[TELLING_TEXT_MAX], was[TELLING_TEXT_MAX];

        p->failed = true;
        (void) play_describe(p, e, NULL, expected);
        if (instead)
                mistakes_at(p->mistakes, p->stories->yaml, e->node,
                            IN_LANGUAGE(p->mistakes->language, "story '%.120s': expected %s; told instead %s",
                                        "verhaal '%.120s': verwacht %s; in plaats daarvan verteld %s"),
                            p->story->title, expected, play_describe(p, &instead->telling, e, was));
        else if (play_say_why(p, e, &why), why.n)
                mistakes_at(p->mistakes, p->stories->yaml, e->node,
                            IN_LANGUAGE(p->mistakes->language, "story '%.120s': expected %s; nothing like it was told: %s",
                                        "verhaal '%.120s': verwacht %s; niets van die aard is verteld: %s"),
                            p->story->title, expected, buffer_text(&why));
        else
                mistakes_at(p->mistakes, p->stories->yaml, e->node,
                            IN_LANGUAGE(p->mistakes->language, "story '%.120s': expected %s; nothing like it was told",
                                        "verhaal '%.120s': verwacht %s; niets van die aard is verteld"),
                            p->story->title, expected);
        buffer_done(&why);
}

static void play_compare(struct play *p, bool *met) {
        const struct story *story = p->story;
        char was[TELLING_TEXT_MAX];

        for (unsigned wish = 4; wish-- > 0;) {
                for (size_t i = 0; i < story->n_expected; i++) {
                        for (size_t j = 0; play_wishes(&story->expected[i]) == wish && !met[i] && j < p->told.n; j++) {
                                struct actual *a = &p->told.items[j];

                                met[i] = !a->taken && play_fits(&story->expected[i], &a->telling);
                                a->taken = a->taken || met[i];
                        }
                }
        }
        for (size_t i = 0; i < story->n_expected; i++) {
                struct actual *instead = met[i] ? NULL : play_instead_of(p, &story->expected[i]);

                if (!met[i])
                        play_fail(p, &story->expected[i], instead);
                if (instead)
                        instead->taken = true;
        }
        for (size_t j = 0; j < p->told.n; j++) {
                if (p->told.items[j].taken)
                        continue;
                p->failed = true;
                mistakes_at(p->mistakes, p->stories->yaml, story->expect,
                            IN_LANGUAGE(p->mistakes->language, "story '%.120s': told and not expected: %s", "verhaal '%.120s': verteld en niet verwacht: %s"),
                            story->title, play_describe(p, &p->told.items[j].telling, NULL, was));
        }
}

int story_play(const struct stories *stories, const struct story *story, const struct config *config, struct mistakes *mistakes) {
        struct play p = {.stories = stories, .story = story, .config = config, .mistakes = mistakes};
        int r = arena_new(&p.arena, PLAY_ARENA_MAX);
        bool *met;

        if (r)
                return r;
        r = play_lines(&p);
        met = arena_calloc(p.arena, story->n_expected + 1, sizeof(*met));
        if (r == 0 && !met)
                r = -ENOMEM;
        if (r == 0)
                play_compare(&p, met);
        vector_done(&p.told);
        replay_free(p.replay);
        arena_free(p.arena);
        if (r)
                return r;
        return p.failed ? STORY_E_FAILED : 0;
}
