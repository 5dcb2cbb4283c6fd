/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* From what is known of a case, or what one organisation was told of it, to what a picture shows. Everything lies in the arena that is given. */

#include "console/pictures/picture_life.h"
#include "engine/life.h"
#include "engine/told.h"

/* How an obligation stands, in words and as a mark. */
const char *case_status_words(enum status status, enum language language);
enum part_mark case_status_mark(enum status status);

/* What people call a type of event: in Dutch as its schema says, else its name. NULL: memory is out. */
const char *case_event_words(const struct event_type *type, enum language language, struct arena *arena);

/* The obligations of a life, those that matter most first: not done, running by their date, the rest the latest first. NULL: memory is out. */
const struct life_obligation **case_in_order(const struct life *life, struct arena *arena);

/* @linked: how many of @order, from the first, have a place of their own on the page, "obligation-1" and on. Return: 0 or -ENOMEM. */
int case_scene_of_life(const struct life *life, const struct life_obligation *const *order, size_t linked, enum language language, struct arena *arena,
                       struct picture_life *ret) MUSTCHECK;
int case_scene_of_told(const struct told *told, enum language language, struct arena *arena, struct picture_life *ret) MUSTCHECK;
