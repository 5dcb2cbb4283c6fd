/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* Addresses of others' HTTP servers, as they may stand in a configuration. */

#include <stdbool.h>

#include "base/error.h"
#include "base/language.h"

/*
 * Whether requests may go to @url: it is a URL with a host, without a user or password, and https; plain http only on this machine, or where
 * @allow_http says that the network is protected otherwise. @credentials: the key that a user or password belongs under.
 * Return: 0; -EINVAL with a sentence that begins with "url: "; -ENOMEM.
 */
int web_address_check(const char *url, bool allow_http, const char *credentials, enum language language, struct error *err) MUSTCHECK;
