/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Which events come, in which order, and what they say
 *
 * A step of the table is compiled to the slots that are the same in every case and a list of those that are not. What
 * a case is like follows from its number alone, so none has to be kept: the four deadlines keep what is open in a window, the
 * year keeps 12 bytes an event until it is in order.
 */

#include "bench/load.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/vector.h"
#include "demo/dice.h"

/* -- What can happen in a case -- */

/*
 * A step is one event of a case: what it follows, how often and how soon it comes, and what it says. A step
 * that follows one that did not happen does not happen. The shares are a picture of the field for loads of its
 * size and mixture, not statistics.
 */

#define LOAD_STEPS_MAX 48

struct load_step {
        const char *event;
        const char *fields;     /* "name=value …"; *: the case's own. Others: ids and dates of the case, true, the first symbol, null where allowed */
        bool municipality;      /* the municipality publishes it, not the GI */
        uint8_t share, after;   /* per cent of the cases in which step @after happened; the first step follows itself */
        int16_t least, most;    /* days after that step */
        uint8_t late;           /* per cent of them in which it takes so many days: */
        int16_t late_least, late_most;
};

/* The four deadlines: what each says; which and when is said below. */
enum load_four { FOUR_STARTED, FOUR_PROTECTOR, FOUR_CONTACT, FOUR_COURSE, FOUR_HELP, FOUR_ENDED, FOUR_STEPS };
static const struct load_step load_four[FOUR_STEPS] = {
        [FOUR_STARTED] = {"measure-started", "ends_on=* birth_date=*", .share = 100},
        [FOUR_PROTECTOR] = {"protector-assigned", "", .share = 90},
        [FOUR_CONTACT] = {"first-contact-held", "", .share = 90},
        [FOUR_COURSE] = {"course-agreed", "", .share = 85},
        [FOUR_HELP] = {"help-started", "", .share = 70},
        [FOUR_ENDED] = {"measure-ended", "", .share = 70},
};

enum year_step {
        STARTED, PROTECTOR, CONTACT, FAMILY_PLAN, WAIVED, COURSE, REFERRAL, ANSWER, WAITING, HELP, JUDGED, EXPLAINED, CONSULTED, OBSTRUCTED, STEP_ASKED,
        STEP_TAKEN, RESOLVED, CONCERN, TEAM, INCIDENT, MOVED, PRIOR_HELP, INFORMED, OTHER_PROTECTOR, SAFETY_PLAN, PROGRESS, REVIEWED, ADVICE, EXTENDED,
        ENDED, HANDOVER,
};

