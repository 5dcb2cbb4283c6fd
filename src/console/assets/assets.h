/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* The stylesheet, the script and the icon, as they were when the program was built. */

#include <stdbool.h>

#include "web/server.h"

enum asset { ASSET_STYLE, ASSET_SCRIPT, ASSET_ICON, ASSETS };

/* Where it is served; the path holds a digest of what is there, so that browsers may keep it. */
const char *assets_path(enum asset asset);

/* Answers when the path is that of an asset. Return: whether it is. */
bool assets_answer(const struct web_request *request, struct web_answer *answer);
