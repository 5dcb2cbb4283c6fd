/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A record of an inbox as a mail: what it says, and to which thread it belongs
 *
 * Dutch, plain text, without personal data: what ketenwacht itself tells says its sentence; of a copy of an event only its type, its source and its case
 * are told, never a field.
 * Message-ID is that of the event, so that a repetition is recognisable; all mails about one obligation are one thread, by References to names
 * that no mail has: first that of the obligation, then that of the alert. Pure: the same record gives the same bytes.
 */

#include "connect/connector.h"
#include "connectors/mail/recipients.h"

#define MESSAGE_MAX ((size_t)64 * 1024)
#define DIGEST_MAX ((size_t)2 * 1024 * 1024) /* a digest, as it is sent */

enum message_kind { MESSAGE_RAISED, MESSAGE_RESOLVED, MESSAGE_PLAN, MESSAGE_NO, MESSAGE_COPY, MESSAGE_KINDS };
/* What a record of this type is to a mail: a copy of an event unless ketenwacht itself tells it. */
enum message_kind message_kind_of(const struct event_type *type);

/* What the connector's file says. */
struct message_style {
        const char *from, *name; /* address; what stands before it, "": nothing */
        const char *domain;      /* behind the @ of ids: that of @from */
        const char *link;        /* a template with {case_id}, {event_id}, {organisation}; "": none */
        const struct organisations *organisations;
};

/* Whether the template names nothing else in braces, and is an address of the web. Return: 0; -EINVAL with a sentence. */
int message_check_link(const char *link, struct error *err) MUSTCHECK;

/* As which role the organisation hears of it; empty: it does not say. */
struct text message_role(const struct event *event);

/* One record as an item of a digest: its sentence and its ids. */
void message_write_item(const struct message_style *style, const struct event *event, struct buffer *out);

/* A digest of @n records, which message_write_item() wrote: of an inbox, on a day. */
struct message_digest {
        const struct organisation *organisation;
        struct uuid id; /* of the Message-ID */
        instant_t at;
        size_t n;
        struct text items;
};
int message_write_digest(const struct message_style *style, const struct message_digest *digest, const struct recipients *to, struct buffer *out) MUSTCHECK;

/*
 * Writes the mail, headers and body, with CR LF. @gi: of the case, or NULL: it is not known. Return: 0; -EINVAL: a value cannot stand in a header; -ENOMEM.
 */
int message_write(const struct message_style *style, const struct delivery *delivery, const struct recipients *to, const struct organisation *gi,
                  struct buffer *out) MUSTCHECK;