/* The year: in order, what is followed before what follows. The first is the start of the measure. */
static const struct load_step load_year[] = {
        [STARTED] = {"measure-started", "ends_on=* birth_date=*", false, 100, STARTED, 0, 0, 0, 0, 0},
        [PROTECTOR] = {"protector-assigned", "role=FIXED reason=FIRST", false, 96, STARTED, 0, 6, 14, 8, 45},
        [CONTACT] = {"first-contact-held", "", false, 95, PROTECTOR, 0, 3, 12, 8, 40},
        [FAMILY_PLAN] = {"plan-made", "kind=FAMILY_GROUP", false, 45, PROTECTOR, 8, 42, 15, 45, 90},
        [WAIVED] = {"family-plan-waived", "", false, 10, PROTECTOR, 5, 30, 0, 0, 0},
        [COURSE] = {"course-agreed", "", false, 90, PROTECTOR, 14, 40, 20, 44, 110},
        [REFERRAL] = {"referral-issued", "product=45A04", false, 75, PROTECTOR, 10, 50, 0, 0, 0},
        [ANSWER] = {"referral-answered", "outcome=ALLOCATED reason=NONE", true, 94, REFERRAL, 1, 6, 15, 9, 40},
        [WAITING] = {"help-waitlisted", "referral_id=* reason=QUEUE", false, 35, REFERRAL, 3, 21, 0, 0, 0},
        [HELP] = {"help-started", "referral_id=* route=REGULAR", false, 86, REFERRAL, 10, 60, 30, 75, 200},
        [JUDGED] = {"help-judged", "referral_id=*", false, 65, HELP, 14, 80, 0, 0, 0},
        [EXPLAINED] = {"deviation-explained", "norm=help-started reason=WAITING_LIST", false, 22, WAITING, 40, 95, 0, 0, 0},
        [CONSULTED] = {"consultation-held", "subject=SAFETY with_whom=local-team level=WORKER", false, 35, STARTED, 10, 240, 0, 0, 0},
        [OBSTRUCTED] = {"obstruction-reported", "kind=WAITING_TOO_LONG", false, 14, WAITING, 10, 60, 0, 0, 0},
        [STEP_ASKED] = {"obstruction-step-requested", "step=EXPERT_TEAM", false, 85, OBSTRUCTED, 1, 12, 0, 0, 0},
        [STEP_TAKEN] = {"obstruction-step-taken", "step=EXPERT_TEAM", true, 80, STEP_ASKED, 2, 14, 25, 15, 60},
        [RESOLVED] = {"obstruction-resolved", "", false, 65, STEP_TAKEN, 3, 50, 0, 0, 0},
        [CONCERN] = {"safety-raised", "municipality=*", false, 7, STARTED, 15, 260, 0, 0, 0},
        [TEAM] = {"local-team-involved", "concern_id=*", true, 75, CONCERN, 0, 5, 20, 6, 21},
        [INCIDENT] = {"incident-reported", "kind=VIOLENCE municipality=*", false, 1, STARTED, 5, 300, 0, 0, 0},
        [MOVED] = {"residence-changed", "basis=MOVED", false, 9, STARTED, 20, 300, 0, 0, 0},
        [PRIOR_HELP] = {"prior-help-shared", "", true, 55, STARTED, 1, 10, 25, 11, 35},
        [INFORMED] = {"family-informed", "subject=DATA_SHARED", false, 85, PRIOR_HELP, 1, 9, 20, 11, 25},
        [OTHER_PROTECTOR] = {"protector-assigned", "role=FIXED reason=TURNOVER", false, 17, PROTECTOR, 40, 300, 0, 0, 0},
        [SAFETY_PLAN] = {"plan-made", "kind=SAFETY concern_id=*", false, 60, CONCERN, 1, 20, 0, 0, 0},
        [PROGRESS] = {"progress-reported", "", false, 25, STARTED, 150, 182, 15, 190, 230},
        [REVIEWED] = {"plan-reviewed", "", false, 50, COURSE, 150, 320, 0, 0, 0},
        [ADVICE] = {"advice-given", "to=COUNCIL kind=NON_EXTENSION", false, 20, STARTED, 270, 305, 20, 306, 340},
        [EXTENDED] = {"measure-extended", "", false, 40, STARTED, 330, 364, 0, 0, 0},
        [ENDED] = {"measure-ended", "reason=EXPIRED", false, 45, STARTED, 90, 364, 0, 0, 0},
        [HANDOVER] = {"handover-held", "", false, 75, ENDED, 2, 13, 30, 15, 40},
};
static_assert(ELEMENTS(load_year) <= LOAD_STEPS_MAX, "every step has a place");

/* -- Cases -- */

#define WINDOW_LEAST 2000  /* cases that are open at once, of the four deadlines */
#define REPEAT_PERCENT 1   /* events of a year that come again */
#define SETUP_BYTES_MAX ((size_t)4 << 20)
#define YEAR_DAYS 365
#define WORKERS 4000       /* codes of people at work */
#define BEFORE_DAYS 760    /* organisations must have been there for so long */

const char *const bench_load_shapes[BENCH_LOAD_SHAPES] = {"four", "year"};

/* Whose dice are thrown: one seed, many series. */
enum series { SERIES_CASE, SERIES_LINKS, SERIES_EVENT = SERIES_LINKS + LINKS, SERIES_ORDER, SERIES_LIFE, SERIES_N };

