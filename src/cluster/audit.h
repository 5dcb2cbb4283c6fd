/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Records of `audit`: who did or saw what, and why
 *
 * Written before or together with what they tell of, never after. Knows no user and decides nothing.
 */

#include "base/buffer.h"
#include "bus/bus.h"
#include "model/event_types.h"

#define AUDIT_LOGIN "LOGIN"                 /* somebody logged in at the console */
#define AUDIT_LOGIN_FAILED "LOGIN_FAILED"   /* a wrong name or password; who is not known is not named */
#define AUDIT_LOGOUT "LOGOUT"
#define AUDIT_VIEW_CASE "VIEW_CASE"         /* a case was shown, without personal fields */
#define AUDIT_SEARCH "SEARCH"               /* a case was looked for */
#define AUDIT_VIEW_AUDIT "VIEW_AUDIT"       /* these records themselves */
#define AUDIT_ACKNOWLEDGE "ACKNOWLEDGE"     /* an alert was acknowledged */
#define AUDIT_REDRIVE "REDRIVE"             /* a dead letter was sent again */
#define AUDIT_PAUSE "PAUSE"                 /* a connector was paused */
#define AUDIT_RESUME "RESUME"               /* a connector that was paused, or stopped by its target, goes on */
#define AUDIT_VIEW_PERSONAL "VIEW_PERSONAL" /* personal data were shown */
#define AUDIT_EXPORT "EXPORT"               /* cases, or personal data, were written to files */
#define AUDIT_DONE "DONE"                   /* the result of what was done */
#define AUDIT_REFUSED "REFUSED"             /* of what was not */
#define AUDIT_FAILED "FAILED"               /* of what was to be done, and the broker did not take */
#define AUDIT_BEGUN "BEGUN"                 /* what is done in many steps has begun, each of which stands there too; how it ended stands there afterwards */
#define AUDIT_TEXT_MAX 500                  /* bytes of a reason or an object */

/* One record, in the terms of schemas/audit.avsc. Empty texts are null where the schema allows it. */
struct audit_record {
        struct uuid event_id; /* read only: it follows from what is said */
        instant_t at;
        struct text user, roles, organisation, address, action, object, result, reason;
};

struct audit_codec;

/* Return: 0; -EINVAL with a sentence: schemas/audit.avsc is missing or lacks a field that we know; -ENOMEM. */
int audit_codec_new(const struct event_types *types, struct audit_codec **ret, struct error *err) MUSTCHECK;
struct audit_codec *audit_codec_free(struct audit_codec *codec); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct audit_codec *, audit_codec_free);

/* Appends the body: framing and record; its event_id follows from what it says. Texts are UTF-8 and copied. Check @out->failed afterwards. */
void audit_encode(const struct audit_codec *codec, const struct audit_record *record, struct buffer *out);

/* Texts are views into @value. false: not such a record. */
bool audit_decode(const struct audit_codec *codec, const void *value, size_t n, struct audit_record *ret);

/* The record to produce, of a body that audit_encode() wrote. Borrows it. */
struct bus_record audit_bus_record(const struct buffer *body);
