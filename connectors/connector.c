/* SPDX-License-Identifier: EUPL-1.2 */

/* The connectors that there are: one row each. */

#include "connectors/connector.h"

const struct connector_ops *const connectors[] = {
        &connector_admission,
        &connector_corv,
        &connector_files_in,
        &connector_files_out,
        &connector_gi_http,
        &connector_ijw,
        &connector_ijw_out,
        &connector_inbox_table,
        &connector_mail,
        &connector_nrc_in,
        &connector_nrc_out,
        &connector_outbox_table,
        &connector_webhook,
        NULL,
};
