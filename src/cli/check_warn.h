/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What `ketenwacht check` warns of in a configuration without mistakes
 */

#include "model/config.h"

/*
 * Contacts that are missing, what a protocol may say and hardly means, and a calendar that ends soon: each a line in @warnings. @organisations, @calendar:
 * where these stand. Return: 0; -EINVAL when the contacts have a mistake, told to @mistakes; negative errno.
 */
int check_warn(const struct config *config, const char *organisations, const char *calendar, struct mistakes *warnings, struct mistakes *mistakes) MUSTCHECK;
