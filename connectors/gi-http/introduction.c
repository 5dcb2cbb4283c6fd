/* SPDX-License-Identifier: EUPL-1.2 */

/* Who may send here, and the probe of an Open Notificaties. */

#include "connectors/gi-http/introduction.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#define PROBE_MEMBER "kanaal"
#define PROBE_VALUE "test"

bool introduction_allows(const struct option_list *origins, const char *origin) {
        for (size_t i = 0; i < origins->n; i++) {
                if (strcasecmp(origins->items[i], origin) == 0)
                        return true;
        }
        return false;
}

bool introduction_is_probe(struct text body) {
        const char *kanaal;
        json_t *json;
        bool probe;

        if (body.n == 0 || !memmem(body.s, body.n, PROBE_MEMBER, strlen(PROBE_MEMBER))) /* no event has such a word; none is read twice */
                return false;
        json = json_loadb(body.s, body.n, JSON_REJECT_DUPLICATES, NULL);
        kanaal = json_string_value(json_object_get(json, PROBE_MEMBER));
        probe = kanaal && strcmp(kanaal, PROBE_VALUE) == 0 && !json_object_get(json, "event_id");
        json_decref(json);
        return probe;
}
