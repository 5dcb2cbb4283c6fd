/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Mails to one server: a few at once, each to one recipient, over connections that are used again
 *
 * One recipient for each transfer, since of several one that is refused would stop all, or nobody learns which was. TLS is required as the caller says, and a
 * login that is configured is given only over TLS and only to a server that asks for one: one that does not is not spoken to. One thread.
 */

#include "base/buffer.h"
#include "connect/secret.h"
#include "connectors/mail/answer.h"

#define SMTP_URL_MAX 600
#define SMTP_COMMAND_MAX 16

struct smtp;

struct smtp_config { /* borrowed: must outlive it */
        const char *server;          /* smtp://host:port or smtps://host:port, checked by smtp_check() */
        bool starttls;               /* smtp://: TLS or nothing */
        const char *hello;           /* who we say that we are: a domain */
        const char *sender;          /* of the envelope; "": none, for mail that is never answered */
        const char *ca_file;         /* NULL: those of the system */
        const char *user;            /* "": no login */
        const struct secrets *password; /* the first is given; looked at for each mail */
        int64_t timeout, connect_timeout; /* ms, of one mail */
        size_t parallel;
};

/* Whether it is the address of a mail server without a user. Return: 0; -EINVAL with a sentence. */
int smtp_check(const char *server, struct error *err) MUSTCHECK;
bool smtp_is_implicit(const char *server); /* smtps:// */
bool smtp_is_own_machine(const char *server); /* a loopback address, or localhost */

int smtp_new(const struct smtp_config *config, struct smtp **ret) MUSTCHECK; /* 0 or -ENOMEM */
struct smtp *smtp_free(struct smtp *smtp); /* NULL ok; returns NULL */

/* How many mails are under way. */
size_t smtp_busy(const struct smtp *smtp);

/* Begins to send to @recipient. @message: with CR LF, borrowed until it is over. Fewer than config->parallel are under way (assert). Return: 0 or -ENOMEM. */
int smtp_send(struct smtp *smtp, const char *recipient, const struct buffer *message, void *cookie) MUSTCHECK;

/* Moves all along, waiting at most @timeout_ms; says of each that is over how, and may be given further ones then. Return: 0 or -EIO with a sentence. */
typedef void smtp_over(void *ctx, void *cookie, const struct smtp_answer *answer);
int smtp_turn(struct smtp *smtp, int timeout_ms, smtp_over *over, void *ctx, struct error *err) MUSTCHECK;

/* Forgets all that are under way, without a word. */
void smtp_abandon(struct smtp *smtp);

/* Connects, says who we are, makes TLS and logs in, and sends nothing. Takes config->timeout at most. */
void smtp_probe(struct smtp *smtp, struct smtp_answer *ret);
