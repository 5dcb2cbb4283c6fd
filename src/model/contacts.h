/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Contacts: who can be reached for what
 *
 * In config/organisations.yaml an organisation names its contacts, functional mailboxes and never people:
 *
 *   contacts: [{function: local-team, for: gi, mailbox: lokaal-team, deputy: lokaal-team-vervanging}]
 *
 * (from and until: the days on which it holds; mailbox: a name, of which the connector `mail` makes an address;
 * for: an organisation, a region: its municipalities, a kind of organisation, or a list; absent: everyone), and a region
 * says which functions its municipalities and GIs must name: `contacts: {municipality: [local-team], gi: [municipality-contact]}`.
 * A contact list is complete when each municipality reaches each GI of the region and the other way round,
 * and every contact has a deputy. Decides nothing: nobody is told anything because of a contact.
 */

#include "model/config.h"
#include "base/mistakes.h"

/*
 * Reads the contacts in @path (organisations.yaml, which @config was read from) and tells every one that is missing to @missing.
 * Return: 0; -EINVAL when there is a mistake of form or name, all told to @mistakes; negative errno.
 */
int contacts_check(const char *path, const struct config *config, struct mistakes *missing, struct mistakes *mistakes) MUSTCHECK;
