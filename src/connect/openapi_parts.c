/* SPDX-License-Identifier: EUPL-1.2 */

/* References, properties and the head of an OpenAPI document. */

#include "connect/openapi_parts.h"

#include <stdio.h>

void openapi_reference(struct json_writer *w, const char *kind, const char *name, const char *suffix) {
        char text[OPENAPI_REFERENCE_MAX];

        (void) snprintf(text, sizeof(text), "#/components/%s/%s%s", kind, name, suffix);
        jsonw_open_object(w);
        jsonw_put_string(w, "$ref", text);
        jsonw_close_object(w);
}

void openapi_property(struct json_writer *w, const char *name, const char *type, const char *doc) {
        jsonw_key(w, name);
        jsonw_open_object(w);
        jsonw_put_string(w, "type", type);
        jsonw_put_string(w, "description", doc);
        jsonw_close_object(w);
}

void openapi_info(struct json_writer *w, const char *title, const char *version, const char *description) {
        jsonw_key(w, "info");
        jsonw_open_object(w);
        jsonw_put_string(w, "title", title);
        jsonw_put_string(w, "version", version);
        jsonw_key(w, "license");
        jsonw_raw(w, "{\"name\":\"EUPL-1.2\",\"identifier\":\"EUPL-1.2\"}");
        jsonw_put_string(w, "description", description);
        jsonw_close_object(w);
}
