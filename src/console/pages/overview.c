/* SPDX-License-Identifier: EUPL-1.2 */

/* How the whole chain stands, on one page. */

#include "console/pages/pages.h"

void page_overview(struct exchange *x) {
        struct html h;

        if (x->json) {
                struct json_writer w = exchange_json(x);

                jsonw_open_object(&w);
                instant_put_exact(&w, "at", x->now);
                jsonw_close_object(&w);
                return;
        }
        exchange_page_begin(x, &h, SAY(x, "Overview", "Overzicht"));
        exchange_page_end(x, &h);
}
