/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The command: which seeds, in how many processes, for how long
 *
 * Seeds run in processes of their own, so that one that fails, by a difference or by a crash, ends nothing
 * but itself: the next goes on. A single seed (--seed) runs in this process, for a debugger.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulation.h"

#define JOBS_MAX 64
#define FAILED_MAX 10      /* seeds that fail, then it is enough */
#define PROGRESS_MS 10000
#define SEEDS_DEFAULT 200
#define REPEATED_EVERY 25  /* so many seeds one is run twice */
#define SEEDS_TELLING 200  /* so many must have met every fault at least once */

struct options {
        int64_t seeds, first, minutes, jobs;
        bool one, verbose;
        const char *root;
};

struct job { /* shared with its process */
        _Atomic uint64_t seed; /* at which it is */
        _Atomic uint64_t done;
        struct counts counts;
};

static const char help[] =
        "Usage: simulation [--seeds N] [--first N] [--seed N] [--minutes M] [--jobs N] [--verbose] [--root DIR]\n\n"
        "Runs workers on a bus in memory, spoils what can be spoiled, and compares every step with a naive model.\n\n"
        "  --seeds N    so many seeds (default: KETENWACHT_SEEDS, else 200)\n"
        "  --first N    beginning with this one (default 1)\n"
        "  --seed N     this seed alone\n"
        "  --minutes M  as many seeds as M minutes allow, with progress\n"
        "  --jobs N     processes (default 1)\n"
        "  --verbose    say everything that happens\n"
        "  --root DIR   of the project (default: PROJECT_ROOT, else the present folder)\n\n"
        "Exit status: 0 no seed failed, 1 one did, 2 wrong usage.\n";

static bool number(const char *text, int64_t *ret) {
        return text && text_to_int64(text_of(text), ret) && *ret >= 0;
}

static bool read_options(int argc, char **argv, struct options *o) {
        for (int i = 1; i < argc; i++) {
                const char *value = argv[i + 1];
                const struct {
                        const char *name;
                        int64_t *number;
                } rows[] = {{"--seeds", &o->seeds}, {"--first", &o->first}, {"--seed", &o->first}, {"--minutes", &o->minutes}, {"--jobs", &o->jobs}};
                size_t k = 0;

                if (strcmp(argv[i], "--verbose") == 0) {
                        o->verbose = true;
                        continue;
                }
                while (k < ELEMENTS(rows) && strcmp(argv[i], rows[k].name) != 0)
                        k++;
                if (strcmp(argv[i], "--root") == 0 && value)
                        o->root = value;
                else if (k == ELEMENTS(rows) || !number(value, rows[k].number))
                        return false;
                o->one |= strcmp(argv[i], "--seed") == 0;
                i++;
        }
        return o->jobs >= 1 && o->jobs <= JOBS_MAX;
}

/* -- One process -- */

struct shift { /* what one process does */
        const struct options *options;
        struct rules *rules;
        struct job *jobs;
        unsigned place;
        int64_t begin; /* monotonic */
};

static int64_t monotonic(void) {
        struct clock clock = clock_system();

        return clock_monotonic(&clock);
}

static void say_progress(const struct shift *shift, int64_t *said) {
        int64_t now = monotonic();
        uint64_t done = 0;

        if (shift->place != 0 || now - *said < PROGRESS_MS)
                return;
        *said = now;
        for (int64_t i = 0; i < shift->options->jobs; i++)
                done += atomic_load(&shift->jobs[i].done);
        printf("%" PRIu64 " seeds in %" PRId64 " s\n", done, (now - shift->begin) / 1000);
        fflush(stdout);
}

/* Once more: the same seed is the same history, to the last byte. */
static void repeat(const struct shift *shift, uint64_t seed, uint64_t trace) {
        struct counts again = {0};

        if (run_seed(seed, shift->rules, false, &again) == trace)
                return;
        fprintf(stderr, "seed %" PRIu64 " has two histories: something that decides does not follow from the seed\n", seed);
        exit(1);
}

/* Each seed that falls to this place, from the one at which it is. */
static void work(const struct shift *shift) {
        const struct options *o = shift->options;
        struct job *job = &shift->jobs[shift->place];
        int64_t said = monotonic();

        for (;; atomic_fetch_add(&job->seed, (uint64_t)o->jobs)) {
                uint64_t seed = atomic_load(&job->seed), trace;

                if (o->minutes ? monotonic() - shift->begin >= o->minutes * MINUTE_MS : seed >= (uint64_t)(o->first + o->seeds))
                        return;
                trace = run_seed(seed, shift->rules, o->verbose, &job->counts);
                if (seed % REPEATED_EVERY == 0)
                        repeat(shift, seed, trace);
                atomic_fetch_add(&job->done, 1);
                say_progress(shift, &said);
        }
}

static pid_t spawn(const struct shift *shift) {
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                work(shift);
                rules_done(shift->rules);
                exit(0);
        }
        return pid;
}

/* -- All of them -- */

