/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What the files about topics share; not for other folders
 */

#include "cluster/topics.h"

#define TOPICS_FIXED 6 /* those that depend on no event type and no organisation */

/* The rights that go with the topics, when the configuration names principals. Return: 0 or -ENOMEM. */
int topics_acls(const struct broker_config *config, const char *const *events, size_t events_n, const char *const *organisations,
                size_t organisations_n, struct arena *arena, struct topics *ret) MUSTCHECK;
