/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Sending dead letters again
 *
 * Each goes unchanged to where it stood, or to its connector alone, in one transaction with a record in `audit` that remembers it, and for
 * a connector's with one in `deliveries` that says who did it and why. So whoever is cut off, and begins again, sends nothing twice; nor do
 * two at once, since they share a transactional id. What would be refused again stays.
 */

#include "survey/letters.h"

#define REDRIVE_BATCH 100         /* letters of one transaction, at most */
#define REDRIVE_PER_SECOND 100    /* unless something else is said */
#define REDRIVE_PER_SECOND_MAX 10000
#define REDRIVE_CODES_MAX 32      /* codes that are counted by themselves; more are counted together */
#define REDRIVE_REASON_MAX 300    /* bytes of a reason */

struct redrive_count {
        char code[64];
        uint64_t n;
};

struct redrive_result {
        uint64_t matched, sent, already; /* dry run: sent counts what would be */
        struct redrive_count refused[REDRIVE_CODES_MAX];
        size_t refused_n;
        bool stopped;
};

struct redrive {
        struct letters_source source;
        struct letters_filter filter;
        const char *connector; /* of letters that name none; or NULL */
        const char *by, *reason;
        const char *roles, *organisation, *address; /* of who does it, as they stand in audit; NULL: a command */
        struct clock clock;
        int64_t per_second;
        bool dry_run;          /* only counts */
        /* Waits so long. Return: whether to stop, after what is committed. */
        bool (*wait)(void *ctx, int64_t ms);
        void (*progress)(void *ctx, const struct redrive_result *so_far); /* after each transaction, or as many letters of a dry run; or NULL */
        void *ctx;
};

/* Return: 0; -ENOENT: a topic is not there; negative errno: the broker, or another who sends; each with a sentence. @ret is filled in any case. */
int redrive_run(const struct redrive *redrive, struct redrive_result *ret, struct error *err) MUSTCHECK;

/* {"letters":N,"sent":N,"already_sent":N,"refused":{CODE:N,…}}; of a dry run "would_be_sent". */
void redrive_result_put(const struct redrive_result *result, bool dry_run, struct json_writer *w);
