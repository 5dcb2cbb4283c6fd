/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A JW319 of iJw 3.2: what a municipality answers to a request for allocation, as far as it is no allocation
 *
 * The one message of iJw that names nobody, so that events alone are enough to make it. UTF-8 without a byte order mark, CR and LF at the end of lines, no
 * empty element.
 */

#include "base/buffer.h"
#include "model/event.h"

#define ANSWER_NAME_MAX 64 /* of its file, and a NUL */

struct answer_from {
        const struct event *event;   /* referral-answered */
        struct uuid delivery_id;     /* the same in every try: the message is too */
        const char *agb, *prefix;    /* of the receiver; see the connector's file */
        const char *rejection;       /* code of WJ759 for reasons that events do not tell apart */
        const char *xsd_version;     /* "1.0.0" */
};

enum answer_made {
        ANSWER_MADE,
        ANSWER_NONE,    /* it is an allocation, or names no request of iJw */
        ANSWER_REFUSED, /* it can never be one: a sentence in @err */
};

/* Appends the message, and writes the name of its file. */
enum answer_made answer_make(const struct answer_from *from, struct buffer *out, char ret_name[ANSWER_NAME_MAX], struct error *err) MUSTCHECK;
