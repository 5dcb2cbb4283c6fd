/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The world of one seed: configurations, the broker and its clock, topics; chance, tracing and failing
 *
 * Of each profile there are three versions of the configuration. Version 2 has other rules than versions 1
 * and 3: other terms, reminders and a second rung for the four deadlines; one protocol less of the bundled ones.
 */

#include "simulation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "bus/murmur2.h"

#define PATH 512
#define SEED_MEMORY ((size_t)256 << 20)
#define TRACE_PRIME 0x100000001b3u

/* -- Files -- */

static const char *join(char ret[PATH], const char *folder, const char *name) {
        int n = snprintf(ret, PATH, "%s/%s", folder, name);

        if (n >= PATH) {
                fprintf(stderr, "simulation: the path %s/%s is too long\n", folder, name);
                exit(2);
        }
        return ret;
}

static void need(bool done, const char *what, const char *where) {
        if (done)
                return;
        fprintf(stderr, "simulation: cannot %s %s\n", what, where);
        exit(2);
}

static void write_file(const char *path, const char *text, size_t n) {
        FILE *f = fopen(path, "w");

        need(f && fwrite(text, 1, n, f) == n && fclose(f) == 0, "write", path);
}

/* @text with every @from replaced by @to. */
static void write_replaced(const char *path, const char *text, const char *const (*pairs)[2], size_t n_pairs) {
        struct buffer out = BUFFER_INIT((size_t)1 << 22);

        while (*text) {
                size_t i = 0;

                while (i < n_pairs && strncmp(text, pairs[i][0], strlen(pairs[i][0])) != 0)
                        i++;
                if (i < n_pairs) {
                        buffer_add_text(&out, pairs[i][1]);
                        text += strlen(pairs[i][0]);
                } else {
                        buffer_add_byte(&out, (uint8_t)*text++);
                }
        }
        write_file(path, (const char *)out.bytes, out.n);
        buffer_done(&out);
}

/* The .yaml files of a folder, without one, with replacements, into another. */
static void copy_folder(const char *from, const char *to, const char *without, const char *const (*pairs)[2], size_t n_pairs) {
        char path[PATH], **names;
        struct error err;
        size_t n;

        need(mkdir(to, 0700) == 0, "make", to);
        need(folder_names(from, ".yaml", &names, &n, &err) == 0, "read", from);
        for (size_t i = 0; i < n; i++) {
                char *text;
                size_t bytes;

                if (without && strncmp(names[i], without, strlen(without)) == 0)
                        continue;
                need(file_read(join(path, from, names[i]), &text, &bytes, &err) == 0, "read", path);
                write_replaced(join(path, to, names[i]), text, pairs, n_pairs);
                free(text);
        }
        folder_names_free(names);
}

static void remove_folder(const char *folder) {
        char path[PATH], **names;
        struct error err;
        size_t n;

        need(folder_names(folder, "", &names, &n, &err) == 0, "read", folder);
        for (size_t i = 0; i < n; i++) {
                if (names[i][0] != '.' && unlink(join(path, folder, names[i])) != 0)
                        remove_folder(path);
        }
        folder_names_free(names);
        (void) rmdir(folder); /* of a folder under /tmp that is of no more use */
}

/* -- Configurations -- */

static struct config *read_config(const char *folder, const char *root) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct config *config = NULL;
        char schemas[PATH];

        if (config_read(folder, join(schemas, root, "schemas"), &config, &mistakes)) {
                fprintf(stderr, "simulation: %s cannot be read:\n%s", folder, buffer_text(&mistakes.text));
                exit(2);
        }
        mistakes_done(&mistakes);
        return config;
}

/*
 * The same configuration, changed, in a folder of its own for as long as it takes to read it. Every region that says when it begins to live does so without
 * an event: then something is told of it that no record brought about.
 */
static struct config *read_changed(const char *folder, const char *root, const char *without, const char *const (*pairs)[2], size_t n_pairs) {
        static const char *const alive[][2] = {{"alive: false", "alive: true"}};
        char scratch[] = "/tmp/ketenwacht-simulation-XXXXXX", to[PATH], from[PATH], protocols[PATH];
        struct config *config;

