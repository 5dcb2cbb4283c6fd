/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The languages in which something is said to people
 *
 * Both texts stand side by side where they are said, so that one is not changed without the other, and the compiler checks the formats of both:
 *
 *         error_set(err, IN_LANGUAGE(language, "%s: is missing", "%s: ontbreekt"), field);
 */

#include <stdbool.h>

#include "base/text.h"

enum language { LANGUAGE_EN, LANGUAGE_NL, LANGUAGES };

#define IN_LANGUAGE(language, en, nl) ((language) == LANGUAGE_NL ? (nl) : (en))

/* "en", "nl". */
const char *language_tag(enum language language);

/* The language of a tag or a locale: "nl", "nl-BE", "nl_NL.UTF-8", in any case. False: none of ours. */
bool language_of_tag(struct text tag, enum language *ret);

/*
 * The one of ours that an Accept-Language header (RFC 9110, 12.5.4) likes best: by q-value, of two that are as good the first. @fallback for no header, for
 * one that wants none of ours, and for *.
 */
enum language language_of_accept(const char *header, enum language fallback);

/* What a negative errno says, in this language: "does not exist" for -ENOENT; of rare ones the system's own words. */
const char *language_errno(enum language language, int e);

/* nearest_hint() in this language: " (bedoelde u 'x'?)". */
const char *language_hint(enum language language, const struct nearest *nearest, char ret[NEAREST_HINT_MAX]);

/* The same, and behind it all that can stand there when that is few: " (did you mean 'OTS'?); it can be OTS, VOTS". */
#define LANGUAGE_CHOICE_MAX 1024
const char *language_choice(enum language language, const struct nearest *nearest, char ret[LANGUAGE_CHOICE_MAX]);
