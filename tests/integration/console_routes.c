/* SPDX-License-Identifier: EUPL-1.2 */

/* Prints the table of the console's pages and acts as JSON, for tests that go through it. */

#include <stdio.h>

#include "base/json.h"
#include "console/routes.h"

int main(void) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(1 << 20);
        struct json_writer w = JSON_WRITER(&out);

        jsonw_open_array(&w);
        for (size_t i = 0; i < console_routes_n; i++) {
                const struct console_route *route = &console_routes[i];

                jsonw_open_object(&w);
                jsonw_put_string(&w, "path", route->path);
                if (route->api)
                        jsonw_put_string(&w, "api", route->api);
                jsonw_put_bool(&w, "acts", route->acts);
                jsonw_put_bool(&w, "whole_chain", route->whole_chain);
                jsonw_key(&w, "roles");
                jsonw_open_array(&w);
                for (unsigned role = 0; role < PERSON_ROLES; role++) {
                        if (route->roles & 1u << role)
                                jsonw_string(&w, person_role_names[role]);
                }
                jsonw_close_array(&w);
                jsonw_close_object(&w);
        }
        jsonw_close_array(&w);
        return puts(buffer_text(&out)) < 0 || out.failed;
}
