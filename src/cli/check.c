/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht check`: whether configuration, schemas and protocols fit together. */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "model/config.h"

#define OUTPUT_MAX ((size_t)16 * 1024 * 1024)

struct totals {
        size_t event_types, organisations, regions, protocols, norms, routes, assumed;
};

static struct totals count(const struct config *config) {
        struct totals t = {
                .organisations = organisations_count(config->organisations),
                .regions = regions_count(config->organisations),
                .protocols = config->protocols.n,
        };

        for (size_t i = 0; i < event_types_count(config->types); i++)
                t.event_types += !event_types_at(config->types, i)->output;
        for (size_t i = 0; i < config->protocols.n; i++) {
                t.norms += config->protocols.items[i]->n_norms;
                t.routes += config->protocols.items[i]->n_routes;
                t.assumed += config->protocols.items[i]->n_assumed;
        }
        return t;
}

static void write_totals(const struct config *config, struct buffer *out) {
        struct totals t = count(config);

        buffer_printf(out, "version %u: %zu event types, %zu organisations, %zu regions, %zu protocols, %zu norms, %zu routes, %zu assumed keys\n",
                      config->version, t.event_types, t.organisations, t.regions, t.protocols, t.norms, t.routes, t.assumed);
        for (size_t i = 0; i < config->protocols.n; i++) {
                const struct protocol *p = config->protocols.items[i];

                for (size_t j = 0; j < p->n_assumed; j++)
                        buffer_printf(out, "assumed: %s %s\n", p->name, p->assumed[j]);
        }
}

static void write_json(const struct config *config, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);
        struct totals t = count(config);

        jsonw_open_object(&w);
        jsonw_put_bool(&w, "ok", true);
        jsonw_put_int(&w, "version", config->version);
        jsonw_put_int(&w, "event_types", (int64_t)t.event_types);
        jsonw_put_int(&w, "organisations", (int64_t)t.organisations);
        jsonw_put_int(&w, "regions", (int64_t)t.regions);
        jsonw_put_int(&w, "protocols", (int64_t)t.protocols);
        jsonw_put_int(&w, "norms", (int64_t)t.norms);
        jsonw_put_int(&w, "routes", (int64_t)t.routes);
        jsonw_key(&w, "assumed");
        jsonw_open_array(&w);
        for (size_t i = 0; i < config->protocols.n; i++) {
                const struct protocol *p = config->protocols.items[i];

                for (size_t j = 0; j < p->n_assumed; j++) {
                        jsonw_open_object(&w);
                        jsonw_put_string(&w, "protocol", p->name);
                        jsonw_put_string(&w, "key", p->assumed[j]);
                        jsonw_close_object(&w);
                }
        }
        jsonw_close_array(&w);
        jsonw_close_object(&w);
        buffer_add_byte(out, '\n');
}

/* {"ok":false,"mistakes":N,"lines":[…]} */
static void write_json_mistakes(struct report *report, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);
        const char *line = buffer_text(&report->text), *end;

        jsonw_open_object(&w);
        jsonw_put_bool(&w, "ok", false);
        jsonw_put_int(&w, "mistakes", (int64_t)report->n);
        jsonw_key(&w, "lines");
        jsonw_open_array(&w);
        for (; (end = strchr(line, '\n')); line = end + 1)
                jsonw_text(&w, (struct text){line, (size_t)(end - line)});
        jsonw_close_array(&w);
        jsonw_close_object(&w);
        buffer_add_byte(out, '\n');
}

static int print(struct buffer *out) {
        struct error err;
        bool written = !out->failed && fwrite(out->bytes, 1, out->n, stdout) == out->n && fflush(stdout) == 0;

        if (written)
                return EXIT_DONE;
        error_set(&err, "cannot write to standard output");
        return command_fail("check", EXIT_BROKER, &err);
}

static int check(const struct command_dirs *dirs, bool json) {
        CLEANUP(config_free_p) struct config *config = NULL;
        struct report report = REPORT_INIT;
        struct buffer out = BUFFER_INIT(OUTPUT_MAX);
        struct error err = {0};
        int e = config_read(dirs->config, dirs->schemas, &config, &report), status;

        if (e && e != -EINVAL) {
                error_set(&err, "cannot read %s and %s: %s", dirs->config, dirs->schemas, strerror(-e));
                status = command_fail("check", EXIT_USAGE, &err);
        } else if (e) {
                fputs(buffer_text(&report.text), stderr);
                fprintf(stderr, "ketenwacht check: %zu mistake%s in %s and %s; correct the lines above\n", report.n, report.n == 1 ? "" : "s",
                        dirs->config, dirs->schemas);
                if (json) {
                        write_json_mistakes(&report, &out);
                        (void) print(&out); /* the mistakes decide the status */
                }
                status = EXIT_USAGE;
        } else {
                json ? write_json(config, &out) : write_totals(config, &out);
                status = print(&out);
        }
        buffer_done(&out);
        report_done(&report);
        return status;
}

static int run(int argc, char **argv) {
        static const struct option options[] = {
                {"config", required_argument, NULL, 'c'}, {"schemas", required_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'}, {0},
        };
        struct command_dirs dirs = COMMAND_DIRS_DEFAULT;
        bool json = false;
        int option;

        opterr = 0;
        while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
                switch (option) {
                case 'c':
                        dirs.config = optarg;
                        break;
                case 's':
                        dirs.schemas = optarg;
                        break;
                case 'j':
                        json = true;
                        break;
                default:
                        return command_usage("check", "no option '%s', or its value is missing", argv[optind - 1]);
                }
        }
        if (optind < argc)
                return command_usage("check", "takes no argument '%s'", argv[optind]);
        return check(&dirs, json);
}

const struct command command_check = {
        .name = "check",
        .summary = "read all configuration, schemas and protocols, and report every mistake",
        .help = "Usage: ketenwacht check [--config DIR] [--schemas DIR] [--json]\n\n"
                "Reads all configuration, schemas and protocols. Every mistake is one line on standard error: file, line and column,\n"
                "what was expected, and the nearest known word. Without mistakes it prints what there is, and the keys that no\n"
                "source states (assumed).\n\n"
                "  --config DIR   configuration (default config)\n"
                "  --schemas DIR  schemas (default schemas)\n"
                "  --json         one JSON object on standard output\n\n"
                "Exit status: 0 no mistakes, 2 mistakes.\n",
        .run = run,
};
