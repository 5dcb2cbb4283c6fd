/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* What a command shows or does stands in audit before. */

#include "cli/broker.h"
#include "cluster/audit.h"
#include "model/event_types.h"

/*
 * Writes the record and waits until all replicas have it. Return: 0; negative errno with a sentence: it is not there, and nothing may be shown or done.
 */
int command_audited(struct command_broker *broker, const struct event_types *types, const struct audit_record *record, struct error *err) MUSTCHECK;