/* What a slot takes from the case. */
enum patch {
        PATCH_NONE, PATCH_EVENT, PATCH_CASE, PATCH_SOURCE, PATCH_OCCURRED, PATCH_RECORDED, PATCH_LINK, PATCH_DATE = PATCH_LINK + LINKS, PATCH_VERDICT,
        PATCH_INFORMED, PATCH_ENDS, PATCH_BIRTH, PATCH_GI, PATCH_MUNICIPALITY, PATCH_WORKER, PATCH_INSTANCE,
};

struct form { /* of one step */
        const struct event_type *type;
        struct slot *slots;
        uint8_t *patches;
        int kind, role, family, reason; /* slots that vary with the case, or -1 */
};

struct child { /* what a case is like */
        uint64_t number;
        day_t verdict, informed, fact; /* fact: of the deeds of the four deadlines */
        uint32_t gi, municipality, next_municipality;
        uint8_t kind, todo;            /* todo: bits of enum load_four */
};

struct planned { /* of a year */
        uint32_t place; /* of its case */
        day_t date;
        uint16_t lag;   /* days until it was recorded */
        uint8_t step, repeat;
};

struct places {
        const struct organisation **items;
        size_t n;
};

struct bench_load {
        struct bench_load_config c;
        struct arena *arena;
        const struct load_step *steps;
        size_t n_steps;
        struct form *forms;
        struct places gis, municipalities;
        day_t today;
        /* the four deadlines */
        struct child *window;
        size_t open, room;
        uint64_t next; /* case */
        struct dice order;
        /* the year */
        struct planned *planned;
        size_t n_planned, at;
        /* the event handed out */
        struct slot *slots;
        char worker[16], instance[UUID_TEXT + 1];
        bool repeated;
};

static struct dice load_dice(const struct bench_load *l, enum series series, uint64_t number) {
        return dice_of(l->c.seed * SERIES_N + series, number);
}

static struct uuid load_id(const struct bench_load *l, enum series series, uint64_t number) {
        struct dice d = load_dice(l, series, number);

        return dice_uuid(&d);
}

/* -- Cases -- */

/* The places of a list are not equally large: the least of two draws makes a few busy and many quiet. */
static uint32_t load_busy_place(struct dice *d, const struct places *places) {
        uint32_t a = (uint32_t)(dice_next(d) % places->n), b = (uint32_t)(dice_next(d) % places->n);

        return a < b ? a : b;
}

static void load_be_four(const struct bench_load *l, struct child *c) {
        struct dice d = load_dice(l, SERIES_LIFE, c->number);
        unsigned lacks = 0;

        if (dice_chance(&d, 100 - load_four[FOUR_PROTECTOR].share))
                lacks |= 1u << FOUR_PROTECTOR | 1u << FOUR_CONTACT;
        if (dice_chance(&d, 100 - load_four[FOUR_COURSE].share))
                lacks |= 1u << FOUR_COURSE;
        if (dice_chance(&d, 100 - load_four[FOUR_HELP].share))
                lacks |= 1u << FOUR_HELP;
        c->gi = (uint32_t)(c->number / 10 % l->gis.n);
        c->municipality = c->next_municipality = (uint32_t)(c->number % l->municipalities.n);
        c->kind = (uint8_t)(c->number % 3);
        c->todo = (uint8_t)(((1u << FOUR_STEPS) - 1) & ~lacks);
        c->verdict = c->informed = c->fact = l->today;
        if (lacks && dice_chance(&d, 50)) { /* so old that every deadline has passed */
                c->verdict = l->today - dice_between(&d, 120, 619);
                c->informed = c->verdict + dice_between(&d, 0, 4);
                c->fact = c->informed + (dice_chance(&d, 80) ? 2 : 100);
                if (dice_chance(&d, 75))
                        c->todo &= (uint8_t)~(1u << FOUR_ENDED);
        } else if (lacks && dice_chance(&d, 50)) {
                c->todo &= (uint8_t)~(1u << FOUR_ENDED);
        }
}

