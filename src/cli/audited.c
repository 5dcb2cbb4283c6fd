/* SPDX-License-Identifier: EUPL-1.2 */

/* One record of audit, acknowledged. */

#include "cli/audited.h"

#include <errno.h>

#include "cluster/topics.h"

#define BODY_BYTES_MAX ((size_t)64 * 1024)

int command_audited(struct command_broker *broker, const struct event_types *types, const struct audit_record *record, struct error *err) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(BODY_BYTES_MAX);
        CLEANUP(audit_codec_free_p) struct audit_codec *codec = NULL;
        CLEANUP(bus_producer_close_p) struct bus_producer *producer = NULL;
        static const char *const topics[] = {TOPIC_AUDIT};
        const struct bus_producer_config config = {.transactional_id = "ketenwacht-audit", .topics = topics, .topics_n = 1};
        struct bus_record made;
        int r = audit_codec_new(types, &codec, err);

        if (r == 0)
                r = bus_producer_open(broker->bus, &config, &producer, err);
        if (r)
                return r;
        audit_encode(codec, record, &body);
        if (body.failed)
                return -ENOMEM;
        made = audit_bus_record(&body);
        r = bus_producer_send(producer, &made, NULL, err);
        if (r == 0)
                r = bus_producer_commit(producer, NULL, err);
        if (r > 0)
                error_set(err, "the broker did not take the record of audit; nothing is shown");
        return r > 0 ? -EIO : r;
}
