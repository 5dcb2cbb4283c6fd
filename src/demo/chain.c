/* SPDX-License-Identifier: EUPL-1.2 */

/* Worker, connectors, receiver and watcher in one process, each on its thread. */

#include "demo/chain.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/topics.h"
#include "demo/database.h"
#include "demo/mailbox.h"
#include "demo/receiver.h"
#include "demo/watch.h"
#include "connect/driver.h"
#include "worker/driver.h"

#define STEP_MS 10  /* longest wait of one step: how soon a moved clock or a stop is noticed */
#define PATH_BYTES 512

enum part_name { PART_GI_HTTP, PART_ADMISSION, PART_WEBHOOK, PART_MAIL, PART_DATABASE, PART_CONNECTORS, PART_WORKER = PART_CONNECTORS, PART_WATCH, PARTS };

/* In the order in which they stop: nothing new comes in, all that came is told and delivered. */
static const char *const part_names[PARTS] = {"gi-http", "admission", "webhook", "mail", "inbox-table", "rules", "watch"};

struct chain {
        struct chain_config c;
        struct worker_metrics *metrics;
        struct worker_driver *_Atomic worker; /* NULL: not started, as with the next two */
        struct runtime_driver *_Atomic connectors[PART_CONNECTORS];
        struct connect_file *connector_files[PART_CONNECTORS];
        struct loop watch;
        struct receiver *receiver;
        struct mailbox *mailbox; /* CHAIN_WITH_MAIL */
        struct database database; /* CHAIN_WITH_POSTGRES */
        int64_t rows;
        struct post_token *tokens;
        char (*token_texts)[CHAIN_TOKEN + 1];
        size_t n_tokens;
        uint16_t port;
        char files[PART_CONNECTORS][PATH_BYTES];
};

/* Whether a part takes part. */
static bool chain_has(const struct chain *chain, enum part_name part) {
        return (part != PART_MAIL || (chain->c.with & CHAIN_WITH_MAIL)) && (part != PART_DATABASE || (chain->c.with & CHAIN_WITH_POSTGRES));
}

/* -- Files -- */

static int chain_write_file(const char *path, const char *text, struct error *err) {
        FILE *f = fopen(path, "we");
        bool ok = f && fputs(text, f) >= 0;

        if (f)
                ok = fclose(f) == 0 && ok;
        if (ok && chmod(path, S_IRUSR | S_IWUSR) == 0)
                return 0;
        error_set(err, "cannot write %s: %s", path, strerror(errno));
        return errno ? -errno : -EIO;
}

static int chain_make_token(char ret[CHAIN_TOKEN + 1]) {
        static const char hex[] = "0123456789abcdef";
        uint8_t bytes[CHAIN_TOKEN / 2];
        int r = random_bytes(bytes, sizeof(bytes));

        for (size_t i = 0; i < sizeof(bytes); i++) {
                ret[2 * i] = hex[bytes[i] >> 4];
                ret[2 * i + 1] = hex[bytes[i] & 15];
        }
        ret[CHAIN_TOKEN] = '\0';
        return r;
}

/* A token for each publisher, in a file of its own. */
static int chain_write_tokens(struct chain *chain, struct error *err) {
        size_t n = chain->c.n_publishers;
        char path[PATH_BYTES];
        int r = 0;

        chain->tokens = calloc(n + 1, sizeof(*chain->tokens));
        chain->token_texts = calloc(n + 1, sizeof(*chain->token_texts));
        if (!chain->tokens || !chain->token_texts)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < n; i++) {
                r = chain_make_token(chain->token_texts[i]);
                chain->tokens[i] = (struct post_token){.organisation = chain->c.publishers[i], .token = chain->token_texts[i]};
                (void) snprintf(path, sizeof(path), "%s/token-%zu", chain->c.folder, i);
                if (r == 0)
                        r = chain_write_file(path, chain->token_texts[i], err);
        }
        chain->n_tokens = n;
        return r;
}

