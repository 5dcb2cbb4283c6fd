/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* What every page and act of the console stands on. Made by console/process.h; borrowed by all others. */

#include "base/log.h"
#include "base/metrics.h"
#include "bus/kafka.h"
#include "cluster/broker_config.h"
#include "console/settings.h"
#include "model/config.h"
#include "replica/connectors.h"
#include "replica/flows.h"
#include "replica/letters_index.h"
#include "replica/replica.h"
#include "replica/tracks.h"
#include "replica/trail_job.h"
#include "replica/reports.h"

struct audit_index;
struct auditor;
struct live;
struct readings;
struct tails;
struct redrive_job;

struct console { /* all borrowed */
        const struct config *config;
        const struct broker_config *broker;
        const struct console_settings *settings;  /* console.yaml */
        const struct kafka_config *kafka;
        struct bus *bus;
        struct clock clock;
        const struct log *log;
        struct metrics *metrics;
        struct auditor *auditor;                  /* by exchange_audit() */
        struct audit_index *audit;                /* replica/audit_index.h */
        struct replica *replica;
        struct reports *reports; /* over all cases, made in the background */
        struct letters_index *letters;
        struct connectors *connectors;
        struct flows *flows;
        struct readings *readings;                /* of topics, while somebody waits */
        struct tails *tails;                      /* streams of what comes on topics */
        struct live *live;                        /* streams of figures */
        struct redrive_job *redrive;
        struct tracks *tracks;
        struct trail_job *trails;                 /* those that are read from the topics */
};
