/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * What one turn of a worker wrote, compared with what it had to write
 *
 * A window reaches from one poll, commit or abort to the next; the clock stands still in it. One
 * record may have been handed out in it, and any number of cases evaluated. For each of them a model says what
 * follows from the facts and tellings that this worker knows: every telling, every row of state, every dead
 * letter, no less and no more. What was right becomes part of the worker's view.
 */

#include "simulation.h"

#include <inttypes.h>

#define TAKEN_BACK_PERCENT 15 /* of the cases that are forgotten, at first */

static const char MORTAL_KINDS[] = {ROW_FACT, ROW_OBLIGATION, ROW_ALERT, ROW_COPY, '\0'}; /* rows that go when their case is forgotten */

struct expectation {
        struct lines lines;
        struct ledger_case own;  /* the case of the record, as it then is */
        bool is_fact;            /* the record became one */
        VECTOR(struct ledger_case *) others;
};

static struct sim *sim_of(const struct tap *tap) {
        return tap->h->s;
}

void window_begin(struct tap *tap, const struct input *input, bool must_tell) {
        tap->window.open = true;
        tap->window.input = input;
        tap->window.must_tell = must_tell;
}

void window_drop(struct tap *tap) {
        tap->window.open = tap->window.must_tell = false;
        tap->window.input = NULL;
        tap->window.lines.v.n = 0;
        tap->window.rows.n = 0;
}

void window_wrote(struct tap *tap, const struct bus_record *record) {
        struct sim *s = sim_of(tap);
        struct line *line = lines_add(&tap->window.lines);

        describe(s, record, s->profile == PROFILE_BUNDLED, line);
        if (strcmp(record->topic, TOPIC_CASE_STATE) == 0) {
                struct row row = {.n = record->value_n, .partition = record->partition};

                if (record->key_n != ROW_KEY_BYTES)
                        sim_fail(s, "%s wrote a row of state without a key of %d bytes", handle_name(tap->h), ROW_KEY_BYTES);
                memcpy(row.key, record->key, ROW_KEY_BYTES);
                if (!record->value && !strchr(MORTAL_KINDS, row.key[16]))
                        sim_fail(s, "%s wrote a tombstone for a row of kind %c", handle_name(tap->h), row.key[16]);
                if (record->value)
                        row.value = sim_keep(s, record->value, record->value_n);
                if (vector_push(&tap->window.rows, row))
                        sim_check_memory(s, NULL);
        }
}

/* -- Where a case is -- */

/* The case of the record, if it has one: what is bad by itself may name any. */
static bool is_own(const struct input *input, const struct uuid *case_id) {
        return input && input->bad == REFUSAL_NONE && uuid_equal(&input->event.slots[SLOT_CASE_ID].u, case_id);
}

static int32_t part_of(const struct tap *tap, const struct uuid *case_id) {
        char text[UUID_TEXT + 1];
        struct sim *s = sim_of(tap);

        for (int32_t p = 0; p < s->partitions; p++) {
                if (tap->parts[p].owned && ledger_find(&tap->parts[p].view, case_id))
                        return p;
        }
        sim_fail(s, "%s told something of case %s, which is not of its partitions", handle_name(tap->h), short_id(case_id, text));
}

static instant_t clock_of(const struct tap *tap, int32_t p) {
        instant_t now = handle_decides(tap->h), told = tap->parts[p].view.told_at;

        return told > now ? told : now;
}

/* -- What is expected -- */

static void expect_source_told(struct tap *tap, const struct input *input, enum refusal code, struct lines *ret) {
        const struct slot *slots = input->event.slots;
        char id[UUID_TEXT + 1], refused[UUID_TEXT + 1], name[BUS_NAME_MAX + 64 + UUID_TEXT];
        struct uuid event_id;
        struct line *line;
        int n;

        if (!input->legible || !organisations_find(sim_of(tap)->config->organisations, slots[SLOT_SOURCE].s))
                return;
        uuid_format(&slots[SLOT_EVENT_ID].u, refused);
        n = snprintf(name, sizeof(name), "refused|%s|%d|%" PRId64 "|%s", input->topic, input->partition, input->offset, refused);
        event_id = uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n);
        line = lines_add(ret);
        line->topic = "inbox";
        (void) snprintf(line->text, sizeof(line->text), TOPIC_INBOX_PREFIX "%.*s event-refused %s of %s %s at %" PRId64, (int)slots[SLOT_SOURCE].s.n,
                        slots[SLOT_SOURCE].s.s, short_id(&event_id, id), short_id(&slots[SLOT_EVENT_ID].u, refused), refusal_codes[code],
                        handle_decides(tap->h));
}