static void load_be_year(const struct bench_load *l, struct child *c) {
        static const uint8_t kinds[] = {52, 9, 12, 4, 1, 5, 14, 3}; /* per cent, in the order of the schema's symbols */
        struct dice d = load_dice(l, SERIES_LIFE, c->number);
        int roll = dice_between(&d, 0, 99);

        for (c->kind = 0; c->kind + 1u < sizeof(kinds) && roll >= kinds[c->kind]; c->kind++)
                roll -= kinds[c->kind];
        c->gi = load_busy_place(&d, &l->gis);
        c->municipality = load_busy_place(&d, &l->municipalities);
        c->next_municipality = load_busy_place(&d, &l->municipalities);
        c->informed = l->today - dice_between(&d, 0, YEAR_DAYS - 1);
        c->verdict = c->informed - dice_between(&d, 0, dice_chance(&d, 85) ? 6 : 25);
}

static struct child load_child(const struct bench_load *l, uint64_t place) {
        struct child c = {.number = l->c.first + place};

        if (l->c.shape == BENCH_LOAD_FOUR)
                load_be_four(l, &c);
        else
                load_be_year(l, &c);
        return c;
}

/* -- What an event says -- */

static const struct { const char *field; uint8_t patch; } patches_by_name[] = {
        {"date", PATCH_DATE}, {"valid_from", PATCH_DATE}, {"verdict_date", PATCH_VERDICT}, {"informed_date", PATCH_INFORMED}, {"ends_on", PATCH_ENDS},
        {"birth_date", PATCH_BIRTH}, {"gi", PATCH_GI}, {"municipality", PATCH_MUNICIPALITY}, {"worker", PATCH_WORKER}, {"instance", PATCH_INSTANCE},
        {"measure_id", PATCH_LINK + LINK_MEASURE}, {"referral_id", PATCH_LINK + LINK_REFERRAL}, {"obstruction_id", PATCH_LINK + LINK_OBSTRUCTION},
        {"incident_id", PATCH_LINK + LINK_INCIDENT}, {"concern_id", PATCH_LINK + LINK_CONCERN},
};

static uint8_t load_patch_by_name(const char *field) {
        for (size_t i = 0; i < ELEMENTS(patches_by_name); i++) {
                if (strcmp(patches_by_name[i].field, field) == 0)
                        return patches_by_name[i].patch;
        }
        return PATCH_NONE;
}

static const uint8_t envelope_patches[ENVELOPE_SLOTS] = {
        [SLOT_EVENT_ID] = PATCH_EVENT, [SLOT_CASE_ID] = PATCH_CASE, [SLOT_SOURCE] = PATCH_SOURCE, [SLOT_OCCURRED_AT] = PATCH_OCCURRED,
        [SLOT_RECORDED_AT] = PATCH_RECORDED,
};

static struct slot load_slot_id(const struct bench_load *l, enum series series, uint64_t number) {
        return (struct slot){.kind = SLOT_UUID, .u = load_id(l, series, number)};
}

static struct slot load_slot_date(day_t date) {
        return (struct slot){.kind = SLOT_INT, .i = date};
}
static struct slot load_slot_word(const char *word) {
        return (struct slot){.kind = SLOT_STRING, .s = text_of(word)};
}

struct load_filling { /* the event that is being filled */
        const struct child *child;
        const struct load_step *step;
        uint64_t id;
        day_t date;
        instant_t occurred, recorded;
};

