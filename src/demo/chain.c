/* SPDX-License-Identifier: EUPL-1.2 */

/* Worker, connectors, receiver and watcher in one process, each on its thread. */

#include "demo/chain.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/topics.h"
#include "demo/receiver.h"
#include "demo/watch.h"
#include "connect/runtime.h"

#define STEP_MS 10  /* longest wait of one step: how soon a moved clock or a stop is noticed */
#define PATH_BYTES 512

enum part_name { PART_GI_HTTP, PART_WEBHOOK, PART_WORKER, PART_WATCH, PARTS };

/* In the order in which they stop: nothing new comes in, all that came is told and delivered. */
static const char *const part_names[PARTS] = {"gi-http", "webhook", "rules", "watch"};

struct part {
        struct chain *chain;
        enum part_name name;
        pthread_t thread;
        bool started;
        atomic_bool ready, stop, failed;
        int outcome; /* after failed, or when the thread is joined */
        struct error err;
};

struct chain {
        struct chain_config c;
        struct part parts[PARTS];
        struct worker_metrics *metrics;
        struct worker *_Atomic worker; /* shown once it is made */
        struct receiver *receiver;
        struct post_token *tokens;
        char (*token_texts)[CHAIN_TOKEN + 1];
        size_t n_tokens;
        uint16_t port;
        char files[2][PATH_BYTES]; /* of gi-http and webhook */
};

/* -- Files -- */

static int write_file(const char *path, const char *text, struct error *err) {
        FILE *f = fopen(path, "we");
        bool ok = f && fputs(text, f) >= 0;

        if (f)
                ok = fclose(f) == 0 && ok;
        if (ok && chmod(path, S_IRUSR | S_IWUSR) == 0)
                return 0;
        error_set(err, "cannot write %s: %s", path, strerror(errno));
        return errno ? -errno : -EIO;
}

static int make_token(char ret[CHAIN_TOKEN + 1]) {
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
static int write_tokens(struct chain *chain, struct error *err) {
        size_t n = chain->c.n_publishers;
        char path[PATH_BYTES];
        int r = 0;

        chain->tokens = calloc(n + 1, sizeof(*chain->tokens));
        chain->token_texts = calloc(n + 1, sizeof(*chain->token_texts));
        if (!chain->tokens || !chain->token_texts)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < n; i++) {
                r = make_token(chain->token_texts[i]);
                chain->tokens[i] = (struct post_token){.organisation = chain->c.publishers[i], .token = chain->token_texts[i]};
                (void) snprintf(path, sizeof(path), "%s/token-%zu", chain->c.folder, i);
                if (r == 0)
                        r = write_file(path, chain->token_texts[i], err);
        }
        chain->n_tokens = n;
        return r;
}

static int write_connectors(struct chain *chain, struct error *err) {
        struct buffer text = BUFFER_INIT(1 << 20);
        int r;

        (void) snprintf(chain->files[PART_GI_HTTP], PATH_BYTES, "%s/gi-http.yaml", chain->c.folder);
        (void) snprintf(chain->files[PART_WEBHOOK], PATH_BYTES, "%s/webhook.yaml", chain->c.folder);
        buffer_printf(&text, "connector: gi-http\nlisten: 127.0.0.1:%u\ntokens:\n", chain->port);
        for (size_t i = 0; i < chain->n_tokens; i++)
                buffer_printf(&text, "  %s: {file: token-%zu}\n", chain->tokens[i].organisation, i);
        r = text.failed ? -ENOMEM : write_file(chain->files[PART_GI_HTTP], buffer_text(&text), err);
        buffer_clear(&text);
        buffer_printf(&text, "connector: webhook\norganisation: %s\nurl: http://127.0.0.1:%u/events\n", chain->c.receiver->id,
                      receiver_port(chain->receiver));
        if (r == 0)
                r = text.failed ? -ENOMEM : write_file(chain->files[PART_WEBHOOK], buffer_text(&text), err);
        buffer_done(&text);
        return r;
}

