/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* For tests that look at cases: a file of JSON lines, played in virtual time with a configuration of the project. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mistakes.h"
#include "engine/replay.h"
#include "model/lines.h"

#define STORY_PATH_BYTES 512

static inline const char *story_path(const char *rest, char ret[STORY_PATH_BYTES]) {
        ck_assert_int_lt(snprintf(ret, STORY_PATH_BYTES, "%s/%s", getenv("PROJECT_ROOT"), rest), STORY_PATH_BYTES);
        return ret;
}

/* @folder: of the configuration, from the root of the project. config_free() is the caller's. */
static inline struct config *story_config(const char *folder) {
        struct mistakes mistakes = MISTAKES_INIT;
        char path[STORY_PATH_BYTES], schemas[STORY_PATH_BYTES];
        struct config *config = NULL;

        ck_assert_msg(config_read(story_path(folder, path), story_path("schemas", schemas), &config, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        return config;
}

static inline void story_play_line(const struct config *config, struct replay *replay, struct text text, struct arena *arena) {
        struct error err = {0};
        struct line line;

        arena_reset(arena);
        line_parse(config->types, config->organisations, text, LANGUAGE_EN, arena, &line);
        if (line.kind == LINE_EVENT)
                ck_assert_int_ge(replay_event(replay, &line.event, &err), 0);
        else if (line.kind == LINE_CLOCK)
                ck_assert_int_eq(replay_clock(replay, line.clock), 0);
        line_done(&line);
}

/* @file: from the root of the project. Lines that are refused are passed over. replay_free() is the caller's. */
static inline struct replay *story_play(const struct config *config, const char *file, replay_told told, void *ctx) {
        char path[STORY_PATH_BYTES];
        FILE *in = fopen(story_path(file, path), "r");
        struct lines lines = LINES_INIT(in);
        struct replay *replay = NULL;
        struct arena *arena;
        struct text text;

        ck_assert_msg(in != NULL, "%s", path);
        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        ck_assert_int_eq(replay_new(config, INSTANT_NEVER, told, ctx, &replay), 0);
        while (lines_next(&lines, &text) == 0)
                story_play_line(config, replay, text, arena);
        ck_assert_int_eq(replay_end(replay), 0);
        lines_done(&lines);
        arena_free(arena);
        ck_assert_int_eq(fclose(in), 0);
        return replay;
}

static inline int story_untold(void *ctx, const struct outcome *outcome) {
        (void) ctx;
        (void) outcome;
        return 0;
}
