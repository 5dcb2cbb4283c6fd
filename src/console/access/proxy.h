/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What a proxy says of who asks
 *
 * Believed only over the UNIX socket or from an address that is named, and only with the secret, which is compared in even time. A header that comes twice
 * is not believed: of two that differ nobody knows which one the proxy wrote.
 */

#include "console/settings.h"

enum proxy_says {
        PROXY_NOTHING,  /* there is none, or it names nobody: others may say who asks */
        PROXY_PERSON,
        PROXY_NO_ROLES, /* somebody of whom no group is known here */
        PROXY_UNCLEAR,  /* a header twice, a name that nobody can have, or groups of two organisations */
};

/* *ret_person: name, roles and organisation with PROXY_PERSON; its address, as the proxy saw it, whenever it is believed. */
enum proxy_says proxy_ask(const struct console_settings *settings, const struct web_request *request, struct person *ret_person);

/*
 * Roles and organisation of somebody of these groups, with commas between them: all roles of all that are known; the organisation when one of them has it.
 * false: groups of two organisations. Known by no group: no roles.
 */
bool proxy_read_groups(const struct console_settings *settings, const char *groups, struct person *ret_person);