static int chain_write_connectors(struct chain *chain, struct error *err) {
        struct buffer text = BUFFER_INIT(1 << 20);
        int r;

        for (enum part_name i = 0; i < PART_CONNECTORS; i++)
                (void) snprintf(chain->files[i], PATH_BYTES, "%s/%s.yaml", chain->c.folder, part_names[i]);
        buffer_printf(&text, "connector: gi-http\nlisten: 127.0.0.1:%u\ntokens:\n", chain->port);
        for (size_t i = 0; i < chain->n_tokens; i++)
                buffer_printf(&text, "  %s: {file: token-%zu}\n", chain->tokens[i].organisation, i);
        r = text.failed ? -ENOMEM : chain_write_file(chain->files[PART_GI_HTTP], buffer_text(&text), err);
        buffer_clear(&text);
        buffer_printf(&text, "connector: webhook\norganisation: %s\nurl: http://127.0.0.1:%u/events\n", chain->c.receiver->id,
                      receiver_port(chain->receiver));
        if (r == 0)
                r = text.failed ? -ENOMEM : chain_write_file(chain->files[PART_WEBHOOK], buffer_text(&text), err);
        buffer_clear(&text);
        if (r == 0 && chain_has(chain, PART_MAIL)) {
                buffer_printf(&text, "connector: mail\norganisation: %s\nserver: smtp://127.0.0.1:%u\nstarttls: none\nfrom: ketenwacht@ketenwacht.example\n"
                              "from_name: Ketenwacht\noperators: beheer@ketenwacht.example\ndomain: %s.example\n",
                              chain->c.receiver->id, mailbox_port(chain->mailbox), chain->c.receiver->id);
                r = text.failed ? -ENOMEM : chain_write_file(chain->files[PART_MAIL], buffer_text(&text), err);
        }
        buffer_clear(&text);
        if (r == 0 && chain_has(chain, PART_DATABASE)) {
                buffer_printf(&text, "connector: inbox-table\norganisation: %s\nhost: 127.0.0.1\nport: %u\ndatabase: " DATABASE_NAME "\nuser: " DATABASE_USER
                              "\ntable: " DATABASE_TABLE "\nparallel: 500\n",
                              chain->c.receiver->id, chain->c.postgres_port);
                r = text.failed ? -ENOMEM : chain_write_file(chain->files[PART_DATABASE], buffer_text(&text), err);
        }
        buffer_done(&text);
        return r ? r : chain_write_file(chain->files[PART_ADMISSION], "connector: admission\n", err);
}

/* A port of 127.0.0.1 that is free at this moment. */
static int chain_free_port(uint16_t *ret, struct error *err) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&address, n) == 0 && getsockname(fd, (struct sockaddr *)&address, &n) == 0;

        if (!ok)
                error_set(err, "no port on 127.0.0.1 is free for gi-http: %s", strerror(errno));
        *ret = ntohs(address.sin_port);
        if (fd >= 0)
                (void) close(fd);
        return ok ? 0 : -EADDRINUSE;
}

/* -- The parts -- */

/* The loop of a part, or NULL while it is not started. */
static struct loop *chain_loop(struct chain *chain, enum part_name part) {
        struct worker_driver *worker = atomic_load(&chain->worker);
        struct runtime_driver *connector;

        if (part == PART_WATCH)
                return chain->watch.started || loop_has_ended(&chain->watch) ? &chain->watch : NULL;
        if (part == PART_WORKER)
                return worker ? worker_driver_loop(worker) : NULL;
        connector = atomic_load(&chain->connectors[part]);
        return connector ? runtime_driver_loop(connector) : NULL;
}