        need(mkdtemp(scratch) != NULL, "make", scratch);
        copy_folder(folder, join(to, scratch, "config"), NULL, alive, ELEMENTS(alive));
        copy_folder(join(from, folder, "protocols"), join(protocols, to, "protocols"), without, pairs, n_pairs);
        config = read_config(to, root);
        remove_folder(scratch);
        return config;
}

static const struct naive_norm plain_norms[NAIVE_NORMS] = {
        {.name = "protector-assigned", .from = "informed_date", .working_days = 5},
        {.name = "first-contact", .from = "informed_date", .working_days = 5},
        {.name = "course-set", .from = "informed_date", .weeks = 6},
        {.name = "help-started", .from = "verdict_date", .months = 3},
};
/* What version 2 says instead, and how the model knows it. */
static const char *const changes[][2] = {
        {"term: 5 working days", "term: 7 working days"},
        {"term: 6 weeks", "term: 5 weeks"},
        {"announce: [gi]\n", "announce: [gi]\n    remind:\n      - {before: 3 days, to: [gi]}\n"},
        {"      - {after: 0 days, to: [municipality]}\n", "      - {after: 0 days, to: [municipality]}\n      - {after: 10 days, to: [gi]}\n"},
        {"assumed: [announce, escalate]", "assumed: [announce, remind, escalate]"},
        {"assumed: [starts, announce, escalate]", "assumed: [starts, announce, remind, escalate]"},
};
static const struct naive_norm changed_norms[NAIVE_NORMS] = {
        {.name = "protector-assigned", .from = "informed_date", .working_days = 7, .reminder_days = 3, .second_rung_days = 10},
        {.name = "first-contact", .from = "informed_date", .working_days = 7, .reminder_days = 3, .second_rung_days = 10},
        {.name = "course-set", .from = "informed_date", .weeks = 5, .reminder_days = 3, .second_rung_days = 10},
        {.name = "help-started", .from = "verdict_date", .months = 3, .reminder_days = 3, .second_rung_days = 10},
};

int rules_read(const char *root, struct rules ret[PROFILES]) {
        char folder[PATH];

        join(folder, root, "tests/bench/four-deadlines");
        ret[PROFILE_DEADLINES].read[0] = read_config(folder, root);
        ret[PROFILE_DEADLINES].read[1] = read_changed(folder, root, NULL, changes, ELEMENTS(changes));
        join(folder, root, "config");
        ret[PROFILE_BUNDLED].read[0] = read_changed(folder, root, NULL, NULL, 0);
        ret[PROFILE_BUNDLED].read[1] = read_changed(folder, root, "inspectie-normen-2020", NULL, 0);
        for (unsigned p = 0; p < PROFILES; p++) {
                if (row_codec_new(&ret[p].codec))
                        return -ENOMEM;
                for (unsigned version = 1; version <= VERSIONS; version++) {
                        bool changed = version == 2;

                        ret[p].versions[version] = *ret[p].read[changed];
                        ret[p].versions[version].version = version;
                        memcpy(ret[p].norms[version], changed ? changed_norms : plain_norms, sizeof(plain_norms));
                        if (engine_new(&ret[p].versions[version], &ret[p].engines[version]))
                                return -ENOMEM;
                }
        }
        return 0;
}

void rules_done(struct rules rules[PROFILES]) {
        for (unsigned p = 0; p < PROFILES; p++) {
                for (unsigned version = 1; version <= VERSIONS; version++)
                        engine_free(rules[p].engines[version]);
                config_free(rules[p].read[0]);
                config_free(rules[p].read[1]);
                row_codec_free(rules[p].codec);
        }
}

/* -- Chance -- */

uint64_t draw(struct sim *s, uint64_t below) {
        return chance_next(&s->dice) % below;
}

bool chance(struct sim *s, unsigned percent) {
        return draw(s, 100) < percent;
}

int64_t draw_between(struct sim *s, int64_t least, int64_t most) {
        return least + (int64_t)draw(s, (uint64_t)(most - least) + 1);
}

/* -- Clocks -- */

instant_t sim_now(const struct sim *s) {
        return START_MS + s->elapsed;
}

void sim_forward(struct sim *s, int64_t ms) {
        if (ms >= BUS_TRANSACTION_MS / 2)
                load_hurry(s);
        s->elapsed += ms;
}

static instant_t broker_now(void *ctx) {
        return sim_now(ctx);
}

static int64_t broker_monotonic(void *ctx) {
        return ((const struct sim *)ctx)->elapsed;
}

