/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The chain of the demonstration: worker, gi-http, admission, webhook, the municipality that receives, and who watches
 *
 * Each is the very code of its command, on a thread of its own in this process: the worker is driven as
 * by `rules`, the connectors as by `connect`, from files that are written into a scratch folder. What is
 * special is the clock by which they decide, and nothing else. The chain knows nothing of the tape.
 */

#include "base/log.h"
#include "base/metrics.h"
#include "bus/bus.h"
#include "demo/board.h"
#include "demo/post.h"
#include "base/clock.h"
#include "connect/connector.h"
#include "worker/worker.h"

#define CHAIN_TOKEN 48       /* characters */

struct chain;

/* What may take part besides: connectors to what a municipality may have instead of a system that takes webhooks. */
enum chain_with {
        CHAIN_WITH_MAIL = 1 << 0, /* mailboxes: src/demo/mailbox.h */
        CHAIN_WITH_POSTGRES = 1 << 1, /* a database: src/demo/database.h */
};

struct chain_config {
        const struct config *config;
        const struct connector_ops *const *connectors; /* as connect/file.h wants them */
        struct bus *bus;
        struct hand_clock *time;
        const struct log *log;
        struct metrics *metrics;     /* for the worker; may be NULL */
        struct board *board;
        const char *folder;          /* an empty folder that nobody else can read: tokens and connector files go there */
        const char *instance;        /* of the worker */
        const struct organisation *receiver; /* whose inbox goes out over HTTP */
        const char *const *publishers; /* organisations that get a token */
        size_t n_publishers;
        uint16_t port;               /* of gi-http; 0: any that is free */
        unsigned with;               /* enum chain_with, one bit each */
        const char *mails;           /* CHAIN_WITH_MAIL: the folder for what comes into the mailboxes */
        const char *const *mail_norms; /* CHAIN_WITH_MAIL: see mailbox_start() */
        uint16_t postgres_port;      /* CHAIN_WITH_POSTGRES: where the database listens, on 127.0.0.1 */
        int64_t behind_after_ms;
};

/* Starts everything; see chain_ready(). Strings are borrowed. Return: 0; negative errno with a sentence. */
int chain_start(const struct chain_config *config, struct chain **ret, struct error *err) MUSTCHECK;

/* Stops what stands, gi-http first: what was taken is processed and committed. NULL ok. Return: 0, or the first failure with its sentence. */
int chain_stop(struct chain *chain, struct error *err) MUSTCHECK;
struct chain *chain_free(struct chain *chain); /* after chain_stop(); NULL ok; returns NULL */
DEFINE_CLEANUP(struct chain *, chain_free);

/* Whether everyone has joined and caught up. */
bool chain_ready(struct chain *chain);

/* Return: 0; the negative errno of the first part that failed, with its sentence. */
int chain_failed(struct chain *chain, struct error *err) MUSTCHECK;

/* Of the worker; all zero before it stands. */
struct worker_status chain_worker(const struct chain *chain);

/* What the municipality got, each record once. */
int64_t chain_delivered(struct chain *chain);

/* The mails that it got, each once; 0 without CHAIN_WITH_MAIL. */
int64_t chain_mails(struct chain *chain);

/* Those of the norm at @place of mail_norms. */
int64_t chain_mails_of(struct chain *chain, size_t place);

/* The rows in its database; 0 without CHAIN_WITH_POSTGRES. It asks, and waits for the answer. */
int64_t chain_rows(struct chain *chain);

/* Those of one event's name, likewise. */
int64_t chain_rows_of(struct chain *chain, const char *event);

uint16_t chain_port(const struct chain *chain);                                /* of gi-http */
const struct post_token *chain_tokens(const struct chain *chain, size_t *ret_n); /* of all publishers */