static int chain_start_worker(struct chain *chain, struct error *err) {
        const struct worker_config config = {
                .config = chain->c.config,
                .bus = chain->c.bus,
                .clock = hand_clock(chain->c.time),
                .real = clock_system(),
                .log = chain->c.log,
                .metrics = chain->metrics,
                .instance = chain->c.instance,
                .behind_after_ms = chain->c.behind_after_ms,
        };
        struct worker_driver *driver;
        int r = worker_driver_start(&config, STEP_MS, &driver, err);

        if (r == 0)
                atomic_store(&chain->worker, driver);
        return r;
}

static const char *no_environment(const char *name) {
        (void) name;
        return NULL;
}

static int chain_read_connector(struct chain *chain, enum part_name part, struct error *err) {
        const struct chain_config *c = &chain->c;
        struct mistakes mistakes = MISTAKES_INIT;
        int r = connect_file_read(chain->files[part], c->connectors, c->config->organisations, no_environment, &chain->connector_files[part], &mistakes);

        if (r)
                error_set(err, "%s: %s", part_names[part], buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        return r;
}

static int chain_start_connector(struct chain *chain, enum part_name part, struct error *err) {
        const struct chain_config *c = &chain->c;
        struct runtime_config config = {
                .bus = c->bus,
                .types = c->config->types,
                .organisations = c->config->organisations,
                .calendar = c->config->calendar,
                /* A year that lies ahead may be posted too: the demonstration's clock says whether recorded_at lies ahead. */
                .clock = part == PART_WEBHOOK || part == PART_MAIL || part == PART_DATABASE ? clock_system() : hand_clock(c->time),
                .log = c->log,
        };
        struct runtime_driver *driver;
        int r = chain_read_connector(chain, part, err);

        if (r == 0 && part == PART_DATABASE)
                r = database_open(&chain->database, c->postgres_port, chain->connector_files[part], c->config->types, err);
        if (r)
                return r;
        config.file = chain->connector_files[part];
        r = runtime_driver_start(&config, STEP_MS, &driver, err);
        if (r == 0)
                atomic_store(&chain->connectors[part], driver);
        return r;
}

static int watch_open(void *ctx, struct error *err) {
        (void) ctx;
        (void) err;
        return 0;
}

static int watch_turn(void *ctx, bool *ret_done, struct error *err) {
        struct chain *chain = ctx;
        const struct chain_config *c = &chain->c;
        char inbox[BUS_NAME_MAX + 1];
        const struct watch_config config = {.bus = c->bus, .types = c->config->types, .board = c->board, .inbox = inbox, .stop = &chain->watch.asked};

        (void) snprintf(inbox, sizeof(inbox), "%s%s", TOPIC_INBOX_PREFIX, c->receiver->id);
        *ret_done = true;
        return watch_run(&config, err);
}

static const struct loop_ops watch_ops = {.open = watch_open, .turn = watch_turn};

static int chain_start_part(struct chain *chain, enum part_name part, struct error *err) {
        switch (part) {
        case PART_WORKER:
                return chain_start_worker(chain, err);
        case PART_WATCH:
                return loop_start(&chain->watch, &watch_ops, chain, err);
        default:
                return chain_start_connector(chain, part, err);
        }
}

int chain_start(const struct chain_config *config, struct chain **ret, struct error *err) {
        struct chain *chain = calloc(1, sizeof(*chain));
        int r;

        if (!chain)
                return -ENOMEM;
        *ret = chain; /* what stands already is the caller's to stop, whatever comes */
        chain->c = *config;
        chain->port = config->port;
        r = config->port ? 0 : chain_free_port(&chain->port, err);
        if (r == 0)
                r = receiver_start(&chain->receiver, err);
        if (r == 0 && chain_has(chain, PART_MAIL))
                r = mailbox_start(config->mails, config->mail_norms, &chain->mailbox, err);
        if (r == 0)
                r = chain_write_tokens(chain, err);
        if (r == 0)
                r = chain_write_connectors(chain, err);
        if (r == 0 && config->metrics)
                r = worker_metrics_new(config->metrics, config->config, &chain->metrics, err);
        for (enum part_name i = 0; r == 0 && i < PARTS; i++)
                r = chain_has(chain, i) ? chain_start_part(chain, i, err) : 0;
        if (r == -ENOMEM)
                error_set(err, "out of memory");
        return r;
}

/* -- Looking at it -- */

static bool chain_part_is_ready(struct chain *chain, enum part_name part) {
        struct loop *loop = chain_loop(chain, part);
        struct runtime_status status;

        if (!loop || !loop_is_open(loop))
                return false;
        if (part == PART_WORKER || part == PART_WATCH)
                return true;
        runtime_driver_status(atomic_load(&chain->connectors[part]), &status);
        return status.assigned && !status.looking;
}

bool chain_ready(struct chain *chain) {
        struct worker_status status = chain_worker(chain);

        for (enum part_name i = 0; i < PARTS; i++) {
                if (chain_has(chain, i) && !chain_part_is_ready(chain, i))
                        return false;
        }
        return status.assigned && status.live > 0 && status.restoring == 0 && status.behind == 0;
}

int chain_failed(struct chain *chain, struct error *err) {
        for (enum part_name i = 0; i < PARTS; i++) {
                struct loop *loop = chain_loop(chain, i);
                int r = loop && loop_has_ended(loop) ? loop_outcome(loop, err) : 0;

                if (r == 0 || r == WORKER_E_INTERRUPTED)
                        continue;
                error_prefix(err, "%s", part_names[i]);
                return r < 0 ? r : -EINVAL;
        }
        return 0;
}

struct worker_status chain_worker(const struct chain *chain) {
        struct worker_driver *worker = atomic_load(&chain->worker);
        struct worker_status status = {0};

        if (worker)
                worker_driver_status(worker, &status);
        return status;
}

int64_t chain_delivered(struct chain *chain) {
        return receiver_counts(chain->receiver).deliveries;
}

int64_t chain_mails(struct chain *chain) {
        return chain->mailbox ? mailbox_count(chain->mailbox) : 0;
}

int64_t chain_mails_of(struct chain *chain, size_t place) {
        return chain->mailbox ? mailbox_count_of(chain->mailbox, place) : 0;
}

int64_t chain_rows_of(struct chain *chain, const char *event) {
        return database_rows_of(&chain->database, event);
}

int64_t chain_rows(struct chain *chain) {
        chain->rows = database_rows(&chain->database, chain->rows);
        return chain->rows;
}

uint16_t chain_port(const struct chain *chain) {
        return chain->port;
}

const struct post_token *chain_tokens(const struct chain *chain, size_t *ret_n) {
        *ret_n = chain->n_tokens;
        return chain->tokens;
}

/* -- The end -- */

int chain_stop(struct chain *chain, struct error *err) {
        for (enum part_name i = 0; chain && i < PARTS; i++) {
                struct loop *loop = chain_loop(chain, i);

                if (!loop)
                        continue;
                loop_ask(loop);
                loop_join(loop);
        }
        return chain ? chain_failed(chain, err) : 0;
}

struct chain *chain_free(struct chain *chain) {
        if (!chain)
                return NULL;
        loop_ask(&chain->watch);
        loop_join(&chain->watch);
        for (size_t i = 0; i < ELEMENTS(chain->connectors); i++) {
                runtime_driver_free(atomic_load(&chain->connectors[i]));
                connect_file_free(chain->connector_files[i]);
        }
        worker_driver_free(atomic_load(&chain->worker));
        worker_metrics_free(chain->metrics);
        receiver_stop(chain->receiver);
        mailbox_stop(chain->mailbox);
        database_close(&chain->database);
        free(chain->tokens);
        if (chain->token_texts)
                explicit_bzero(chain->token_texts, chain->n_tokens * sizeof(*chain->token_texts));
        free(chain->token_texts);
        free(chain);
        return NULL;
}
