/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Coverage: where every rule of the sources went
 *
 * config/coverage.yaml says for each rule about a child (R01 to R33) and each about organisations (G01 to
 * G28) which norms and routes guard it, which reports show it, or why it is no rule:
 *
 *   R01: {norms: [protocol/norm, …], routes: [protocol/event, …], reports: [norms]}
 *   G04: {no_rule: "Overleg op verzoek: geen aanleiding en geen termijn."}
 *
 * Every name must exist. A row that says nothing is no mistake but an empty row: a rule that got lost.
 */

#include "model/config.h"
#include "base/mistakes.h"

#define COVERAGE_RULES 33      /* R01 to R33 */
#define COVERAGE_AGREEMENTS 28 /* G01 to G28 */
#define COVERAGE_ROWS (COVERAGE_RULES + COVERAGE_AGREEMENTS)

enum coverage_list { COVERAGE_NORMS, COVERAGE_ROUTES, COVERAGE_REPORTS, COVERAGE_LISTS };
extern const char *const coverage_list_names[COVERAGE_LISTS]; /* norms, routes, reports */

struct coverage_row {
        char id[4];
        struct {
                const char **items; /* as written: "protocol/norm" */
                size_t n;
        } lists[COVERAGE_LISTS];
        const char *no_rule; /* why it is none, or NULL */
};

struct coverage {
        struct coverage_row rows[COVERAGE_ROWS]; /* R01 … R33, G01 … G28 */
        const struct norm **unnamed;             /* norms that no row names, in order of protocol and file */
        size_t n_unnamed;
        size_t n_empty;
};

static inline bool coverage_row_empty(const struct coverage_row *row) {
        return !row->no_rule && !row->lists[COVERAGE_NORMS].n && !row->lists[COVERAGE_ROUTES].n && !row->lists[COVERAGE_REPORTS].n;
}

/*
 * Reads @path against @config. @reports: the reports that there are, NULL-ended. What is read lives in @arena.
 * Return: 0; -EINVAL when there is a mistake (an unknown id or name, a wrong shape), all told to @mistakes; negative errno.
 */
int coverage_read(const char *path, const struct config *config, const char *const *reports, struct arena *arena, struct coverage *ret,
                  struct mistakes *mistakes) MUSTCHECK;
