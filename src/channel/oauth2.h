/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Access tokens by client credentials (OAuth 2.0, RFC 6749 section 4.4): what is asked, and what an answer says
 *
 * Pure: who sends it, and who keeps the token for how long, is channel/http.h.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

#define OAUTH2_TOKEN_MAX 8192                    /* bytes of an access token */
#define OAUTH2_ANSWER_MAX ((size_t)64 * 1024)
#define OAUTH2_EARLY_MS 30000                    /* a token is not used so long before its end, or later */
#define OAUTH2_LIFE_MAX_MS (INT64_C(24) * 3600000) /* it is not kept longer, whatever is said */

struct oauth2_client {
        const char *client_id;
        struct text secret;
        const char *scope; /* NULL: none is asked for */
        bool in_body;      /* id and secret stand in the body, not in the header */
};

/* Appends the body of the request, as application/x-www-form-urlencoded. Whoever sent it wipes it. */
void oauth2_body_write(const struct oauth2_client *client, struct buffer *out);

/* Appends the value of Authorization: Basic, id and secret percent-encoded (section 2.3.1). Whoever sent it wipes it. */
void oauth2_basic_write(const struct oauth2_client *client, struct buffer *out);

/*
 * Reads the answer of a token server: appends the token to @token, and says for how long it may be kept (ms; 0: only for who waits for it now, since it
 * says no end, or one too near). expires_in may be a number, digits, null or absent. Return: 0; -EINVAL with a sentence that holds nothing of the answer but
 * its error code.
 */
int oauth2_answer_read(int status, struct text body, struct buffer *token, int64_t *ret_keep_ms, struct error *err) MUSTCHECK;
