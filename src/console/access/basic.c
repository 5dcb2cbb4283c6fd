/* SPDX-License-Identifier: EUPL-1.2 */

/* The header taken apart. */

#include "console/access/basic.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#define BASIC_SCHEME "Basic "
#define BASIC_FOLDER "/meldingen/"
#define BASIC_ENDING ".atom"

bool basic_is_feed(const char *path) {
        size_t n = strlen(path), ending = strlen(BASIC_ENDING);

        return strncmp(path, BASIC_FOLDER, strlen(BASIC_FOLDER)) == 0 && n > strlen(BASIC_FOLDER) + ending && strcmp(path + n - ending, BASIC_ENDING) == 0;
}

bool basic_read(const char *header, struct basic *ret) {
        size_t n;
        char *colon;

        *ret = (struct basic){.name = ret->text};
        if (!header || strncasecmp(header, BASIC_SCHEME, strlen(BASIC_SCHEME)) != 0)
                return false;
        header += strlen(BASIC_SCHEME);
        if (sodium_base642bin((unsigned char *)ret->text, BASIC_TEXT_MAX, header, strlen(header), " ", &n, NULL, sodium_base64_VARIANT_ORIGINAL))
                return false;
        ret->text[n] = '\0';
        colon = strchr(ret->text, ':');
        if (!colon || strlen(ret->text) != n)
                return false;
        *colon = '\0';
        ret->password = colon + 1;
        return true;
}
