/* SPDX-License-Identifier: EUPL-1.2 */

/* The body of a notification: required fields and their lengths as the standard has them. */

#include "connectors/nrc-in/notification.h"

#include <string.h>

#include "base/buffer.h"
#include "base/json_read.h"
#include "calendar/date.h"

#define ID_TEXT_MAX (2 * NOTIFICATION_BODY_MAX)

static const struct {
        const char *key;
        size_t most; /* characters; bytes are counted, which may be more */
} notification_texts[] = {{"kanaal", 50}, {"hoofdObject", 2000}, {"resource", 100}, {"resourceUrl", 2000}, {"actie", 100}, {"aanmaakdatum", 64}};

static const char *notification_text(const struct notification *n, const char *key) {
        return json_string_value(json_object_get(n->json, key));
}

static bool notification_check(const struct notification *n, struct error *err) {
        const json_t *marks = json_object_get(n->json, "kenmerken");

        for (size_t i = 0; i < ELEMENTS(notification_texts); i++) {
                const char *text = notification_text(n, notification_texts[i].key);

                if (text && text[0] && strlen(text) <= 4 * notification_texts[i].most)
                        continue;
                error_set(err, "%s must be a text of 1 to %zu characters", notification_texts[i].key, notification_texts[i].most);
                return false;
        }
        if (marks && !json_is_null(marks) && !json_is_object(marks)) {
                error_set(err, "kenmerken must be an object, when it is there");
                return false;
        }
        return true;
}

bool notification_read(struct text body, struct notification *ret, struct error *err) {
        struct notification n = {.json = json_read_object(body, JSON_OF_BODY, LANGUAGE_EN, err)};

        if (!n.json)
                return false;
        if (!notification_check(&n, err)) {
                notification_done(&n);
                return false;
        }
        if (!instant_parse(text_of(notification_text(&n, "aanmaakdatum")), &n.created)) {
                error_set(err, "aanmaakdatum must be an instant as RFC 3339 writes it, with an offset");
                notification_done(&n);
                return false;
        }
        n.kanaal = notification_text(&n, "kanaal");
        n.hoofd_object = notification_text(&n, "hoofdObject");
        n.resource = notification_text(&n, "resource");
        n.resource_url = notification_text(&n, "resourceUrl");
        n.actie = notification_text(&n, "actie");
        *ret = n;
        return true;
}

void notification_done(struct notification *n) {
        json_decref(n->json);
        *n = (struct notification){0};
}

struct uuid notification_event_id(const struct notification *n, const char *organisation) {
        CLEANUP(buffer_done) struct buffer name = BUFFER_INIT(ID_TEXT_MAX);

        buffer_printf(&name, "nrc|%s|%s|%s|%s|%s|%lld", organisation, n->kanaal, n->resource, n->actie, n->resource_url, (long long)n->created);
        return uuid_v5(&uuid_namespace_ketenwacht, name.bytes, name.n);
}

struct text notification_last(const char *url) {
        const char *path = strstr(url, "://");
        size_t n;

        path = path ? strchr(path + 3, '/') : NULL;
        if (!path)
                return (struct text){0};
        n = strcspn(path, "?#");
        while (n > 0 && path[n - 1] == '/')
                n--;
        for (size_t from = n; from > 0; from--) {
                if (path[from - 1] == '/')
                        return (struct text){path + from, n - from};
        }
        return (struct text){0};
}
