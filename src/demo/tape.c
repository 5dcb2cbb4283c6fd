/* SPDX-License-Identifier: EUPL-1.2 */

/* Events in order, for the demonstration. */

#include "demo/tape.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"

#define LINE_ARENA_MAX ((size_t)1 << 20)

int tape_init(struct tape *tape) {
        *tape = (struct tape){0};
        return arena_new(&tape->arena, TAPE_BYTES_MAX);
}

void tape_done(struct tape *tape) {
        arena_free(tape->arena);
        free(tape->items);
        *tape = (struct tape){0};
}

static int tape_make_room(struct tape *tape) {
        size_t capacity = tape->capacity ? tape->capacity * 2 : 1024;
        struct tape_item *items;

        if (tape->n >= TAPE_ITEMS_MAX)
                return -ENOSPC;
        if (tape->n < tape->capacity)
                return 0;
        items = realloc(tape->items, capacity * sizeof(*items));
        if (!items)
                return -ENOMEM;
        tape->items = items;
        tape->capacity = capacity;
        return 0;
}

static int tape_copy_texts(struct tape *tape, struct tape_item *item) {
        if (!item->source)
                return 0;
        item->source = arena_copy(tape->arena, item->source, strlen(item->source));
        item->event = arena_copy(tape->arena, item->event, strlen(item->event));
        item->json.s = arena_copy(tape->arena, item->json.s, item->json.n);
        return item->source && item->event && item->json.s ? 0 : -ENOMEM;
}

int tape_add(struct tape *tape, const struct tape_item *item) {
        struct tape_item copy = *item;
        int r = tape_make_room(tape);

        if (r)
                return r;
        r = tape_copy_texts(tape, &copy);
        if (r)
                return r;
        if (tape->n && copy.at < tape->items[tape->n - 1].at)
                copy.at = tape->items[tape->n - 1].at;
        tape->items[tape->n++] = copy;
        return 0;
}

/* The item of a line that is an event; @source is room for its publisher's id. */
static struct tape_item tape_item_of(const struct line *line, struct text json, char source[NAME_MAX_BYTES + 1]) {
        const struct slot *slots = line->event.slots;
        struct text from = slots[SLOT_SOURCE].s;

        assert(from.n <= NAME_MAX_BYTES); /* the domains of strings were checked */
        memcpy(source, from.s, from.n);
        source[from.n] = '\0';
        return (struct tape_item){
                .at = slots[SLOT_RECORDED_AT].i, .case_id = slots[SLOT_CASE_ID].u, .event = line->event.type->name, .source = source, .json = json};
}

static int tape_read_line(struct tape *tape, const struct line *line, struct text text) {
        char source[NAME_MAX_BYTES + 1];

        if (line->kind == LINE_CLOCK)
                return tape_add(tape, &(struct tape_item){.at = line->clock});
        if (line->kind == LINE_EVENT) {
                struct tape_item item = tape_item_of(line, text, source);

                return tape_add(tape, &item);
        }
        return 0;
}

int tape_read(struct tape *tape, FILE *in, const struct event_types *types, const struct organisations *orgs,
              void (*refused)(void *ctx, uint64_t number, const struct line *line), void *ctx, struct error *err) {
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        struct lines lines = LINES_INIT(in);
        struct text text;
        int r = arena_new(&arena, LINE_ARENA_MAX);

        while (r == 0 && (r = lines_next(&lines, &text)) == 0) {
                struct line line;

                arena_reset(arena);
                line_parse(types, orgs, text, LANGUAGE_EN, arena, &line);
                if (line.kind == LINE_REFUSED)
                        refused(ctx, lines.number, &line);
                r = tape_read_line(tape, &line, text);
                line_done(&line);
        }
        lines_done(&lines);
        if (r == -ENOSPC) {
                error_set(err, "there are more than %d events; split the file", TAPE_ITEMS_MAX);
                return -EINVAL;
        }
        if (r < 0) {
                error_set(err, "cannot be read: %s", strerror(-r));
                return r;
        }
        if (tape->n == 0) {
                error_set(err, "has no event that could be played");
                return -EINVAL;
        }
        return 0;
}

static bool tape_has_case(const struct tape_item *items, size_t n, const struct uuid *case_id) {
        for (size_t i = 0; i < n; i++) {
                if (uuid_equal(&items[i].case_id, case_id))
                        return true;
        }
        return false;
}

size_t tape_wave(const struct tape *tape, size_t from) {
        const struct tape_item *first = &tape->items[from];
        size_t n = 1;
        day_t day;

        if (from >= tape->n)
                return 0;
        if (!first->source)
                return 1;
        day = date_of_instant(first->at);
        while (n < TAPE_WAVE_MAX && from + n < tape->n) {
                const struct tape_item *next = &first[n];

                if (!next->source || date_of_instant(next->at) != day || tape_has_case(first, n, &next->case_id))
                        break;
                n++;
        }
        return n;
}

static int tape_by_name(const void *a, const void *b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t tape_unique(const char **names, size_t n) {
        size_t kept = 0;

        qsort(names, n, sizeof(*names), tape_by_name);
        for (size_t i = 0; i < n; i++) {
                if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0)
                        names[kept++] = names[i];
        }
        return kept;
}

int tape_sources(const struct tape *tape, const char *const **ret, size_t *ret_n) {
        const char **names = arena_calloc(tape->arena, tape->n + 1, sizeof(*names));
        size_t n = 0;

        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < tape->n; i++) {
                if (tape->items[i].source)
                        names[n++] = tape->items[i].source;
        }
        *ret_n = tape_unique(names, n);
        *ret = names;
        return 0;
}
