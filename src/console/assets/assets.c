/* SPDX-License-Identifier: EUPL-1.2 */

/* Files that stand in the program, served under names that change with them. */

#include "console/assets/assets.h"

#include <string.h>

#include "console/console_assets.inc"

static const struct {
        const char *path, *content_type;
        const unsigned char *bytes;
        size_t n;
} assets[ASSETS] = {
        [ASSET_STYLE] = {ASSET_CONSOLE_CSS_PATH, "text/css; charset=utf-8", asset_console_css, sizeof(asset_console_css)},
        [ASSET_SCRIPT] = {ASSET_CONSOLE_JS_PATH, "text/javascript; charset=utf-8", asset_console_js, sizeof(asset_console_js)},
        [ASSET_ICON] = {ASSET_ICON_SVG_PATH, "image/svg+xml", asset_icon_svg, sizeof(asset_icon_svg)},
};

const char *assets_path(enum asset asset) {
        return assets[asset].path;
}

bool assets_answer(const struct web_request *request, struct web_answer *answer) {
        for (size_t i = 0; i < ASSETS; i++) {
                if (strcmp(web_path(request), assets[i].path) != 0)
                        continue;
                answer->content_type = assets[i].content_type;
                answer->cache = "public, max-age=31536000, immutable";
                buffer_add(&answer->body, assets[i].bytes, assets[i].n);
                return true;
        }
        return false;
}