static void expect_refused(struct tap *tap, const struct input *input, enum refusal code, struct lines *ret) {
        struct line *line = lines_add(ret);

        line->topic = TOPIC_DEAD_LETTERS;
        (void) snprintf(line->text, sizeof(line->text), TOPIC_DEAD_LETTERS " %s[%d]@%" PRId64 " %s", input->topic, input->partition, input->offset,
                        refusal_codes[code]);
        expect_source_told(tap, input, code, ret);
}

/* Whether the record of this window becomes a fact; otherwise why it is refused, if it is. */
static bool becomes_fact(struct tap *tap, const struct ledger_case *own, enum refusal *ret_code, bool *ret_duplicate) {
        *ret_duplicate = false;
        *ret_code = model_accept(sim_of(tap), own, tap->window.input, handle_decides(tap->h), ret_duplicate);
        return *ret_code == REFUSAL_NONE && !*ret_duplicate;
}

/* The case of the record as this worker knows it: empty when it does not. */
static void own_case(struct tap *tap, struct ledger_case *ret) {
        const struct input *input = tap->window.input;
        const struct ledger_case *known = ledger_find(&tap->parts[input->partition].view, &input->event.slots[SLOT_CASE_ID].u);

        if (known)
                case_copy(ret, known);
        ret->id = input->event.slots[SLOT_CASE_ID].u;
}

/* Whether the worker forgets this case, by what it wrote. */
static bool is_forgotten(const struct tap *tap, const struct uuid *case_id) {
        for (size_t i = 0; i < tap->window.rows.n; i++) {
                const struct row *row = &tap->window.rows.items[i];

                if (row->key[16] == ROW_CLOSED && memcmp(row->key, case_id->bytes, sizeof(case_id->bytes)) == 0)
                        return true;
        }
        return false;
}

/* Forgets @c, with a fact that comes with it or without, if it need not wait for the next day. */
static void expect_forgotten(struct tap *tap, int32_t p, struct ledger_case *c, const struct input *fresh, struct expectation *ret) {
        const struct ledger_case *known = ledger_find(&tap->parts[p].view, &c->id);
        instant_t now = clock_of(tap, p);
        char id[UUID_TEXT + 1], text[INSTANT_TEXT + 1];

        if (!tap->h->once && (fresh || (known && now < known->wait.not_before))) {
                instant_format_exact(now, text);
                sim_fail(sim_of(tap), "%s forgets case %s at %s, on the day on which it looked at its latest fact", handle_name(tap->h),
                         short_id(&c->id, id), text);
        }
        model_forget(sim_of(tap), c, fresh, now, tap->h->version, &ret->lines);
}

static void expect_own(struct tap *tap, enum course course, struct expectation *ret) {
        struct sim *s = sim_of(tap);
        const struct input *input = tap->window.input;
        instant_t now = clock_of(tap, input->partition);
        enum refusal code;
        bool duplicate;

        own_case(tap, &ret->own);
        ret->is_fact = becomes_fact(tap, &ret->own, &code, &duplicate);
        if (code != REFUSAL_NONE)
                expect_refused(tap, input, code, &ret->lines);
        else if ((code = model_remark(s, &ret->own, input, duplicate)) != REFUSAL_NONE)
                expect_source_told(tap, input, code, &ret->lines);
        if (ret->is_fact && vector_push(&ret->own.facts, input))
                sim_check_memory(s, NULL);
        if (ret->is_fact || (course == COURSE_JUDGED && input->bad == REFUSAL_NONE && ret->own.facts.n)) {
                if (course == COURSE_JUDGED && is_forgotten(tap, &ret->own.id))
                        expect_forgotten(tap, input->partition, &ret->own, ret->is_fact ? input : NULL, ret);
                else
                        model_evaluate(s, &ret->own, ret->is_fact ? input : NULL, course, now, tap->h->version, &ret->lines);
                ret->own.dirty = true;
        }
}

