/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Trails of cases that are read from the topics, one at a time, on a thread of its own
 *
 * Whoever asks is told to ask again until it is read, and then gets it; what nobody comes for is dropped when another asks. From any thread.
 */

#include "base/clock.h"
#include "survey/trail_read.h"

#define TRAIL_JOB_KEPT_MS 30000 /* what was read waits so long for who asked, before another may ask */

struct trail_job;

struct trail_job_config {
        const struct config *config;
        struct bus *bus;
        const struct kafka_config *kafka; /* NULL: who reads is not asked */
        struct clock clock;
};

/* Starts its thread. What @config points to must outlive it. Return: 0; -EAGAIN with a sentence; -ENOMEM. */
int trail_job_new(const struct trail_job_config *config, struct trail_job **ret, struct error *err) MUSTCHECK;
struct trail_job *trail_job_free(struct trail_job *job); /* also while it reads; NULL ok; returns NULL */
DEFINE_CLEANUP(struct trail_job *, trail_job_free);

/*
 * Return: 0, *ret is the caller's; -EINPROGRESS: it is being read from now on, or still; -EBUSY: that of another case is; else what trail_read()
 * returned, with its sentence.
 */
int trail_job_ask(struct trail_job *job, const struct uuid *case_id, struct trail **ret, struct error *err) MUSTCHECK;
