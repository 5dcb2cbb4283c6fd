/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht topics`: which topics and rights there have to be, and making them. */

#include "cli/topics.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "cli/registry.h"
#include "cli/progress.h"
#include "cluster/topics_plan.h"

struct topics_command {
        const char *name; /* of the command that does it */
        struct command_dirs dirs;
        const char *bootstrap;
        bool apply, differs; /* differs: the broker or the registry is not as it should be */
        struct command_broker broker;
        struct config *config;
        struct arena *arena;
        struct topics wanted;
        struct admin *admin;
        struct topics_plan plan;
        struct progress progress;
};

static int topics_arguments(int argc, char **argv, struct topics_command *c) {
        const char *arguments[OPTION_ARGUMENTS_MAX];
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &c->dirs.config),
                OPTION_TEXT_ROW("--schemas", &c->dirs.schemas),
                OPTION_TEXT_ROW("--bootstrap", &c->bootstrap),
                OPTION_END_ROW,
        };
        struct nearest nearest;
        char hint[NEAREST_HINT_MAX];
        int n, status = options_read(argc, argv, rows, arguments, &n);

        if (status)
                return status;
        if (n != 1)
                return command_usage("topics", "say plan or apply");
        nearest = (struct nearest)NEAREST_INIT(arguments[0]);
        nearest_try(&nearest, "plan");
        nearest_try(&nearest, "apply");
        if (strcmp(arguments[0], "plan") != 0 && strcmp(arguments[0], "apply") != 0)
                return command_usage("topics", "no '%s' of topics%s; say plan or apply", arguments[0], nearest_hint(&nearest, hint));
        c->apply = strcmp(arguments[0], "apply") == 0;
        return 0;
}

static void topics_print_step(const struct topics_step *step) {
        struct buffer out = BUFFER_INIT(BUS_RECORD_MAX);

        topics_step_print(step, &out);
        puts(buffer_text(&out));
        buffer_done(&out);
}

/* librdkafka cannot make these, so they are said. */
static void topics_print_note(const struct topics_command *c) {
        const struct broker_acls *acls = &c->broker.config.acls;

        const struct {
                const char *principal, *ids;
        } notes[] = {
                {acls->worker, TOPICS_GROUP_RULES}, {acls->admission, TOPICS_GROUP_CONNECT}, {acls->operators, TOPICS_IDS},
        }; /* other connectors have no transactions */

        for (size_t i = 0; acls->wanted && i < ELEMENTS(notes); i++) {
                if (notes[i].principal)
                        printf("note: rights on transactional ids are made with the tools of the cluster: %s needs ALL on those that begin with %s%s\n",
                               notes[i].principal, c->broker.config.prefix, notes[i].ids);
        }
}

/* Return: 0, or the exit status after the sentence. */
static int topics_do_step(struct topics_command *c, const struct topics_step *step) {
        struct error err = {0};
        int r;

        topics_print_step(step);
        if (!c->apply || step->kind == TOPICS_REFUSE)
                return 0;
        if (progress_due(&c->progress))
                progress_say(&c->progress, "topics", "%zu of %zu made or changed", (size_t)(step - c->plan.steps), c->plan.n);
        r = topics_apply(c->admin, step, &err);
        if (r == 0 || r == ADMIN_E_EXISTS) /* made by another in the meantime */
                return 0;
        progress_clear(&c->progress);
        return command_fail("topics", EXIT_BROKER, &err);
}

static int topics_make_plan(struct topics_command *c, struct error *err) {
        int r = admin_new(&c->broker.kafka, &c->admin, err);

        return r ? r : topics_look(c->admin, &c->wanted, c->arena, &c->plan, err);
}

static int topics_do(struct topics_command *c) {
        struct error err = {0};
        size_t subjects;
        int r = topics_make_plan(c, &err);

        if (r == ADMIN_E_UNSUPPORTED) {
                puts("this is the embedded broker: it has made its topics itself and keeps no rights; nothing to do");
                return EXIT_DONE;
        }
        if (r)
                return command_fail(c->name, r == -EINVAL ? EXIT_USAGE : EXIT_BROKER, &err);
        for (size_t i = 0; i < c->plan.n; i++) {
                int status = topics_do_step(c, &c->plan.steps[i]);

                if (status)
                        return status;
        }
        progress_clear(&c->progress);
        r = command_registry_subjects(&c->broker, c->config->types, c->apply, &subjects);
        if (r)
                return r;
        c->differs = c->plan.n > 0 || subjects > 0;
        topics_print_note(c);
        printf("%zu topics and %zu rights wanted, %zu %s, %zu refused\n", c->wanted.n, c->wanted.acls_n, c->plan.n - c->plan.refused,
               c->apply ? "made or changed" : "to make or change", c->plan.refused);
        return c->plan.refused ? EXIT_NO : EXIT_DONE;
}

static int topics_prepare(struct topics_command *c) {
        struct error err = {0};
        int r, status = command_broker_read(c->name, c->dirs.config, c->bootstrap, NULL, &c->broker);

        if (status)
                return status;
        status = command_configuration(c->name, &c->dirs, &c->config);
        if (status)
                return status;
        error_set(&err, "out of memory");
        r = arena_new(&c->arena, TOPICS_BYTES_MAX);
        if (r == 0)
                r = topics_of_config(c->config, &c->broker.config, c->arena, &c->wanted, &err);
        return r ? command_fail(c->name, EXIT_USAGE, &err) : command_registry_open(&c->broker, c->config->types, NULL);
}

static void topics_done(struct topics_command *c) {
        admin_free(c->admin);
        arena_free(c->arena);
        config_free(c->config);
        command_broker_done(&c->broker);
}

int topics_compare(const struct command_dirs *dirs, const char *bootstrap) {
        struct topics_command c = {.name = "check", .dirs = *dirs, .bootstrap = bootstrap};
        int status = topics_prepare(&c);

        if (status == 0)
                status = topics_do(&c);
        if (status == EXIT_DONE && c.differs)
                status = EXIT_NO;
        topics_done(&c);
        return status;
}

static int topics_plan_or_apply(struct topics_command *c, int argc, char **argv) {
        int status = topics_arguments(argc, argv, c);

        if (status)
                return status;
        status = topics_prepare(c);
        return status ? status : topics_do(c);
}

static int topics_run(int argc, char **argv) {
        struct topics_command c = {.name = "topics", .dirs = command_dirs(), .progress = progress_begin()};
        int status;

        if (isatty(STDOUT_FILENO) == 1)
                c.progress.out = NULL; /* a line for each step says how far it is */
        status = topics_plan_or_apply(&c, argc, argv);
        topics_done(&c);
        return status;
}

const struct command command_topics = {
        .name = "topics",
        .summary = "show or make the topics, their settings and rights",
        .help = "Usage: ketenwacht topics plan|apply [--config DIR] [--schemas DIR] [--bootstrap HOST:PORT,…]\n\n"
                "plan   compares what the configuration asks for with what stands on the broker: one line per difference\n"
                "apply  makes it so. A second time it changes nothing.\n\n"
                "Topics follow from the event types in the schemas and from the organisations; their figures, and who gets which\n"
                "rights, stand in broker.yaml. Nothing is ever deleted, and a number of partitions is never changed: the\n"
                "partition of a case hangs on it. Such a difference is refused.\n\n"
                "With registry: in broker.yaml also the schemas there: what is not registered, or not at the level FULL_TRANSITIVE.\n\n"
                "  --config DIR      configuration (else KETENWACHT_CONFIG, else config)\n"
                "  --schemas DIR     schemas (else KETENWACHT_SCHEMAS, else schemas)\n"
                "  --bootstrap LIST  where the broker is (else KETENWACHT_BOOTSTRAP, else broker.yaml)\n\n"
                "Exit status: 0 done, 1 something is refused, 2 wrong usage or configuration, 3 the broker failed.\n",
        .run = topics_run,
};