static bool has_case(const struct expectation *e, const struct uuid *id) {
        for (size_t i = 0; i < e->others.n; i++) {
                if (uuid_equal(&e->others.items[i]->id, id))
                        return true;
        }
        return false;
}

/* Every other case of which something was told was evaluated by itself. */
static void expect_others(struct tap *tap, const struct input *input, struct expectation *ret) {
        struct sim *s = sim_of(tap);

        for (size_t i = 0; i < tap->window.lines.v.n; i++) {
                const struct line *line = &tap->window.lines.v.items[i];
                struct ledger_case *c;
                int32_t p;

                if (!line->telling || is_own(input, &line->case_id) || has_case(ret, &line->case_id))
                        continue;
                p = part_of(tap, &line->case_id);
                c = calloc(1, sizeof(*c));
                sim_check_memory(s, c);
                case_copy(c, ledger_find(&tap->parts[p].view, &line->case_id));
                if (vector_push(&ret->others, c))
                        sim_check_memory(s, NULL);
                if (is_forgotten(tap, &c->id))
                        expect_forgotten(tap, p, c, NULL, ret);
                else
                        model_evaluate(s, c, NULL, COURSE_JUDGED, clock_of(tap, p), tap->h->version, &ret->lines);
                c->dirty = true;
        }
}

static void expectation_done(struct expectation *e) {
        for (size_t i = 0; i < e->others.n; i++) {
                case_done(e->others.items[i]);
                free(e->others.items[i]);
        }
        vector_done(&e->others);
        vector_done(&e->lines.v);
        case_done(&e->own);
        *e = (struct expectation){0};
}

/* -- Comparing -- */

static bool same_lines(struct lines *a, struct lines *b) {
        lines_sort(a);
        lines_sort(b);
        if (a->v.n != b->v.n)
                return false;
        for (size_t i = 0; i < a->v.n; i++) {
                if (strcmp(a->v.items[i].text, b->v.items[i].text) != 0)
                        return false;
        }
        return true;
}

_Noreturn static void fail_different(struct tap *tap, struct lines *expected) {
        struct lines *written = &tap->window.lines;
        size_t i = 0, k = 0;

        lines_sort(written);
        lines_sort(expected);
        fprintf(stderr, "%s, version %u, wall clock %+" PRId64 " ms:\n", handle_name(tap->h), tap->h->version, tap->h->off);
        while (i < written->v.n || k < expected->v.n) {
                int order = i == written->v.n ? 1 : k == expected->v.n ? -1 : strcmp(written->v.items[i].text, expected->v.items[k].text);

                if (order == 0)
                        fprintf(stderr, "  both       %s\n", written->v.items[i].text);
                else if (order < 0)
                        fprintf(stderr, "  not so     %s\n", written->v.items[i].text);
                else
                        fprintf(stderr, "  missing    %s\n", expected->v.items[k].text);
                i += order <= 0;
                k += order >= 0;
        }
        sim_fail(sim_of(tap), "a worker wrote something else than follows from what it knows (above)");
}

/* Takes out the lines of the worker's own marks: no model knows them. */
static void set_marks_aside(struct tap *tap) {
        struct lines *lines = &tap->window.lines;
        static const struct uuid nobody;
        size_t kept = 0;

        for (size_t i = 0; i < lines->v.n; i++) {
                const struct line *line = &lines->v.items[i];

                if (strcmp(line->topic, TOPIC_CASE_STATE) != 0 || !uuid_equal(&line->case_id, &nobody))
                        lines->v.items[kept++] = *line;
        }
        lines->v.n = kept;
}