static void load_fill_slot(struct bench_load *l, const struct load_filling *t, unsigned patch, struct slot *slot) {
        const struct child *c = t->child;
        bool moved = strcmp(t->step->event, "residence-changed") == 0;
        const char *municipality = l->municipalities.items[moved ? c->next_municipality : c->municipality]->id;
        struct uuid measure;

        switch (patch) {
        case PATCH_EVENT:
                *slot = load_slot_id(l, SERIES_EVENT, t->id);
                break;
        case PATCH_CASE:
                *slot = load_slot_id(l, SERIES_CASE, c->number);
                break;
        case PATCH_SOURCE:
                *slot = load_slot_word(t->step->municipality ? municipality : l->gis.items[c->gi]->id);
                break;
        case PATCH_OCCURRED:
        case PATCH_RECORDED:
                *slot = (struct slot){.kind = SLOT_INT, .i = patch == PATCH_OCCURRED ? t->occurred : t->recorded};
                break;
        case PATCH_DATE:
                *slot = load_slot_date(t->date);
                break;
        case PATCH_VERDICT:
        case PATCH_INFORMED:
                *slot = load_slot_date(patch == PATCH_VERDICT ? c->verdict : c->informed);
                break;
        case PATCH_ENDS:
                *slot = load_slot_date(t->date > c->informed ? c->verdict + 2 * YEAR_DAYS : c->verdict + YEAR_DAYS);
                break;
        case PATCH_BIRTH:
                *slot = load_slot_date(c->verdict - YEAR_DAYS * (1 + (day_t)(c->number % 17)) - (day_t)(c->number % YEAR_DAYS));
                break;
        case PATCH_GI:
                *slot = load_slot_word(l->gis.items[c->gi]->id);
                break;
        case PATCH_MUNICIPALITY:
                *slot = load_slot_word(municipality);
                break;
        case PATCH_WORKER:
                (void) snprintf(l->worker, sizeof(l->worker), "w-%05u", (unsigned)(c->number % WORKERS));
                *slot = load_slot_word(l->worker);
                break;
        case PATCH_INSTANCE:
                measure = load_id(l, (enum series)(SERIES_LINKS + LINK_MEASURE), c->number);
                uuid_format(&measure, l->instance);
                *slot = load_slot_word(l->instance);
                break;
        default:
                *slot = load_slot_id(l, (enum series)(SERIES_LINKS + patch - PATCH_LINK), c->number);
        }
}

static void load_fill(struct bench_load *l, size_t step, const struct load_filling *t, struct event *ret) {
        const struct form *form = &l->forms[step];
        size_t n = form->type->layout->n;
        bool four = l->c.shape == BENCH_LOAD_FOUR;

        memcpy(l->slots, form->slots, n * sizeof(*l->slots));
        for (size_t i = 0; i < n; i++) {
                if (form->patches[i] != PATCH_NONE)
                        load_fill_slot(l, t, form->patches[i], &l->slots[i]);
        }
        if (form->kind >= 0)
                l->slots[form->kind].i = t->child->kind;
        if (four && form->role >= 0) { /* one assignment in four is of another role, one in forty meets no norm */
                l->slots[form->role].i = t->child->number % 4 == 0;
                l->slots[form->family].i = t->child->number % 40 != 4;
        }
        if (four && step == FOUR_ENDED)
                l->slots[form->reason].i = (int64_t)(t->child->number % 4);
        *ret = (struct event){.type = form->type, .slots = l->slots};
}

/* -- The next event -- */

static bool load_next_four(struct bench_load *l, struct event *ret) {
        struct child *c;
        unsigned step = 0;
        struct load_filling t;

        while (l->open < l->room && l->next < l->c.cases)
                l->window[l->open++] = load_child(l, l->next++);
        if (l->open == 0)
                return false;
        c = &l->window[dice_next(&l->order) % l->open];
        while (!(c->todo & 1u << step))
                step++;
        t = (struct load_filling){.child = c,
                             .step = &load_four[step],
                             .id = c->number * LOAD_STEPS_MAX + step,
                             .date = step == FOUR_ENDED ? l->today : c->fact,
                             .occurred = l->c.now - 1000,
                             .recorded = l->c.now};
        load_fill(l, step, &t, ret);
        c->todo &= (uint8_t)~(1u << step);
        if (c->todo == 0)
                *c = l->window[--l->open];
        return true;
}

/* Within working hours of the day; the same for an event that comes again. */
static instant_t load_moment(const struct bench_load *l, day_t day, uint64_t id) {
        struct dice d = load_dice(l, SERIES_ORDER, id);

        return date_begin(day) + 8 * HOUR_MS + (instant_t)(dice_next(&d) % (9 * HOUR_MS));
}