static const struct {
        const char *what;
        size_t at;
} count_rows[] = {
#define COUNT(field, text) {text, offsetof(struct counts, field)}
        COUNT(facts, "records published"),      COUNT(tellings, "records told"),     COUNT(deaths, "workers dead"),
        COUNT(frozen, "stood still"),           COUNT(zombies, "fenced"),            COUNT(aborts, "transactions aborted"),
        COUNT(rebalances, "assignments"),       COUNT(leaps, "leaps of time"),       COUNT(jumps, "jumps of a clock"),
        COUNT(away, "clocks found away"),       COUNT(behind, "records found old"),  COUNT(compactions, "compactions"),
        COUNT(upgrades, "upgrades"),            COUNT(refusals_of_version, "older versions refused"),
        COUNT(settled, "looks at rest"),        COUNT(checksums, "stores compared"), COUNT(forgotten, "cases forgotten"),
        COUNT(late, "facts of them too late"),  COUNT(restored_closed, "restored as forgotten"), COUNT(once, "runs with --once"),
        COUNT(stale, "commits of stale work"), COUNT(renewed, "inputs made anew"),    COUNT(cut, "inputs cut"),         COUNT(backwards, "jumps back"),
        COUNT(forwards, "jumps forward"),     COUNT(passed, "records gone before they were read"),
#undef COUNT
};

/* Says what has happened. Return: whether all of it did. */
static bool say_counts(const struct counts *sum) {
        bool all = true;

        for (size_t i = 0; i < ELEMENTS(count_rows); i++) {
                unsigned n;

                memcpy(&n, (const char *)sum + count_rows[i].at, sizeof(n));
                printf("%s%u %s", i ? ", " : "", n, count_rows[i].what);
                all &= n > 0;
        }
        printf("\n");
        for (unsigned c = 1; c < CALLS; c++) {
                for (unsigned h = 1; h < HARMS; h++) {
                        if (sum->harms[c][h])
                                printf("%s %s: %u; ", harm_names[h], call_names[c], sum->harms[c][h]);
                }
        }
        printf("\n");
        return all;
}

static void add_counts(struct counts *sum, const struct counts *more) {
        unsigned *to = (unsigned *)sum;
        const unsigned *from = (const unsigned *)more;

        for (size_t i = 0; i < sizeof(*sum) / sizeof(unsigned); i++)
                to[i] += from[i];
}

/* Waits for all processes; a seed that fails is noted, and its process begins again behind it. */
static unsigned watch(struct shift *shift, pid_t *pids) {
        const struct options *o = shift->options;
        unsigned failed = 0;
        int status;
        pid_t pid;

        while ((pid = wait(&status)) > 0) {
                unsigned place = 0;

                while (place < o->jobs && pids[place] != pid)
                        place++;
                if (place == o->jobs || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
                        continue;
                fprintf(stderr, "FAILED: seed %" PRIu64 "%s\n", atomic_load(&shift->jobs[place].seed), WIFSIGNALED(status) ? ", by a signal" : "");
                if (++failed >= FAILED_MAX)
                        break;
                atomic_fetch_add(&shift->jobs[place].seed, (uint64_t)o->jobs);
                shift->place = place;
                pids[place] = spawn(shift);
        }
        for (unsigned i = 0; i < o->jobs && failed >= FAILED_MAX; i++)
                atomic_store(&shift->jobs[i].seed, UINT64_MAX / 2); /* they stop with the seed that they are at */
        while (wait(&status) > 0) {
        }
        return failed;
}

static int run_all(const struct options *o, struct rules *rules) {
        struct job *jobs = mmap(NULL, sizeof(*jobs) * JOBS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        struct shift shift = {.options = o, .rules = rules, .jobs = jobs, .begin = monotonic()};
        struct counts sum = {0};
        pid_t pids[JOBS_MAX];
        uint64_t done = 0;
        unsigned failed;
        bool all;

        if (jobs == MAP_FAILED)
                return 2;
        for (unsigned i = 0; i < o->jobs; i++) {
                shift.place = i;
                atomic_store(&jobs[i].seed, (uint64_t)o->first + i);
                pids[i] = spawn(&shift);
        }
        failed = watch(&shift, pids);
        for (unsigned i = 0; i < o->jobs; i++) {
                done += atomic_load(&jobs[i].done);
                add_counts(&sum, &jobs[i].counts);
        }
        all = say_counts(&sum);
        printf("%" PRIu64 " seeds passed, %u failed, %" PRId64 " s\n", done, failed, (monotonic() - shift.begin) / 1000);
        munmap(jobs, sizeof(*jobs) * JOBS_MAX);
        if (failed == 0 && done >= SEEDS_TELLING && !all) {
                fprintf(stderr, "simulation: something above never happened, so nothing is proved about it\n");
                return 1;
        }
        return failed ? 1 : 0;
}

int main(int argc, char **argv) {
        struct options o = {.seeds = SEEDS_DEFAULT, .first = 1, .jobs = 1, .root = getenv("PROJECT_ROOT")};
        struct rules rules[PROFILES] = {0};
        const char *seeds = getenv("KETENWACHT_SEEDS");
        struct counts counts = {0};
        int status = 0;

        if (argc == 2 && strcmp(argv[1], "--help") == 0) {
                fputs(help, stdout);
                return 0;
        }
        if ((seeds && *seeds && !number(seeds, &o.seeds)) || !read_options(argc, argv, &o)) {
                fprintf(stderr, "simulation: wrong usage; see simulation --help\n");
                return 2;
        }
        if (rules_read(o.root ? o.root : ".", rules)) {
                fprintf(stderr, "simulation: out of memory\n");
                return 2;
        }
        if (o.one)
                (void) run_seed((uint64_t)o.first, rules, o.verbose, &counts); /* its hash stands in what it says */
        else
                status = run_all(&o, rules);
        rules_done(rules);
        return status;
}