/* Nothing is told of a partition that is behind, or by a clock that is away. */
static void check_permission(struct tap *tap) {
        for (size_t i = 0; i < tap->window.lines.v.n; i++) {
                const struct line *line = &tap->window.lines.v.items[i];

                if (!line->telling)
                        continue;
                const struct input *input = tap->window.input;
                int32_t p = is_own(input, &line->case_id) ? input->partition : part_of(tap, &line->case_id);

                if (!tap_may_tell(tap, p))
                        sim_fail(sim_of(tap), "%s told of partition %d, of which %s has to be read first, by a clock that is %s: %s", handle_name(tap->h), p,
                                 tap_unread(tap, p), tap->belief == BELIEF_AWAY ? "away" : "right or not known", line->text);
        }
}

/* The view of @p as it is after what was right. */
static void accept_case(struct tap *tap, int32_t p, const struct ledger_case *c) {
        struct ledger_part *view = &tap->parts[p].view;

        case_copy(ledger_get(view, &c->id), c);
        view->dirty = true;
}

static void note_told(struct tap *tap) {
        struct sim *s = sim_of(tap);

        for (size_t i = 0; i < tap->window.lines.v.n; i++) {
                const struct line *line = &tap->window.lines.v.items[i];

                sim_trace(s, "%s writes %s", handle_name(tap->h), line->text);
                if (strcmp(line->topic, TOPIC_CASE_STATE) == 0)
                        continue;
                if (vector_push(&tap->told.v, *line))
                        sim_check_memory(s, NULL);
                if (!line->telling)
                        continue;
                int32_t p = part_of(tap, &line->case_id);
                instant_t now = clock_of(tap, p);

                tap->parts[p].view.told_at = now;
        }
}

/* A row stands in the partition of its case, whatever its key would hash to. */
static void check_place(struct tap *tap, const struct row *row) {
        static const struct uuid nobody;
        char text[UUID_TEXT + 1];
        struct uuid id;

        memcpy(id.bytes, row->key, sizeof(id.bytes));
        if (!uuid_equal(&id, &nobody) && row->partition != part_of(tap, &id))
                sim_fail(sim_of(tap), "a row of case %s was written to partition %d", short_id(&id, text), row->partition);
}

/* Of a case that got a fact. */
static void begin_wait(struct tap *tap, const struct input *input, const struct uuid *case_id) {
        struct tap_part *part = &tap->parts[input->partition];
        struct wait *wait = &ledger_get(&part->view, case_id)->wait;

        wait_begin(wait, clock_of(tap, input->partition), tap->window.must_tell);
        for (size_t i = 0; i < tap->n_inputs; i++)
                wait->beyond |= tap->h->once && strcmp(tap->inputs[i], input->topic) == 0 && input->offset >= part->ends[i];
}

/* Sometimes its transaction is taken back, and when it is to be forgotten again there is news of it. */
static void note_forgotten(struct tap *tap, const struct row *row) {
        struct sim *s = sim_of(tap);
        struct uuid id;

        s->counts.forgotten++;
        if (s->quiet || tap->fault.call != CALL_NONE || !chance(s, TAKEN_BACK_PERCENT))
                return;
        tap->fault = (struct fault){.call = CALL_COMMIT, .harm = HARM_ABORTED};
        memcpy(id.bytes, row->key, sizeof(id.bytes));
        load_late(s, &id);
}

static void accept(struct tap *tap, const struct expectation *e) {
        if (e->own.dirty)
                accept_case(tap, tap->window.input->partition, &e->own);
        if (e->is_fact)
                begin_wait(tap, tap->window.input, &e->own.id);
        for (size_t i = 0; i < e->others.n; i++)
                accept_case(tap, part_of(tap, &e->others.items[i]->id), e->others.items[i]);
        note_told(tap);
        for (size_t i = 0; i < tap->window.rows.n; i++) {
                const struct row *row = &tap->window.rows.items[i];
                int32_t p = row->partition;

                check_place(tap, row);
                ledger_put_row(&tap->parts[p].view, row);
                if (row->key[16] == ROW_CLOSED)
                        note_forgotten(tap, row);
                if (row->key[16] == ROW_VERSION && row->key[17] == 0)
                        tap->parts[p].view.version = tap->h->version;
        }
}

