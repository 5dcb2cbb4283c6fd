/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Reading the folder of protocols
 */

#include "base/arena.h"
#include "model/organisations.h"
#include "model/event_types.h"
#include "model/protocol.h"

#define PROTOCOLS_MAX 1000
#define STORIES_SUFFIX ".stories.yaml" /* of a file that tests the protocol beside it */

/*
 * Reads every .yaml in @folder that holds no stories; a folder that is not there holds none. @also: a file from elsewhere that is read as if
 * it stood there, in the place of the one of its name, and last, so that it is told what does not go with the others; NULL: none. Everything
 * lives in @arena; @types and @orgs must outlive it. Return: 0; -EINVAL when there is a mistake, all told to @mistakes; negative errno.
 */
int protocols_read(const char *folder, const char *also, const struct event_types *types, const struct organisations *orgs, struct arena *arena,
                   struct protocols *ret, struct mistakes *mistakes) MUSTCHECK;