static bool load_next_year(struct bench_load *l, struct event *ret) {
        while (l->at < l->n_planned) {
                const struct planned *p = &l->planned[l->at++];
                struct child c = load_child(l, p->place);
                struct load_filling t = {.child = &c, .step = &load_year[p->step], .id = c.number * LOAD_STEPS_MAX + p->step, .date = p->date};

                t.recorded = load_moment(l, p->date + p->lag, t.id);
                t.occurred = t.recorded - HOUR_MS - (instant_t)p->lag * INSTANT_DAY;
                if (t.recorded > l->c.now)
                        continue;
                l->repeated = p->repeat;
                load_fill(l, p->step, &t, ret);
                return true;
        }
        return false;
}

bool bench_load_next(struct bench_load *l, struct event *ret) {
        l->repeated = false;
        if (l->c.stop && atomic_load(l->c.stop))
                return false;
        return l->c.shape == BENCH_LOAD_FOUR ? load_next_four(l, ret) : load_next_year(l, ret);
}

bool bench_load_repeated(const struct bench_load *l) {
        return l->repeated;
}

/* -- Planning a year -- */

typedef VECTOR(struct planned) planned_v;

static int load_plan_step(struct dice *d, uint32_t place, unsigned step, day_t date, planned_v *all) {
        struct planned p = {.place = place, .date = date, .step = (uint8_t)step};
        int r;

        p.lag = (uint16_t)(dice_chance(d, 4) ? dice_between(d, 14, 60) : dice_between(d, 0, 3));
        r = vector_push(all, p);
        if (r == 0 && dice_chance(d, REPEAT_PERCENT)) {
                p.repeat = 1;
                r = vector_push(all, p);
        }
        return r;
}

static int load_plan_case(const struct bench_load *l, uint32_t place, planned_v *all) {
        struct child c = load_child(l, place);
        struct dice d = load_dice(l, SERIES_ORDER, c.number);
        day_t dates[LOAD_STEPS_MAX];
        int r = 0;

        for (unsigned i = 0; r == 0 && i < ELEMENTS(load_year); i++) {
                const struct load_step *step = &load_year[i];
                day_t from = i == 0 ? c.informed : dates[step->after];

                dates[i] = DAY_NONE;
                if (from == DAY_NONE || !dice_chance(&d, step->share))
                        continue;
                if (step->late && dice_chance(&d, step->late))
                        dates[i] = from + dice_between(&d, step->late_least, step->late_most);
                else
                        dates[i] = from + dice_between(&d, step->least, step->most);
                if (dates[i] <= l->today)
                        r = load_plan_step(&d, place, i, dates[i], all);
                else
                        dates[i] = DAY_NONE;
        }
        return r;
}

/* In which order: by the day on which it is recorded, a repetition a day later. */
static size_t load_day_place(const struct bench_load *l, const struct planned *p) {
        day_t first = l->today - YEAR_DAYS, day = p->date + p->lag + p->repeat;

        return day <= first ? 0 : day > l->today ? YEAR_DAYS + 1 : (size_t)(day - first);
}

static void load_put_in_order(struct bench_load *l, const planned_v *all) {
        size_t begins[YEAR_DAYS + 3] = {0};

        for (size_t i = 0; i < all->n; i++)
                begins[load_day_place(l, &all->items[i]) + 1]++;
        for (size_t d = 1; d < ELEMENTS(begins); d++)
                begins[d] += begins[d - 1];
        for (size_t i = 0; i < all->n; i++)
                l->planned[begins[load_day_place(l, &all->items[i])]++] = all->items[i];
        /* begins[d] is where day d ends by now. Within a day everything comes mixed; what lies after today is left out. */
        for (size_t d = 0; d <= YEAR_DAYS; d++) {
                size_t begin = d ? begins[d - 1] : 0;

                for (size_t i = begins[d]; i > begin + 1; i--) {
                        size_t k = begin + dice_next(&l->order) % (i - begin);
                        struct planned swap = l->planned[i - 1];

                        l->planned[i - 1] = l->planned[k];
                        l->planned[k] = swap;
                }
        }
        l->n_planned = begins[YEAR_DAYS];
}

