/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Everything that is configured, read and checked whole
 */

#include "calendar/calendar.h"
#include "model/event.h"
#include "model/event_types.h"
#include "model/imprint.h"
#include "model/protocol.h"

struct config_index { /* per event type */
        const struct norm **norms; size_t n_norms;    /* norms that start from this type, in order of protocol name and file */
        const struct route **routes; size_t n_routes; /* routes of this type, in order of protocol name and file */
};

struct config {
        struct calendar *calendar;
        struct event_types *types;
        struct organisations *organisations;
        struct protocols protocols;
        const struct config_index *index;                    /* by event_type.index */
        const struct norm **region_norms; size_t n_region_norms; /* starts: protocol */
        unsigned version;                                    /* config/version */
        struct imprint imprint;                              /* of all files but config/version */
        struct arena *arena;                                 /* owns protocols, index and imprint */
};

/* A file that is read as if it stood in the folder, in the place of the one that it is. */
struct config_stand_in {
        enum { CONFIG_PART_VERSION, CONFIG_PART_CALENDAR, CONFIG_PART_ORGANISATIONS, CONFIG_PART_PROTOCOL } part;
        const char *path; /* a protocol takes the place of the one of its name, or stands beside the others */
};

/*
 * Reads @config_dir (calendar.yaml, organisations.yaml, version, protocols/) and @schemas_dir.
 * Every mistake goes into @mistakes. Return: 0; -EINVAL when there is a mistake; negative errno.
 */
int config_read(const char *config_dir, const char *schemas_dir, struct config **ret, struct mistakes *mistakes) MUSTCHECK;

/* The same, with @stand_in (NULL: nothing); what comes out has no imprint then. */
int config_read_with(const char *config_dir, const char *schemas_dir, const struct config_stand_in *stand_in, struct config **ret,
                     struct mistakes *mistakes) MUSTCHECK;
struct config *config_free(struct config *config);
DEFINE_CLEANUP(struct config *, config_free);
