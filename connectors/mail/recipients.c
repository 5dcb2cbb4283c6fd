/* SPDX-License-Identifier: EUPL-1.2 */

/* Finds contacts that hold today, and the addresses of their mailboxes. */

#include "connectors/mail/recipients.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/settings.h"

static void recipients_add(struct recipients *to, const char *address, bool deputy) {
        if (to->n == RECIPIENTS_MAX || !name_is_mailbox(text_of(address)))
                return;
        for (size_t i = 0; i < to->n; i++) {
                if (strcmp(to->items[i].address, address) == 0)
                        return;
        }
        (void) snprintf(to->items[to->n].address, sizeof(to->items[to->n].address), "%s", address);
        to->items[to->n++].deputy = deputy;
}

static void recipients_add_mailbox(struct recipients *to, const struct mail_target *target, const char *mailbox, bool deputy) {
        const char *said = mailbox ? option_pairs_find(&target->mailboxes, text_of(mailbox)) : NULL;
        char address[MAILBOX_MAX + 1];

        if (said)
                recipients_add(to, said, deputy);
        else if (mailbox && target->domain && target->domain[0] &&
                 (size_t)snprintf(address, sizeof(address), "%s@%s", mailbox, target->domain) < sizeof(address))
                recipients_add(to, address, deputy);
}

/* @function: empty: the first that holds. */
static void recipients_add_function(struct recipients *to, const struct recipients_source *source, const struct organisation *row,
                                    const struct mail_target *target, struct text function) {
        for (size_t i = 0; i < row->n_contacts; i++) {
                const struct organisation_contact *contact = &row->contacts[i];

                if (source->today < contact->from || source->today > contact->until || (function.n > 0 && !text_is(function, contact->function)))
                        continue;
                recipients_add_mailbox(to, target, contact->mailbox, false);
                recipients_add_mailbox(to, target, contact->deputy, true);
                if (function.n == 0 && to->n > 0)
                        return;
        }
}

/* What the file says of the organisation of a row, which may be the successor of another; NULL: nothing. */
static const struct mail_target *recipients_target(const struct recipients_source *source, const struct organisation *row) {
        for (size_t i = 0; i < source->targets_n; i++) {
                if (source->targets[i].organisation && source->targets[i].organisation->index == row->index)
                        return source->targets[i].options;
        }
        return NULL;
}

void recipients_operators(const struct recipients_source *source, struct recipients *ret) {
        *ret = (struct recipients){.operators = true};
        for (size_t i = 0; i < source->operators->n; i++)
                recipients_add(ret, source->operators->items[i], false);
}

void recipients_find(const struct recipients_source *source, const struct organisation *organisation, struct text role, struct recipients *ret) {
        const struct organisation *row = organisation_follow(organisation, source->today);
        const struct mail_target *target = row ? recipients_target(source, row) : NULL;

        *ret = (struct recipients){0};
        if (target && role.n > 0)
                recipients_add_function(ret, source, row, target, role);
        for (size_t i = 0; target && ret->n == 0 && i < target->functions.n; i++)
                recipients_add_function(ret, source, row, target, text_of(target->functions.items[i]));
        if (target && ret->n == 0 && target->functions.n == 0)
                recipients_add_function(ret, source, row, target, (struct text){0});
        if (ret->n == 0)
                recipients_operators(source, ret);
}

static int recipients_check_target(const struct mail_target *target, struct error *err) {
        if (target->domain && target->domain[0] && !name_is_domain(text_of(target->domain))) {
                error_set(err, "domain: must be the part of an address behind its @, such as groningen.example");
                return -EINVAL;
        }
        for (size_t i = 0; i < target->mailboxes.n; i++) {
                if (name_is_mailbox(text_of(target->mailboxes.items[i].value)))
                        continue;
                error_set(err, "mailboxes: what stands behind '%.80s' is no address, such as postvak@groningen.example", target->mailboxes.items[i].key);
                return -EINVAL;
        }
        return 0;
}

int recipients_check(const struct recipients_source *source, struct error *err) {
        int r = 0;

        for (size_t i = 0; i < source->operators->n; i++) {
                if (name_is_mailbox(text_of(source->operators->items[i])))
                        continue;
                error_set(err, "operators: the %zu. of them is no address, such as beheer@ketenwacht.example", i + 1);
                return -EINVAL;
        }
        if (source->operators->n == 0) {
                error_set(err, "operators: at least one address is needed, for what has no other recipient");
                return -EINVAL;
        }
        for (size_t i = 0; r == 0 && i < source->targets_n; i++)
                r = recipients_check_target(source->targets[i].options, err);
        return r;
}