/* Whether the record of this window may have taken this course. A fact that comes while all is live is told about at once. */
static bool course_is_open(struct tap *tap, enum course course) {
        const struct window *w = &tap->window;
        struct ledger_case own = {0};
        enum refusal code;
        bool is_fact, duplicate;

        if (!w->input)
                return course == COURSE_TOLD;
        if (!tap_may_tell(tap, w->input->partition))
                return course == COURSE_SILENT;
        own_case(tap, &own);
        is_fact = becomes_fact(tap, &own, &code, &duplicate);
        case_done(&own);
        return course == COURSE_TOLD || !w->must_tell || !is_fact;
}

void window_end(struct tap *tap) {
        struct window *w = &tap->window;
        struct expectation e = {0};
        bool right = false;

        if (!w->open && w->lines.v.n == 0)
                return;
        check_permission(tap);
        set_marks_aside(tap);
        for (enum course course = COURSE_TOLD; course < COURSES && !right; course++) {
                if (!course_is_open(tap, course))
                        continue;
                expectation_done(&e);
                if (w->input)
                        expect_own(tap, course, &e);
                expect_others(tap, w->input, &e);
                right = same_lines(&w->lines, &e.lines);
        }
        if (!right)
                fail_different(tap, &e.lines);
        accept(tap, &e);
        expectation_done(&e);
        window_drop(tap);
}

void window_restored(struct tap *tap, int32_t p) {
        struct ledger_part *view = &tap->parts[p].view;

        instant_t rows = rows_told_at(sim_of(tap), view);

        /* Of the bundled protocols copies are told too, of which a fact's row speaks; and an obligation that nobody hears of has a row as well. */
        if (sim_of(tap)->profile == PROFILE_DEADLINES && rows != view->told_at)
                sim_fail(sim_of(tap), "the rows of partition %d do not say when something was told for the last time", p);
        if (rows > view->told_at)
                view->told_at = rows;
        view->dirty = false;
}

/* -- At rest -- */

void window_looked(struct tap *tap) {
        for (int32_t p = 0; p < sim_of(tap)->partitions; p++) {
                struct ledger_part *view = &tap->parts[p].view;

                if (!tap->parts[p].owned || !tap_may_tell(tap, p))
                        continue;
                for (size_t i = 0; i < view->cases.n; i++) {
                        wait_looked(&view->cases.items[i]->wait, clock_of(tap, p));
                        wait_looked(&view->cases.items[i]->waited, clock_of(tap, p));
                }
        }
}

/* A case of which all is told, and which has waited long enough, is gone if it is to be forgotten. */
static void check_gone(struct tap *tap, int32_t p, struct ledger_case *c) {
        instant_t now = clock_of(tap, p);
        char id[UUID_TEXT + 1];

        wait_settled(&c->wait, now);
        c->waited = c->wait; /* nothing is open */
        if (sim_of(tap)->retention.count && c->facts.n && (tap->h->once ? !c->wait.beyond : now >= c->wait.gone_by) &&
            !forget_not(sim_of(tap), c, now, tap->h->version))
                sim_fail(sim_of(tap), "%s says that all is done, and has not forgotten case %s, which is over and was kept for long enough",
                         handle_name(tap->h), short_id(&c->id, id));
}

void window_settled(struct tap *tap) {
        struct sim *s = sim_of(tap);

        s->counts.settled++;
        for (int32_t p = 0; p < s->partitions; p++) {
                const struct ledger_part *view = &tap->parts[p].view;

                if (!tap->parts[p].owned)
                        continue;
                for (size_t i = 0; i < view->cases.n; i++) {
                        struct ledger_case c = {0};
                        struct lines left = {0};

                        case_copy(&c, view->cases.items[i]);
                        model_evaluate(s, &c, NULL, COURSE_JUDGED, clock_of(tap, p), tap->h->version, &left);
                        if (left.v.n)
                                sim_fail(s, "%s says that all is told, and this is not: %s", handle_name(tap->h), left.v.items[0].text);
                        vector_done(&left.v);
                        case_done(&c);
                        check_gone(tap, p, view->cases.items[i]);
                }
        }
}
