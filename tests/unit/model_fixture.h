/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Folders of configuration for the tests of the model: files in a scratch folder that goes at the end,
 * and the project's own schemas and configuration.
 */

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/config.h"
#include "base/mistakes.h"

struct scratch {
        char path[64];
};

static inline struct scratch scratch_new(void) {
        struct scratch s = {.path = "/tmp/ketenwacht-model-XXXXXX"};

        ck_assert_ptr_nonnull(mkdtemp(s.path));
        return s;
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
        (void) st;
        (void) flag;
        (void) ftw;
        return remove(path);
}

static inline void scratch_remove(struct scratch *s) {
        ck_assert_int_eq(nftw(s->path, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* <scratch>/<name>, in a buffer of the caller's. */
#define SCRATCH_PATH 512
static inline const char *scratch_path(const struct scratch *s, const char *name, char ret[SCRATCH_PATH]) {
        (void) snprintf(ret, SCRATCH_PATH, "%s/%s", s->path, name);
        return ret;
}

static inline void scratch_folder(const struct scratch *s, const char *name) {
        char path[SCRATCH_PATH];

        ck_assert_int_eq(mkdir(scratch_path(s, name, path), 0700), 0);
}

static inline void scratch_write(const struct scratch *s, const char *name, const char *text) {
        char path[SCRATCH_PATH];
        FILE *f = fopen(scratch_path(s, name, path), "w");

        ck_assert_ptr_nonnull(f);
        ck_assert_int_ge(fputs(text, f), 0);
        ck_assert_int_eq(fclose(f), 0);
}

/* A path below the project's root. */
static inline const char *project_path(const char *name, char ret[SCRATCH_PATH]) {
        (void) snprintf(ret, SCRATCH_PATH, "%s/%s", getenv("PROJECT_ROOT"), name);
        return ret;
}

/* The project's own organisations and event types; the caller frees. */
static inline void project_parties(struct organisations **ret_organisations, struct event_types **ret_types) {
        CLEANUP(mistakes_done) struct mistakes mistakes = MISTAKES_INIT;
        char path[SCRATCH_PATH];

        ck_assert_int_eq(organisations_read(project_path("config/organisations.yaml", path), ret_organisations, &mistakes), 0);
        ck_assert_int_eq(event_types_read(project_path("schemas", path), ret_types, &mistakes), 0);
}

/* The configuration of the examples among the stories; the caller frees. */
static inline struct config *example_config(void) {
        char folder[SCRATCH_PATH], schemas[SCRATCH_PATH];
        struct mistakes mistakes = MISTAKES_INIT;
        struct config *config = NULL;

        ck_assert_msg(config_read(project_path("tests/stories/examples/config", folder), project_path("schemas", schemas), &config, &mistakes) == 0, "%s",
                      buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        return config;
}

/* Asserts that the report is exactly one line, "<scratch>/<expected>". */
static inline void assert_report(const struct scratch *s, struct mistakes *mistakes, const char *expected) {
        char line[2048];

        (void) snprintf(line, sizeof(line), "%s/%s\n", s->path, expected);
        ck_assert_str_eq(buffer_text(&mistakes->text), line);
}
