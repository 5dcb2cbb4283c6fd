/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The answers to a notificatieDi01: Bv03 when everything that follows from it is on the broker, else Fo03 in a SOAP fault
 *
 * Sender and receiver change places, and crossRefnummer is the referentienummer that is answered. The same answer to the same notification is the same but for
 * its instant. No value of the notification's object stands in it.
 */

#include "base/buffer.h"
#include "connectors/corv/notice.h"

enum reply_place { REPLY_CLIENT, REPLY_SERVER }; /* whose fault it is */

#define REPLY_NOT_THE_INTERFACE "StUF055" /* the body is not as the schema of the interface says; REPLY_CLIENT */
#define REPLY_NOT_HANDLED "StUF058"       /* it could not be handled now; REPLY_SERVER: send it again */

/* Appends a Bv03 in an envelope. @at: of the answer. */
void reply_received(const struct notice *n, instant_t at, struct buffer *out);

/* Appends a Fo03. @n: as far as it was read, or NULL. @details: a sentence without values, or NULL. */
void reply_fault(const struct notice *n, const char *code, enum reply_place place, const char *details, instant_t at, struct buffer *out);
