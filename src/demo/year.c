/* SPDX-License-Identifier: EUPL-1.2 */

/* All lives of a year, in the order in which they were written down. */

#include "demo/year.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/vector.h"
#include "demo/life.h"

struct moment {
        struct tape_item item; /* texts in the arena */
        size_t place;          /* as told: keeps the order of one instant */
};

struct sheet {
        VECTOR(struct moment) moments;
        struct arena *arena;
        instant_t begin, end;
};

static int year_note(void *ctx, const struct tape_item *item) {
        struct sheet *sheet = ctx;
        struct moment moment = {.item = *item, .place = sheet->moments.n};

        if (item->at < sheet->begin || item->at >= sheet->end)
                return 0;
        if (sheet->moments.n >= TAPE_ITEMS_MAX)
                return -ENOSPC;
        moment.item.json.s = arena_copy(sheet->arena, item->json.s, item->json.n);
        if (!moment.item.json.s)
                return -ENOMEM;
        return vector_push(&sheet->moments, moment);
}

static int year_by_moment(const void *a, const void *b) {
        const struct moment *x = a, *y = b;

        if (x->item.at != y->item.at)
                return x->item.at < y->item.at ? -1 : 1;
        return x->place < y->place ? -1 : x->place > y->place;
}

static day_t year_day(const char *text) {
        day_t day = 0;

        if (!date_parse(text_of(text), &day))
                assert(!"a date of our own");
        return day;
}

int year_generate(uint64_t seed, unsigned cases, struct tape *tape) {
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        struct sheet sheet = {.begin = date_begin(year_day(YEAR_FIRST)), .end = date_over(year_day(YEAR_LAST))};
        const struct life_sink sink = {.add = year_note, .ctx = &sheet};
        int r = arena_new(&arena, TAPE_BYTES_MAX);

        assert(cases >= 1 && cases <= YEAR_CASES_MAX && tape->n == 0);
        sheet.arena = arena;
        for (unsigned i = 0; r == 0 && i < cases; i++)
                r = life_tell(seed, i, &sink);
        if (r == 0 && sheet.moments.n)
                qsort(sheet.moments.items, sheet.moments.n, sizeof(*sheet.moments.items), year_by_moment);
        for (size_t i = 0; r == 0 && i < sheet.moments.n; i++)
                r = tape_add(tape, &sheet.moments.items[i].item);
        vector_done(&sheet.moments);
        return r;
}

struct uuid year_story(uint64_t seed) {
        return life_case(seed, 0);
}
