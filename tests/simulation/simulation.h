/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The simulator: what its files share
 *
 * One seed is one history. A world (the bus in memory, a broker's clock, topics), a fleet of workers
 * whose every call on the bus goes through a tap, a load of events, and an adversary that draws what happens
 * next. The tap knows what each worker was handed and what it wrote; the ledger keeps what is true (what was
 * committed); a model says what had to be told. Whatever differs ends the run with the seed and the difference.
 *
 *   main.c       the command: seeds, processes, progress
 *   run.c        the adversary: one seed from beginning to end
 *   world.c      configurations, clocks, topics; failing and tracing
 *   load.c       events: good, late, repeated, corrected, withdrawn, bad
 *   moves.c      inputs that are made anew, or cut before they were read
 *   fleet.c      workers: born, stepped, killed, frozen, let go again
 *   tap.c        between a worker and its bus: sees every call, and spoils some
 *   window.c     what one turn of a worker wrote, compared with what it had to write
 *   ledger.c     what is true: facts, rows and tellings, by case
 *   naive.c      the model of four deadlines, from the contract, with nothing of the engine
 *   scratch.c    the model of the bundled protocols: a new engine and a new store for every question
 *   forget.c     what has to be forgotten, what must not be, and until when it may wait
 *   describe.c   a record as one line of text
 *   verdict.c    the end: all topics against the ledger, and against a replay that settles
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "base/vector.h"
#include "bus/memory.h"
#include "cluster/topics.h"
#include "engine/engine.h"
#include "engine/row.h"
#include "model/config.h"
#include "worker/worker.h"

#define PARTITIONS_MAX 4
#define SLOTS_FLEET 3          /* names under which workers run */
#define HANDLES 8              /* workers that are there at once, zombies included */
#define VERSIONS 3             /* of the configuration */
#define LINE_MAX_BYTES 640
#define DATE_BYTES 40
#define STEP_MS 5              /* how far a step moves the clock, at most */
#define SECOND_MS INT64_C(1000)
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define START_MS INT64_C(1708945200000) /* 2024-02-26T12:00:00+01:00, five weeks before summer time */

struct sim;

/* -- Chance -- */

static inline uint64_t chance_next(uint64_t *state) { /* splitmix64 */
        uint64_t z = (*state += 0x9e3779b97f4a7c15u);

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
}
uint64_t draw(struct sim *s, uint64_t below);                     /* 0 .. below-1 */
bool chance(struct sim *s, unsigned percent);
int64_t draw_between(struct sim *s, int64_t least, int64_t most); /* inclusive */

/* -- What is fixed for the whole process -- */

enum profile {
        PROFILE_DEADLINES, /* the four deadlines: every telling is predicted by the naive model */
        PROFILE_BUNDLED,   /* the protocols that are shipped: every telling is predicted by an engine from scratch */
        PROFILES,
};

/* A norm as the naive model knows it. */
struct naive_norm {
        const char *name, *from; /* from: informed_date or verdict_date of measure-started */
        int working_days, weeks, months; /* one of them */
        int reminder_days;       /* before the due date, to the GI; 0: none */
        int second_rung_days;    /* after it, to the GI; 0: none */
};
#define NAIVE_NORMS 4

struct rules { /* of one profile */
        struct row_codec *codec;
        struct engine *engines[VERSIONS + 1];   /* for questions to an engine from scratch */
        struct config *read[2];                 /* as read from files */
        struct config versions[VERSIONS + 1];   /* by version, from 1: views of those */
        struct naive_norm norms[VERSIONS + 1][NAIVE_NORMS];
};

int rules_read(const char *root, struct rules ret[PROFILES]);
void rules_done(struct rules rules[PROFILES]);

/* -- What was published -- */

struct input {
        struct event event;
        unsigned content;     /* the same number: the same bytes */
        enum refusal bad;     /* what is wrong with the record by itself, REFUSAL_NONE: nothing */
        bool legible;         /* its event can be read, so its source can be told */
        const char *topic;
        int32_t partition;
        int64_t offset;
        unsigned anew;        /* how often its log had been made anew */
        bool gone;            /* the log has lost it since: then … */
        bool stood;           /* … it was a record by then (none that was aborted), … */
        bool read, begun;     /* … its offset was committed, … reading had begun, so that its loss can be noticed */
};

/* -- What is true -- */

struct row {
        uint8_t key[ROW_KEY_BYTES];
        const void *value; /* in the arena of the seed: never changes; NULL: a tombstone, which takes its row out */
        size_t n;
        int32_t partition; /* to which it was written */
};

struct naive_plan { /* what was announced of an obligation */
        unsigned norm;
        struct uuid instance;
        day_t due;
        instant_t announced_at, told_at;
        bool reminded;
};

struct naive_alert {
        unsigned norm, rung;
        struct uuid instance;
        const char *organisation;
        day_t due;
        bool open;
        unsigned raised;
        instant_t told_at;
};

struct naive_told {
        VECTOR(struct naive_plan) plans;
        VECTOR(struct naive_alert) alerts;
};

/* A case with facts that are new to its worker is not forgotten on the day on which that evaluates it first: more may be on their way. */
struct wait {
        bool touched;         /* got a fact, and may not have been evaluated since */
        bool beyond;          /* got it with --once beyond what there was when that began: more may be behind it, and it waits for another run */
        instant_t not_before; /* the earliest at which that can be over … */
        instant_t gone_by;    /* … and the latest; both 0: nothing to wait for */
};

struct ledger_case {
        struct uuid id;
        VECTOR(const struct input *) facts; /* in the order of acceptance */
        VECTOR(const struct input *) buried; /* those that it had when it was forgotten */
        bool closed;                        /* it was forgotten: nothing is left but one row */
        struct wait wait, waited;           /* of a view alone: with the open transaction, and without it */
        VECTOR(struct row) rows;            /* latest of each key */
        struct naive_told told;
        bool dirty;                         /* differs from the truth */
};

struct ledger_part {
        VECTOR(struct ledger_case *) cases;
        VECTOR(struct row) marks;  /* rows of no case */
        instant_t told_at;         /* the latest instant at which anything was told */
        unsigned version;          /* of the configuration, as far as written */
        uint64_t serial;           /* commits */
        bool dirty;
};

struct ledger_case *ledger_find(const struct ledger_part *part, const struct uuid *id); /* or NULL */
struct ledger_case *ledger_get(struct ledger_part *part, const struct uuid *id);        /* made when it is not there */
void ledger_put_row(struct ledger_part *part, const struct row *row);                   /* case or mark, or a tombstone; marks as dirty */
void ledger_copy(struct ledger_part *to, const struct ledger_part *from);              /* whole */
void ledger_take(struct ledger_part *to, struct ledger_part *from);                    /* what is dirty in either; both are clean then */
void ledger_done(struct ledger_part *part);
void case_copy(struct ledger_case *to, const struct ledger_case *from);
void case_close(struct ledger_case *c); /* forgotten: its facts are buried, nothing else is left */
void case_done(struct ledger_case *c);

/* -- Lines: what was written and what had to be -- */

struct line {
        const char *topic;
        struct uuid case_id;  /* zeros: of none */
        bool telling;         /* follows from an evaluation, with its row of state */
        char text[LINE_MAX_BYTES];
};

struct lines {
        VECTOR(struct line) v;
};

struct line *lines_add(struct lines *lines);
void lines_sort(struct lines *lines);
void describe(struct sim *s, const struct bus_record *record, bool exact, struct line *ret);
const char *short_id(const struct uuid *id, char ret[UUID_TEXT + 1]);

/* -- Workers -- */

enum call { CALL_NONE, CALL_POLL, CALL_RESTORE, CALL_ENDS, CALL_START, CALL_PRODUCE, CALL_COMMIT, CALL_ABORT, CALLS };
enum harm { /* what becomes of a call; in the order of harms[] in tap.c */
        HARM_NONE,
        HARM_DIES_BEFORE,  /* the process is gone before the call is done */
        HARM_DIES_AFTER,   /* the call is done, its answer never comes */
        HARM_ABORTED,      /* the broker takes the transaction back */
        HARM_LATE,         /* others move on while the call waits */
        HARM_STANDS_STILL, /* the same, for longer than session and transaction last */
        HARM_THROWN_OUT,   /* once it is done the group throws it out unheard, and others take what it has, before its answer comes */
        HARMS,
};

struct fault {
        enum call call;
        enum harm harm;
        unsigned after; /* calls of this kind that pass unharmed first */
};

enum belief { BELIEF_NONE, BELIEF_RIGHT, BELIEF_AWAY };

struct tap_part {
        bool owned, started;
        struct ledger_part view;   /* the truth, with what the open transaction adds */
        int64_t *ends;             /* by input: what has to be read before anything may be told */
        int64_t *asked;            /* as the worker was told them, and when */
        instant_t asked_at;
        int64_t *next;             /* by input: where it was to be read on at the last poll */
        bool *old;                 /* by input: it is read at a place of a log that was made anew since */
        unsigned jumps;            /* of the restore under way */
};

struct window { /* what happened since the last poll, commit or abort */
        bool open;
        const struct input *input; /* handed out */
        bool must_tell;            /* live, by all signs */
        struct lines lines;
        VECTOR(struct row) rows;
};

struct handle;

struct tap {
        struct bus_worker worker;  /* what the worker holds */
        struct bus_worker *inner;  /* of the memory bus */
        struct handle *h;
        char **inputs;
        size_t n_inputs;
        struct tap_part parts[PARTITIONS_MAX];
        struct window window;
        struct lines told;         /* of the open transaction, as verified */
        bool open;                 /* something was written or read since the last commit */
        bool written;              /* something was written */
        enum belief belief;        /* what the record of this turn says about the wall clock */
        int64_t passed;            /* offsets that were gone before they were read, as the worker was told */
        bool killed;               /* a fault ended it: its errors are no news */
        bool harmed;               /* one of its calls was spoiled */
        struct fault fault;
};

struct handle { /* a worker and its process */
        struct sim *s;
        bool used, frozen, stepping;
        bool once;                 /* --once: reads what there is, judges it at one instant and ends … */
        instant_t once_at;         /* … this one */
        unsigned slot, version;
        int64_t off;               /* wall clock less the broker's */
        struct worker *worker;
        struct tap *tap;
        struct bus bus;            /* opens the tap */
        unsigned number;
        char name[16];
        instant_t latest;          /* its wall clock has been there */
        bool live;                 /* all its partitions, by its own word, before this step */
        uint64_t checked;          /* commits and minutes at the last look whether all was told */
};

/* -- The world -- */

struct sim {
        uint64_t seed, dice;
        bool verbose;
        enum profile profile;
        struct rules *rules;
        struct config *config;     /* of the latest version in use: what is published with */
        unsigned version;
        int32_t partitions;
        struct term_step retention;/* count 0: nothing is forgotten in this history */
        bool once;                 /* some crashes are followed by a run with --once */
        bool moving;               /* inputs are made anew, and cut; members are thrown out unheard */
        struct memory *memory;
        int64_t elapsed;           /* ms since START_MS, of the broker's clock */
        int64_t steps;
        uint64_t trace;            /* a hash of everything that happened */
        struct arena *arena;       /* of this seed */
        struct buffer body;
        VECTOR(char *) topics;
        struct handle handles[HANDLES];
        unsigned births;
        unsigned nested;
        bool quiet;                /* no more harm: the end */

        struct table inputs;       /* "topic|partition|offset" to struct input */
        VECTOR(struct input *) published;
        unsigned contents;
        struct ledger_part truth[PARTITIONS_MAX];
        VECTOR(struct line) told;  /* everything that was committed to outputs and inboxes */
        uint64_t commits;
        struct counts {
                unsigned deaths, frozen, zombies, aborts, rebalances, harms[CALLS][HARMS], facts, refused, duplicates, tellings, leaps, jumps, compactions,
                        upgrades, refusals_of_version, settled, checksums, away, behind, forgotten, late, restored_closed, once,
                        renewed, cut, stale, backwards, forwards, passed;
        } counts;
        struct load *load;
        struct moves *moves;
};

instant_t sim_now(const struct sim *s); /* the broker's */
void sim_forward(struct sim *s, int64_t ms);
void sim_trace(struct sim *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
_Noreturn void sim_fail(struct sim *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
void *sim_keep(struct sim *s, const void *bytes, size_t n);
const char *sim_topic(const struct sim *s, const char *name); /* the same name, for the life of the seed */
void sim_check_memory_at(struct sim *s, const void *p, const char *file, int line);
#define sim_check_memory(s, p) sim_check_memory_at((s), (p), __FILE__, __LINE__)
void world_open(struct sim *s);
void world_close(struct sim *s);
void world_topics(struct sim *s);

static inline const struct naive_norm *sim_norms(const struct sim *s, unsigned version) {
        return s->rules->norms[version];
}

/* -- The load -- */

void load_open(struct sim *s);
void load_close(struct sim *s);
void load_publish(struct sim *s, unsigned n); /* about so many records, drawn */
void load_hurry(struct sim *s);               /* ends what a connector has open: the broker would not wait longer */
void load_wake(struct sim *s);                /* one good record for each partition */
void load_end_case(struct sim *s);            /* a case comes to an end: what comes about it now is late */
void load_repeat(struct sim *s);              /* an event of such a case, once more */
void load_late(struct sim *s, const struct uuid *case_id); /* an event of this case, now */
void load_again(struct sim *s, const struct input *input); /* this one, some time, if it is good */
const char *load_topic(struct sim *s);        /* of a type that is likely */
const struct input *load_find(struct sim *s, const char *topic, int32_t partition, int64_t offset);

/* -- Inputs that are not what was left in them -- */

void moves_open(struct sim *s);
void moves_close(struct sim *s);
void moves_renew(struct sim *s); /* an input is made anew, once the last that was has been found out; its sources publish again */
void moves_cut(struct sim *s);   /* records of an input go, most of them before anybody has read them */
unsigned moves_anew(const struct sim *s, const char *topic); /* how often it was made anew */
bool moves_full(const struct sim *s, const char *topic, int32_t partition); /* with one more it would be taken for the log that it was */
bool moves_found_out(const struct sim *s, const char *topic); /* nobody is at a place of an old one */
void moves_restoring(struct tap *tap, int32_t p);                /* what it was told before is of no more concern to it */
void moves_jumped(struct tap *tap, const struct bus_jump *jump); /* what a worker is told is right */
void moves_restored(struct tap *tap, int32_t p);                 /* … and all of it */
void moves_committed(const struct tap *tap);                     /* … and the group has it from it … */
void moves_check_counted(const struct tap *tap);                 /* … and it is counted */
/* That a record was gone before it was read; of what nobody had begun to read nobody has to be. */
bool moves_was_told(const struct sim *s, const struct input *input);

/* -- The fleet -- */

struct handle *fleet_start(struct sim *s, unsigned slot, unsigned version); /* NULL: no room */
void fleet_step(struct sim *s, struct handle *h);
bool fleet_once(struct sim *s, unsigned slot, unsigned version, instant_t at, const struct fault *fault); /* a run with --once to its end; false: no room */
void fleet_kill(struct sim *s, struct handle *h);
void fleet_stop(struct sim *s, struct handle *h);
void fleet_freeze(struct sim *s, struct handle *h);
void fleet_thaw(struct sim *s, struct handle *h);
struct handle *fleet_draw(struct sim *s); /* one that runs; NULL */
struct handle *fleet_of(struct sim *s, unsigned slot); /* the latest of this name that runs; NULL */
void fleet_others(struct sim *s, struct handle *but, unsigned steps); /* while one waits */
void fleet_check_state(struct sim *s, struct handle *h); /* its store against the ledger */
instant_t handle_wall(const struct handle *h);
instant_t handle_decides(const struct handle *h); /* what it takes for the present: its wall clock, or the instant of its --once */
const char *handle_name(const struct handle *h); /* a3: the third worker, under the name a */

/* -- The tap -- */

int tap_open(struct bus *b, const struct bus_worker_config *config, struct bus_worker **ret, struct error *err);
void tap_free(struct tap *tap);
bool tap_may_tell(const struct tap *tap, int32_t partition);
const char *tap_unread(const struct tap *tap, int32_t partition); /* an input that has to be read before; or "nothing" */
extern const char *const call_names[CALLS];
extern const char *const harm_names[HARMS];

/* -- Windows -- */

void window_begin(struct tap *tap, const struct input *input, bool must_tell);
void window_wrote(struct tap *tap, const struct bus_record *record);
void window_end(struct tap *tap); /* compares, and makes the view what it then is */
void window_drop(struct tap *tap);
void window_restored(struct tap *tap, int32_t partition); /* its clock begins where its rows say */
void window_looked(struct tap *tap);  /* a step is over, in which its cases may have been evaluated */
void window_settled(struct tap *tap); /* nothing may be left to tell */

/* -- Models: what an evaluation has to tell -- */

/* What becomes of an input in a case. Return: REFUSAL_NONE; why it is refused. */
enum refusal model_accept(struct sim *s, const struct ledger_case *c, const struct input *input, instant_t wall, bool *ret_duplicate);

/* What the source of a record that is taken is told, because it has no effect that it could expect; REFUSAL_NONE: nothing. */
enum refusal model_remark(struct sim *s, const struct ledger_case *c, const struct input *input, bool duplicate);

/* What may have become of a record: told about with its acceptance, remembered in silence, or in silence and judged right after. */
enum course { COURSE_TOLD, COURSE_SILENT, COURSE_JUDGED, COURSES };

/*
 * Adds to @expected what has to be written of @c at @now, with its rows of state, and changes c->told to match.
 * @fresh: is accepted with it, and stands last among the facts already; NULL: an evaluation and nothing else.
 */
void model_evaluate(struct sim *s, struct ledger_case *c, const struct input *fresh, enum course course, instant_t now, unsigned version,
                    struct lines *expected);
void naive_evaluate(struct sim *s, struct ledger_case *c, instant_t now, unsigned version, struct lines *expected);
/* @forgets: the case is forgotten if it may be; else it is kept. */
void scratch_evaluate(struct sim *s, const struct ledger_case *c, const struct input *fresh, enum course course, bool forgets, instant_t now,
                      unsigned version, struct lines *expected);
/* The latest instant at which anything was told, as the rows of a partition say; those of copies left out. */
instant_t rows_told_at(struct sim *s, const struct ledger_part *part);

/* -- Forgetting -- */

/* The types whose facts something else ends, by which field, and what does. */
struct ending {
        const char *started, *link, *ended;
};
extern const struct ending endings[];
extern const size_t n_endings;

/* Whether everything in a case that can end has ended; whether an obligation is running or overdue; from when on it may go. */
bool naive_has_ended(const struct ledger_case *c, instant_t now);
bool naive_is_asked(struct sim *s, const struct ledger_case *c, instant_t now, unsigned version);
instant_t naive_kept_until(const struct ledger_case *c, struct term_step retention);
/* Adds to @expected what is written of a case of the four deadlines that is forgotten at @now. */
void naive_forget(struct sim *s, struct ledger_case *c, const struct input *fresh, instant_t now, unsigned version, struct lines *expected);

/* Whether an engine from scratch forgets the case. */
bool scratch_forgets(struct sim *s, const struct ledger_case *c, instant_t now, unsigned version);

/* Why a case is not to be forgotten at @now, whatever it waits for; NULL: it is. */
const char *forget_not(struct sim *s, const struct ledger_case *c, instant_t now, unsigned version);
/* As model_evaluate(), of a case that is forgotten with it; fails when it may not be. */
void model_forget(struct sim *s, struct ledger_case *c, const struct input *fresh, instant_t now, unsigned version, struct lines *expected);

/* A fact was accepted at @now. @told: and told about with it, for certain. */
void wait_begin(struct wait *wait, instant_t now, bool told);
/* It may have been evaluated at @now; it has been. */
void wait_looked(struct wait *wait, instant_t now);
void wait_settled(struct wait *wait, instant_t now);

/* A date as the naive model finds it: by walking over days. */
day_t naive_date_of(instant_t at);
instant_t naive_begin(day_t date);
day_t naive_working_days(day_t from, int n);
day_t naive_months(day_t from, int n);
void naive_format(day_t date, char ret[DATE_BYTES]);

/* -- The end -- */

void verdict(struct sim *s);

/* -- One seed -- */

/* From beginning to end; a difference ends the process. Return: the hash of everything that happened. */
uint64_t run_seed(uint64_t seed, struct rules rules[PROFILES], bool verbose, struct counts *sum);
