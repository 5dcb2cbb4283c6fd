/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * All connectors
 *
 * One folder per outside system, one row here. What a connector is stands in connect/connector.h; a
 * connector uses the runtime and never another connector.
 */

#include "connect/connector.h"

extern const struct connector_ops connector_admission;
extern const struct connector_ops connector_corv;
extern const struct connector_ops connector_files_in;
extern const struct connector_ops connector_files_out;
extern const struct connector_ops connector_gi_http;
extern const struct connector_ops connector_ijw;
extern const struct connector_ops connector_ijw_out;
extern const struct connector_ops connector_inbox_table;
extern const struct connector_ops connector_mail;
extern const struct connector_ops connector_nrc_in;
extern const struct connector_ops connector_nrc_out;
extern const struct connector_ops connector_outbox_table;
extern const struct connector_ops connector_webhook;

/* In order of name; NULL behind the last. */
extern const struct connector_ops *const connectors[];
