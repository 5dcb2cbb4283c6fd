/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The return message without a fault to an iJw message: its header alone, JW306 to a JW305
 *
 * Sender, receiver, identification and versions are copied from what is answered. It can be made of the header, so no one is named in it.
 */

#include "base/buffer.h"
#include "channel/reception.h"
#include "connectors/ijw/message.h"

#define RECEIPT_NAME_MAX RECEPTION_NAME_MAX

/* Appends it, and writes the name of its file. @prefix: two of A-Z and 0-9. @today: its Dagtekening. false: @m is a return message, which is not answered. */
bool receipt_make(const struct ijw_message *m, const char *prefix, day_t today, struct buffer *out, char ret_name[RECEIPT_NAME_MAX]);
