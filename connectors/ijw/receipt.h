/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The return message to an iJw message: its header alone, JW306 to a JW305, with the code of what is wrong with the whole of it or in its header
 *
 * Sender, receiver, identification and versions are copied from what is answered. It can be made of the header, so no one is named in it. One whose fault is in
 * a class would bring back the whole client, whom nobody here keeps; levels 1 and 2 and the header have no such fault.
 */

#include "base/buffer.h"
#include "channel/reception.h"
#include "connectors/ijw/message.h"

#define RECEIPT_NAME_MAX RECEPTION_NAME_MAX

#define RECEIPT_RULES "0001"      /* a rule of level 2: it is not told which */
#define RECEIPT_FUTURE "8848"     /* Dagtekening lies in the future */
#define RECEIPT_NOT_UNIQUE "9056" /* Identificatie was used before */

/*
 * Appends it, and writes the name of its file. @prefix: two of A-Z and 0-9. @today: its Dagtekening. @fault: one of the above; NULL: without a fault. false: @m
 * is a return message, which is not answered.
 */
bool receipt_make(const struct ijw_message *m, const char *prefix, day_t today, const char *fault, struct buffer *out, char ret_name[RECEIPT_NAME_MAX]);

/* The code of what level 2 refuses; NULL: what @refusal says is told outside the traffic (level 1). */
const char *receipt_code(const struct ijw_refusal *refusal);
