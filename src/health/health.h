/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The operator's door of a long-running process
 *
 *   GET /metrics   Prometheus text
 *   GET /healthz   200 while the process lives and its loop turns, else 503: restart it
 *   GET /readyz    200 when it does its work, else 503: {"status":"not ready","reasons":[{"code":…,"text":…}]}; in both cases "notes" of
 *                  the same form, when there is something to say that is nobody's mistake
 *
 * Anything else is answered with problem details (RFC 9457). One thread of its own; connections,
 * memory and waiting are bounded. It knows nothing of what the process does: that is said by
 * callbacks, which are called on the door's thread and so may only read what is atomic or locked.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"

#define HEALTH_CONNECTIONS_MAX 32
#define HEALTH_TIMEOUT_S 10              /* a silent connection is closed */
#define HEALTH_CONNECTION_BYTES 16384    /* request line and headers */
#define HEALTH_BODY_MAX ((size_t)16 << 20) /* of one answer */
#define HEALTH_REASONS_MAX 32

struct health;
struct health_reasons; /* why a process is not ready */

/* Adds a reason: a stable code (kebab-case) and a sentence without personal data. Beyond HEALTH_REASONS_MAX they are only counted. */
void health_reason(struct health_reasons *reasons, const char *code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Adds a note, in the same way: what whoever looks has to know, and what does not make the process less ready. */
void health_note(struct health_reasons *reasons, const char *code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * The reason "broker-silent", when the broker at @bootstrap has not answered since @since: the same in every process. Whoever asks knows
 * whether (bus/pulse.h).
 */
void health_reason_silent(struct health_reasons *reasons, const char *bootstrap, instant_t since);

struct health_config {
        const char *address;          /* numeric IPv4 or IPv6; NULL: 127.0.0.1 */
        uint16_t port;                /* 0: any that is free, see health_port() */
        struct metrics *metrics;      /* borrowed; process_* metrics are added to it */
        bool (*healthy)(void *ctx);   /* NULL: always */
        void (*ready)(void *ctx, struct health_reasons *reasons); /* no reason added: ready. NULL: always */
        void (*refresh)(void *ctx);   /* before /metrics is rendered: to set gauges; may be NULL */
        void *ctx;
        const struct log *log;        /* to say on which port it listens; may be NULL */
};

/*
 * Starts to listen. @config is copied, what it points to is borrowed until health_stop().
 * Return: 0; -EINVAL (no numeric address), -EADDRINUSE … with a sentence; -ENOMEM.
 */
int health_start(const struct health_config *config, struct health **ret, struct error *err) MUSTCHECK;

/* The port it listens on. */
uint16_t health_port(const struct health *health);

/* Stops listening, finishes what is being answered, ends the thread. NULL ok; returns NULL. */
struct health *health_stop(struct health *health);
DEFINE_CLEANUP(struct health *, health_stop);