static int load_plan_year(struct bench_load *l) {
        planned_v all = {0};
        int r = 0;

        for (uint64_t i = 0; r == 0 && i < l->c.cases; i++)
                r = load_plan_case(l, (uint32_t)i, &all);
        l->planned = r == 0 ? malloc((all.n + 1) * sizeof(*l->planned)) : NULL;
        if (l->planned)
                load_put_in_order(l, &all);
        else
                r = -ENOMEM;
        vector_done(&all);
        return r;
}

/* -- Compiling the table -- */

static int load_no_field(const struct load_step *step, const char *word, size_t n, struct error *err) {
        error_set(err, "the load says '%.*s' of %s, which the schema does not have; use the schemas that come with ketenwacht", (int)n, word, step->event);
        return -EINVAL;
}

/* One "name=value". */
static int load_compile_word(const struct load_step *step, const char *word, size_t n, struct arena *arena, struct form *form, struct error *err) {
        const char *equals = memchr(word, '=', n);
        const struct layout *layout = form->type->layout;
        const struct layout_field *field;
        struct text value;
        char *name;
        int slot;

        assert(equals);
        name = arena_copy(arena, word, (size_t)(equals - word));
        value.n = n - (size_t)(equals - word) - 1;
        value.s = arena_copy(arena, equals + 1, value.n);
        if (!name || !value.s)
                return -ENOMEM;
        slot = layout_slot(layout, name);
        if (slot < 0)
                return load_no_field(step, word, n, err);
        field = &layout->fields[slot];
        if (text_is(value, "*")) {
                form->patches[slot] = load_patch_by_name(name);
                return form->patches[slot] == PATCH_NONE ? load_no_field(step, word, n, err) : 0;
        }
        form->patches[slot] = PATCH_NONE;
        if (field->type == LAYOUT_ENUM) {
                int symbol = layout_symbol(field, value);

                if (symbol < 0)
                        return load_no_field(step, word, n, err);
                form->slots[slot] = (struct slot){.kind = SLOT_INT, .i = symbol};
        } else if (field->type == LAYOUT_BOOLEAN) {
                form->slots[slot] = (struct slot){.kind = SLOT_BOOLEAN, .i = text_is(value, "true")};
        } else {
                form->slots[slot] = (struct slot){.kind = SLOT_STRING, .s = value};
        }
        return 0;
}

static int load_compile_default(const struct load_step *step, const struct layout_field *field, size_t i, struct form *form, struct error *err) {
        if (i < ENVELOPE_SLOTS)
                form->patches[i] = envelope_patches[i];
        else if (!field->nullable || strcmp(field->name, "measure_id") == 0)
                form->patches[i] = load_patch_by_name(field->name);
        if (field->nullable)
                form->slots[i].kind = SLOT_NULL;
        else if (field->type == LAYOUT_BOOLEAN)
                form->slots[i] = (struct slot){.kind = SLOT_BOOLEAN, .i = 1};
        else if (field->type == LAYOUT_ENUM)
                form->slots[i] = (struct slot){.kind = SLOT_INT, .i = 0};
        else if (form->patches[i] == PATCH_NONE && !strstr(step->fields, field->name))
                return load_no_field(step, field->name, strlen(field->name), err);
        return 0;
}

static int load_compile_step(struct bench_load *l, const struct load_step *step, struct form *form, struct error *err) {
        const struct layout *layout;
        int r = 0;

        form->type = event_types_find(l->c.config->types, text_of(step->event));
        if (!form->type) {
                error_set(err, "the load needs the event type %s, which the schemas folder does not have", step->event);
                return -EINVAL;
        }
        layout = form->type->layout;
        form->slots = arena_calloc(l->arena, layout->n, sizeof(*form->slots));
        form->patches = arena_calloc(l->arena, layout->n, sizeof(*form->patches));
        if (!form->slots || !form->patches)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < layout->n; i++)
                r = load_compile_default(step, &layout->fields[i], i, form, err);
        for (const char *word = step->fields; r == 0 && *word;) {
                size_t n = strcspn(word, " ");

                r = load_compile_word(step, word, n, l->arena, form, err);
                word += n + strspn(word + n, " ");
        }
        form->kind = strcmp(step->event, "measure-started") == 0 ? layout_slot(layout, "kind") : -1;
        form->role = strcmp(step->event, "protector-assigned") == 0 ? layout_slot(layout, "role") : -1;
        form->family = layout_slot(layout, "working_with_family");
        form->reason = layout_slot(layout, "reason");
        return r;
}

