/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht mock`: the embedded broker alone, for a try-out. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/loop.h"
#include "bus/mock.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "cluster/topics.h"

#define LINE_MAX_BYTES 4096
#define LOOK_MS 60000

static int mock_start(const struct topics *wanted, struct arena *arena, struct mock **ret, struct error *err) {
        struct mock_topic *topics = arena_calloc(arena, wanted->n + 1, sizeof(*topics));

        if (!topics) {
                error_set(err, "out of memory");
                return -ENOMEM;
        }
        for (size_t i = 0; i < wanted->n; i++)
                topics[i] = (struct mock_topic){wanted->items[i].topic, wanted->items[i].partitions};
        return mock_new(1, topics, wanted->n, ret, err);
}

static void mock_print_address(const struct mock *mock, size_t topics) {
        struct buffer out = BUFFER_INIT(LINE_MAX_BYTES);
        struct json_writer w = JSON_WRITER(&out);

        jsonw_open_object(&w);
        jsonw_put_string(&w, "bootstrap", mock_bootstrap(mock));
        jsonw_put_int(&w, "topics", (int64_t)topics);
        jsonw_close_object(&w);
        puts(buffer_text(&out));
        fflush(stdout); /* another program waits for it */
        buffer_done(&out);
}

/* Until a signal asks for the end. The cluster's threads inherit the mask, so this one gets it. */
static int mock_serve(const struct topics *wanted, struct arena *arena) {
        struct mock *mock = NULL;
        struct error err = {0};
        struct stop stop;

        stop_hold(&stop);
        if (mock_start(wanted, arena, &mock, &err))
                return command_fail("mock", EXIT_BROKER, &err);
        mock_print_address(mock, wanted->n);
        while (!stop_wait(&stop, LOOK_MS))
                ;
        mock_free(mock);
        return EXIT_DONE;
}

static int mock_with(const struct command_dirs *dirs) {
        struct command_broker broker;
        struct config *config = NULL;
        struct arena *arena = NULL;
        struct topics wanted;
        struct error err = {0};
        int status = command_broker_read("mock", dirs->config, "embedded", NULL, &broker); /* only its figures are used */

        if (status == 0)
                status = command_configuration("mock", dirs, &config);
        if (status == 0 && (arena_new(&arena, TOPICS_BYTES_MAX) || topics_of_config(config, &broker.config, arena, &wanted, &err)))
                status = command_fail("mock", EXIT_USAGE, &err);
        if (status == 0)
                status = mock_serve(&wanted, arena);
        arena_free(arena);
        config_free(config);
        command_broker_done(&broker);
        return status;
}

static int mock_run(int argc, char **argv) {
        struct command_dirs dirs = command_dirs();
        const char *arguments[OPTION_ARGUMENTS_MAX];
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &dirs.config),
                OPTION_TEXT_ROW("--schemas", &dirs.schemas),
                OPTION_END_ROW,
        };
        int n, status = options_read(argc, argv, rows, arguments, &n);

        if (status)
                return status;
        return n ? command_usage("mock", "takes no argument '%s'", arguments[0]) : mock_with(&dirs);
}

const struct command command_mock = {
        .name = "mock",
        .summary = "run the embedded broker alone, for a try-out",
        .help = "Usage: ketenwacht mock [--config DIR] [--schemas DIR]\n\n"
                "Starts librdkafka's mock cluster on a free port of 127.0.0.1 with all topics of the configuration, prints\n"
                "{\"bootstrap\":\"127.0.0.1:PORT\",\"topics\":N} and runs until SIGINT or SIGTERM. It keeps everything in memory and\n"
                "little of it (5 MiB a partition), forgets offsets that are committed in transactions and aborts nothing:\n"
                "good for looking around, never for real cases.\n\n"
                "  --config DIR   configuration (else KETENWACHT_CONFIG, else config)\n"
                "  --schemas DIR  schemas (else KETENWACHT_SCHEMAS, else schemas)\n\n"
                "Exit status: 0 ended by a signal, 2 wrong usage or configuration, 3 the broker could not be started.\n",
        .run = mock_run,
};
