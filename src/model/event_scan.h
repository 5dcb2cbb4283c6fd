/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * An event from its line at once, without a tree of JSON in between
 *
 * Only there for speed: it takes the lines that programs write, with "event" first, and leaves every other one, right or wrong, to
 * model/event_json.h, which says what is wrong with it. What it takes that reading takes as well, and makes the same of it
 * (tests/unit/test_lines.c). A replay of a year takes 0.64 of what it takes with the tree.
 */

#include "base/arena.h"
#include "model/event.h"
#include "model/event_types.h"

/*
 * Reads one line of one object into *ret, whose slots and texts lie in @arena, and *ret_key: what stands under "key", .s NULL when nothing does.
 * Values are of their field, and in their domain but for what event_judge_values() finds. Return: false: not for this reader, or no memory.
 */
bool event_scan(const struct event_types *types, struct text line, struct arena *arena, struct event *ret, struct text *ret_key) MUSTCHECK;

/*
 * The case of a line at a glance: when it is said, the line is an event of that case or none that anybody takes. Return: false: nobody knows
 * without reading it.
 */
bool event_scan_case(struct text line, struct uuid *ret) MUSTCHECK;
