/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The token by which ZGW APIs know their clients: a JWT signed with HS256
 *
 * Claims iss and client_id (who calls), iat, exp, user_id and user_representation, as zgw-consumers writes them. Made anew for each request: receivers
 * bound the age of iat. It lies ZGW_BEHIND_S in the past, because many receivers refuse a clock that is ahead, and one answers it with 500.
 * Knows nothing of HTTP.
 */

#include "base/buffer.h"
#include "base/clock.h"
#include "base/text.h"

#define ZGW_BEHIND_S 10   /* iat, before the present */
#define ZGW_LIFE_S 120    /* exp, behind the present: as far as two clocks may differ and a request be under way */
#define ZGW_TOKEN_MAX ((size_t)4096)

struct zgw_client {
        const char *client_id;
        struct text secret;                       /* shared with the receiver; any bytes, 32 or more */
        const char *user_id, *user_representation; /* NULL: an empty text, as zgw-consumers says it */
};

/* Appends a token of @now to @out, which fails when it has not room for ZGW_TOKEN_MAX. Whoever sent it wipes it. */
void zgw_token_write(const struct zgw_client *client, instant_t now, struct buffer *out);