/* A port of 127.0.0.1 that is free at this moment. */
static int free_port(uint16_t *ret, struct error *err) {
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

static int drive_worker(struct part *part) {
        struct chain *chain = part->chain;
        struct worker *worker = NULL;
        const struct worker_config config = {
                .config = chain->c.config,
                .bus = chain->c.bus,
                .clock = demo_time_clock(chain->c.time),
                .real = clock_system(),
                .log = chain->c.log,
                .metrics = chain->metrics,
                .instance = chain->c.instance,
                .behind_after_ms = chain->c.behind_after_ms,
        };
        int r = worker_new(&config, &worker, &part->err);

        if (r)
                return r;
        atomic_store(&chain->worker, worker);
        atomic_store(&part->ready, true);
        while (r == 0 && !atomic_load(&part->stop))
                r = worker_step(worker, STEP_MS, &part->err);
        if (r == WORKER_E_INTERRUPTED)
                r = 0;
        return r ? r : worker_stop(worker, &part->err);
}

static const char *no_environment(const char *name) {
        (void) name;
        return NULL;
}

static uint64_t random_word(void *ctx) {
        uint64_t word = 0;

        (void) ctx;
        if (random_bytes(&word, sizeof(word)))
                return 0; /* back-off without chance */
        return word;
}

static int turn_connector(struct part *part, struct runtime *runtime) {
        struct runtime_status status;
        int r = 0;

        while (r == 0 && !atomic_load(&part->stop)) {
                r = runtime_turn(runtime, STEP_MS, &part->err);
                runtime_status(runtime, &status);
                if (status.assigned && !status.looking)
                        atomic_store(&part->ready, true);
        }
        return r ? r : runtime_stop(runtime, &part->err);
}

static int drive_connector(struct part *part) {
        struct chain *chain = part->chain;
        const struct chain_config *c = &chain->c;
        CLEANUP(connect_file_free_p) struct connect_file *file = NULL;
        CLEANUP(runtime_free_p) struct runtime *runtime = NULL;
        struct mistakes mistakes = MISTAKES_INIT;
        struct runtime_config config = {
                .bus = c->bus,
                .types = c->config->types,
                .organisations = c->config->organisations,
                /* A year that lies ahead may be posted too: the demonstration's clock says whether recorded_at lies ahead. */
                .clock = part->name == PART_GI_HTTP ? demo_time_clock(c->time) : clock_system(),
                .random = random_word,
                .log = c->log,
        };
        int r = connect_file_read(chain->files[part->name], c->connectors, c->config->organisations, no_environment, &file, &mistakes);

        if (r)
                error_set(&part->err, "%s", buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        config.file = file;
        if (r == 0)
                r = runtime_open(&config, &runtime, &part->err);
        return r ? r : turn_connector(part, runtime);
}

static int drive_watch(struct part *part) {
        const struct chain_config *c = &part->chain->c;
        char inbox[BUS_NAME_MAX + 1];
        const struct watch_config config = {.bus = c->bus, .types = c->config->types, .board = c->board, .inbox = inbox, .stop = &part->stop};

        (void) snprintf(inbox, sizeof(inbox), "%s%s", TOPIC_INBOX_PREFIX, c->receiver->id);
        atomic_store(&part->ready, true);
        return watch_run(&config, &part->err);
}

static void *thread_main(void *ctx) {
        struct part *part = ctx;

        switch (part->name) {
        case PART_WORKER:
                part->outcome = drive_worker(part);
                break;
        case PART_WATCH:
                part->outcome = drive_watch(part);
                break;
        default:
                part->outcome = drive_connector(part);
        }
        if (part->outcome)
                atomic_store(&part->failed, true);
        return NULL;
}

static int start_part(struct chain *chain, enum part_name name, struct error *err) {
        struct part *part = &chain->parts[name];

        part->chain = chain;
        part->name = name;
        if (pthread_create(&part->thread, NULL, thread_main, part)) {
                error_set(err, "a thread could not be started; look at the limits of this machine");
                return -EAGAIN;
        }
        part->started = true;
        return 0;
}

int chain_start(const struct chain_config *config, struct chain **ret, struct error *err) {
        struct chain *chain = calloc(1, sizeof(*chain));
        int r;

        if (!chain)
                return -ENOMEM;
        *ret = chain; /* what stands already is the caller's to stop, whatever comes */
        chain->c = *config;
        chain->port = config->port;
        r = config->port ? 0 : free_port(&chain->port, err);
        if (r == 0)
                r = receiver_start(&chain->receiver, err);
        if (r == 0)
                r = write_tokens(chain, err);
        if (r == 0)
                r = write_connectors(chain, err);
        if (r == 0 && config->metrics)
                r = worker_metrics_new(config->metrics, config->config, &chain->metrics, err);
        for (enum part_name i = 0; r == 0 && i < PARTS; i++)
                r = start_part(chain, i, err);
        if (r == -ENOMEM)
                error_set(err, "out of memory");
        return r;
}

/* -- Looking at it -- */

bool chain_ready(const struct chain *chain) {
        struct worker_status status = chain_worker(chain);

        for (size_t i = 0; i < PARTS; i++) {
                if (!atomic_load(&chain->parts[i].ready))
                        return false;
        }
        return status.assigned && status.live > 0 && status.restoring == 0 && status.behind == 0;
}

int chain_failed(const struct chain *chain, struct error *err) {
        for (size_t i = 0; i < PARTS; i++) {
                const struct part *part = &chain->parts[i];

                if (!atomic_load(&part->failed))
                        continue;
                *err = part->err;
                error_prefix(err, "%s", part_names[i]);
                return part->outcome < 0 ? part->outcome : -EINVAL;
        }
        return 0;
}

struct worker_status chain_worker(const struct chain *chain) {
        struct worker *worker = atomic_load(&chain->worker);
        struct worker_status status = {0};

        if (worker)
                worker_status(worker, &status);
        return status;
}

int64_t chain_delivered(struct chain *chain) {
        return receiver_counts(chain->receiver).deliveries;
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
        for (size_t i = 0; chain && i < PARTS; i++) {
                struct part *part = &chain->parts[i];
                struct worker *worker = atomic_load(&chain->worker);

                if (!part->started)
                        continue;
                atomic_store(&part->stop, true);
                if (part->name == PART_WORKER && worker)
                        worker_interrupt(worker);
                (void) pthread_join(part->thread, NULL); /* fails only for threads that are not ours */
                part->started = false;
        }
        return chain ? chain_failed(chain, err) : 0;
}

struct chain *chain_free(struct chain *chain) {
        if (!chain)
                return NULL;
        worker_free(atomic_load(&chain->worker));
        worker_metrics_free(chain->metrics);
        receiver_stop(chain->receiver);
        free(chain->tokens);
        if (chain->token_texts)
                explicit_bzero(chain->token_texts, chain->n_tokens * sizeof(*chain->token_texts));
        free(chain->token_texts);
        free(chain);
        return NULL;
}
