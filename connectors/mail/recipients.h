/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * To whom a mail goes: contacts of an organisation as addresses
 *
 * config/organisations.yaml names functional mailboxes and says from when until when each holds; the connector's file says what addresses they are. A record
 * for a role goes to the contacts of that function; when the organisation names none, to those of the functions that the file names; without such to the first
 * that it names. Deputies are written to as well. Who can be reached by none of these is left to the operators, who are told so. Pure.
 */

#include <stdbool.h>

#include "base/name.h"
#include "connect/connector.h"
#include "model/organisations.h"

#define RECIPIENTS_MAX 8 /* of one mail; contacts beyond it are left out */

/* What the connector's file says of one organisation. */
struct mail_target {
        const char *domain;              /* behind the @ of a mailbox; "": none */
        struct option_pairs mailboxes;   /* a mailbox and its address, where that is another one */
        struct option_list functions;
};

struct recipients {
        struct recipient {
                char address[MAILBOX_MAX + 1];
                bool deputy;
        } items[RECIPIENTS_MAX]; /* none twice */
        size_t n;
        bool operators; /* nobody is known there: these are the operators */
};

struct recipients_source {
        const struct connector_target *targets; /* what the file says of each organisation: options are struct mail_target */
        size_t targets_n;
        const struct option_list *operators;    /* addresses */
        day_t today;
};

/* @role: as which the organisation hears of it; empty: as nobody in particular. */
void recipients_find(const struct recipients_source *source, const struct organisation *organisation, struct text role, struct recipients *ret);

/* The operators alone. */
void recipients_operators(const struct recipients_source *source, struct recipients *ret);

/* Whether what the file says of mailboxes are addresses. Return: 0; -EINVAL with a sentence. */
int recipients_check(const struct recipients_source *source, struct error *err) MUSTCHECK;