/* Those who were there all the time, and are. */
static int load_find_places(struct bench_load *l, enum organisation_kind kind, struct places *ret, struct error *err) {
        const struct organisations *orgs = l->c.config->organisations;

        ret->items = arena_calloc(l->arena, organisations_count(orgs) + 1, sizeof(*ret->items));
        if (!ret->items)
                return -ENOMEM;
        for (size_t i = 0; i < organisations_count(orgs); i++) {
                const struct organisation *org = organisations_at(orgs, i);

                if (org->kind == kind && organisation_on(org, l->today) && organisation_on(org, l->today - BEFORE_DAYS))
                        ret->items[ret->n++] = org;
        }
        if (ret->n)
                return 0;
        error_set(err, "the load needs organisations of kind %s that are in force, and organisations.yaml has none", organisation_kind_names[kind]);
        return -EINVAL;
}

static int load_check_numbers(const struct bench_load_config *c, struct error *err) {
        uint64_t most = (uint64_t)bench_load_cases_max(c->shape);

        if (c->cases == 0 || c->cases > most) {
                error_set(err, "a load of shape %s has 1 to %llu cases, not %llu", bench_load_shapes[c->shape], (unsigned long long)most,
                          (unsigned long long)c->cases);
                return -EINVAL;
        }
        return 0;
}

int bench_load_new(const struct bench_load_config *config, struct bench_load **ret, struct error *err) {
        CLEANUP(bench_load_free_p) struct bench_load *l = calloc(1, sizeof(*l));
        int r = l ? load_check_numbers(config, err) : -ENOMEM;

        if (r)
                return r;
        l->c = *config;
        l->steps = config->shape == BENCH_LOAD_FOUR ? load_four : load_year;
        l->n_steps = config->shape == BENCH_LOAD_FOUR ? FOUR_STEPS : ELEMENTS(load_year);
        l->today = date_of_instant(config->now);
        l->order = load_dice(l, SERIES_ORDER, UINT64_MAX);
        r = arena_new(&l->arena, SETUP_BYTES_MAX);
        if (r)
                return r;
        l->forms = arena_calloc(l->arena, l->n_steps, sizeof(*l->forms));
        l->slots = arena_calloc(l->arena, LAYOUT_SLOTS_MAX, sizeof(*l->slots));
        if (!l->forms || !l->slots)
                return -ENOMEM;
        r = load_find_places(l, KIND_GI, &l->gis, err);
        if (r == 0)
                r = load_find_places(l, KIND_MUNICIPALITY, &l->municipalities, err);
        for (size_t i = 0; r == 0 && i < l->n_steps; i++)
                r = load_compile_step(l, &l->steps[i], &l->forms[i], err);
        if (r == 0 && config->shape == BENCH_LOAD_YEAR)
                r = load_plan_year(l);
        if (r == 0 && config->shape == BENCH_LOAD_FOUR) {
                l->room = config->cases / 4 < WINDOW_LEAST ? WINDOW_LEAST : (size_t)(config->cases / 4);
                l->window = calloc(l->room, sizeof(*l->window));
                if (!l->window)
                        r = -ENOMEM;
        }
        if (r)
                return r;
        *ret = TAKE(l);
        return 0;
}

struct bench_load *bench_load_free(struct bench_load *l) {
        if (!l)
                return NULL;
        arena_free(l->arena);
        free(l->window);
        free(l->planned);
        free(l);
        return NULL;
}