/* -- What is said of it -- */

void sim_trace(struct sim *s, const char *fmt, ...) {
        char text[2 * LINE_MAX_BYTES], at[INSTANT_TEXT + 1];
        va_list args;

        va_start(args, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, args);
        va_end(args);
        for (const char *p = text; *p; p++)
                s->trace = (s->trace ^ (uint8_t)*p) * TRACE_PRIME;
        s->trace ^= (uint64_t)s->elapsed * TRACE_PRIME;
        if (!s->verbose)
                return;
        instant_format_exact(sim_now(s), at);
        printf("%6" PRId64 " %-29s %s\n", s->steps, at, text);
}

void sim_fail(struct sim *s, const char *fmt, ...) {
        char at[INSTANT_TEXT + 1];
        va_list args;

        fflush(stdout);
        instant_format_exact(sim_now(s), at);
        fprintf(stderr, "seed %" PRIu64 " failed at step %" PRId64 ", %s, after %" PRIu64 " commits:\n", s->seed, s->steps, at, s->commits);
        va_start(args, fmt);
        (void) vfprintf(stderr, fmt, args);
        va_end(args);
        fprintf(stderr, "\nto see it again: simulation --seed %" PRIu64 " --verbose\n", s->seed);
        fflush(stderr);
        _exit(1);
}

void sim_check_memory_at(struct sim *s, const void *p, const char *file, int line) {
        if (!p)
                sim_fail(s, "%s:%d: the simulator is out of memory", file, line);
}

void *sim_keep(struct sim *s, const void *bytes, size_t n) {
        void *p = arena_copy(s->arena, bytes, n);

        sim_check_memory(s, p);
        return p;
}

/* -- Topics -- */

const char *sim_topic(const struct sim *s, const char *name) {
        for (size_t i = 0; i < s->topics.n; i++) {
                if (strcmp(s->topics.items[i], name) == 0)
                        return s->topics.items[i];
        }
        return NULL;
}

static void add_topic(struct sim *s, const char *name, int32_t partitions) {
        int r = memory_topic(s->memory, name, partitions);

        if (r == -EEXIST)
                return;
        if (r || vector_push(&s->topics, sim_keep(s, name, strlen(name))))
                sim_check_memory(s, NULL);
}

void world_topics(struct sim *s) {
        char inbox[BUS_NAME_MAX + 1];

        for (size_t i = 0; i < event_types_count(s->config->types); i++) {
                const struct event_type *type = event_types_at(s->config->types, i);

                if (type->known != TYPE_EVENT_REFUSED)
                        add_topic(s, type->name, s->partitions);
        }
        add_topic(s, TOPIC_CASE_STATE, s->partitions);
        add_topic(s, TOPIC_DEAD_LETTERS, 1);
        for (size_t i = 0; i < organisations_count(s->config->organisations); i++) {
                (void) snprintf(inbox, sizeof(inbox), TOPIC_INBOX_PREFIX "%s", organisations_at(s->config->organisations, i)->id);
                add_topic(s, inbox, 1);
        }
}

/* The cases that are there without a record. */
static void open_regions(struct sim *s) {
        char key[UUID_TEXT + 1];

        for (size_t i = 0; i < regions_count(s->config->organisations); i++) {
                const struct region *region = regions_at(s->config->organisations, i);

                uuid_format(&region->case_id, key);
                if (region->alive)
                        (void) ledger_get(&s->truth[murmur2_partition(key, UUID_TEXT, s->partitions)], &region->case_id);
        }
}

void world_open(struct sim *s) {
        static const struct clock_ops ops = {broker_now, broker_monotonic};

        if (arena_new(&s->arena, SEED_MEMORY) || memory_new((struct clock){&ops, s}, &s->memory))
                sim_check_memory(s, NULL);
        s->body.max = (size_t)1 << 20;
        world_topics(s);
        open_regions(s);
        moves_open(s);
        load_open(s);
}

void world_close(struct sim *s) {
        load_close(s);
        moves_close(s);
        memory_free(s->memory);
        for (int32_t p = 0; p < PARTITIONS_MAX; p++)
                ledger_done(&s->truth[p]);
        vector_done(&s->topics);
        vector_done(&s->told);
        vector_done(&s->published);
        table_done(&s->inputs);
        buffer_done(&s->body);
        arena_free(s->arena);
}
