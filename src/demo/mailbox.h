/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The mailboxes of a small municipality: takes what `mail` sends, and puts each mail into a file
 *
 * SMTP as far as `mail` speaks it, without TLS, on 127.0.0.1; one thread of its own. A mail that came for several mailboxes is known by its Message-ID
 * and stands in one file, 0001.eml and so on. Connections, lines and mails are bounded.
 */

#include <stdint.h>

#include "base/error.h"

#define MAILBOX_CONNECTIONS_MAX 16
#define MAILBOX_MAIL_MAX ((size_t)1 << 20)
#define MAILBOX_FILES_MAX 9999
#define MAILBOX_NORMS_MAX 4

struct mailbox;

/*
 * @norms, NULL behind the last, MAILBOX_NORMS_MAX at most, borrowed: mails on these are counted by themselves. @folder: made when it is not there; what
 * stood in its files goes. Copied. Return: 0; negative errno with a sentence.
 */
int mailbox_start(const char *folder, const char *const *norms, struct mailbox **ret, struct error *err) MUSTCHECK;
struct mailbox *mailbox_stop(struct mailbox *mailbox); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct mailbox *, mailbox_stop);

/* The port on which it listens, chosen by the system. */
uint16_t mailbox_port(const struct mailbox *mailbox);

/* Mails that came, each once, however many recipients it has. From any thread. */
int64_t mailbox_count(struct mailbox *mailbox);

/* Those of the norm at @place of @norms. From any thread. */
int64_t mailbox_count_of(struct mailbox *mailbox, size_t place);
