/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Sending dead letters again in the background: one at a time, first tried without sending
 *
 * What is sent stands in audit in the same transaction (survey/redrive.h), so a job that is cut off, by a stop or by a fall, leaves nothing half: whoever
 * does the same again goes on where it was. A job that sends says in audit that it begins, before it does, and how it ended.
 *
 * From any thread.
 */

#include "console/letters_query.h"
#include "survey/redrive.h"

struct redrive_job;

struct redrive_job_config {
        const struct config *config;
        struct bus *bus;
        struct clock clock;
        struct auditor *auditor;
        int32_t partitions; /* of topics by case */
        int64_t per_second;
};

/* What @config points to must outlive it. Return: 0 or -ENOMEM. */
int redrive_job_new(const struct redrive_job_config *config, struct redrive_job **ret) MUSTCHECK;
struct redrive_job *redrive_job_free(struct redrive_job *job); /* stops what runs, after what is committed; NULL ok; returns NULL */
DEFINE_CLEANUP(struct redrive_job *, redrive_job_free);

struct redrive_job_status {
        uint64_t number;    /* of the latest, from 1; 0: there was none since the start */
        bool running, dry_run;
        struct letters_query query;
        instant_t begun, ended;
        struct redrive_result result; /* so far */
        uint64_t expected;            /* that the dry run before it counted; 0: there was none */
        char by[PERSON_NAME_MAX + 1], reason[REDRIVE_REASON_MAX + 1];
        char why[ERROR_TEXT_MAX];     /* it failed; "": it did not */
};
/* Of the latest. */
void redrive_job_status(struct redrive_job *job, struct redrive_job_status *ret);

enum { REDRIVE_JOB_E_BUSY = 1, REDRIVE_JOB_E_OTHER };

/* Begins to count what would be accepted. Return: 0; REDRIVE_JOB_E_BUSY: one is running; -EAGAIN with a sentence. */
int redrive_job_try(struct redrive_job *job, const struct letters_query *query, const struct person *by, struct error *err) MUSTCHECK;

/*
 * Begins to send. @tried: the number of the dry run of which it sends what that one was asked about, no letter that was written later; or 0, and @query is one
 * letter. Return: 0; REDRIVE_JOB_E_BUSY; REDRIVE_JOB_E_OTHER: it is not the latest, or not a dry run that came to its end; -EAGAIN with a sentence.
 */
int redrive_job_send(struct redrive_job *job, uint64_t tried, const struct letters_query *query, const struct person *by, const char *reason,
                     struct error *err) MUSTCHECK;

/* Asks the one that runs to stop after what is under way. */
void redrive_job_stop(struct redrive_job *job);

/* Waits until nothing runs, @ms at most. */
void redrive_job_wait(struct redrive_job *job, int ms);
