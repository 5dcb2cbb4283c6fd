/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What organisations ask over HTTP, as questions for the desk, and its answers as problems and links
 *
 *   GET /events/<event_id>                    what became of an event of one's own
 *   GET /inbox[?after=…][&limit=…][&wait=…]   a page of one's own inbox
 */

#include <microhttpd.h>

#include "connect/desk.h"
#include "connect/problem.h"

#define QUESTION_INBOX "/inbox"
#define QUESTION_LINK_MAX 256

/* Whether what stands behind /events/ is asked for as an event_id. Return: true with *ret. */
bool question_event_id(const char *name, struct uuid *ret);

/* Reads what stands behind the question mark of /inbox; who asks is set. Return: true; false with the problem. */
bool question_inbox(struct MHD_Connection *connection, struct desk_question *ret, struct problem *problem);

/* The address of the page behind @cursor. */
void question_next(const struct desk_question *question, const struct inbox_cursor *cursor, char ret[QUESTION_LINK_MAX]);

/* The problem that an answer is; PROBLEM_NONE: it is none. @next: of question_next(), borrowed. */
void question_problem(const struct desk_answer *answer, const char *next, struct problem *ret);
