/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Dates, terms and their calculation in words
 *
 * Dutch for people, JSON for programs: which days were skipped and why, where the end moved. Only
 * words what a struct trace says; decides nothing.
 */

#include "base/buffer.h"
#include "base/json.h"
#include "base/language.h"
#include "calendar/calendar.h"
#include "calendar/term.h"

#define DATE_DUTCH_MAX 40

/* "vrijdag 15 mei 2020"; returns @ret. */
const char *date_dutch(day_t date, char ret[DATE_DUTCH_MAX]);
/* The same with its length. */
struct text date_dutch_text(day_t date, char ret[DATE_DUTCH_MAX]);

/* "dinsdag 22 maart 2022 18:00 uur", "Tuesday 22 March 2022 18:00": local time. */
void instant_print(instant_t at, enum language language, struct buffer *out);
void instant_print_dutch(instant_t at, struct buffer *out);

/* "5 werkdagen", "1 maand"; a negative count without its sign. */
void term_step_print_dutch(struct term_step step, struct buffer *out);

/*
 * One sentence a line, the last one ending in a newline too:
 * "5 werkdagen na vrijdag 15 mei 2020: 21 mei (Hemelvaartsdag) en 22 mei (gelijkgestelde dag) tellen niet, zaterdagen en
 * zondagen evenmin; einde dinsdag 26 mei 2020."
 * Return: 0, or -ENOMEM when the buffer failed.
 */
int trace_print(const struct trace *trace, const struct calendar *cal, struct buffer *out) MUSTCHECK;

/*
 * One JSON object: {"from","steps":[{"step","from","to","skipped":[{"date","why"}]}],"roll","rolled":[{"date","why"}],
 * "extended_to","end","unknown_year","cut"}. rolled and extended_to only with roll legal; unknown_year and cut only when it is so.
 */
void trace_print_json(const struct trace *trace, const struct calendar *cal, struct json_writer *out);

/* "24 uur na zaterdag 28 oktober 2023 22:00 uur: zondag 29 oktober 2023 21:00 uur (de klok gaat een uur terug)." */
int term_hours_print(struct term_step step, instant_t from, instant_t end, struct buffer *out) MUSTCHECK;
