/* SPDX-License-Identifier: EUPL-1.2 */

/* Three parts in base64url with dots between: header, claims, and their HMAC. */

#include "channel/zgw.h"

#include <assert.h>
#include <sodium.h>

#include "base/json.h"

#define ZGW_VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define ZGW_HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

static void zgw_base64(const void *bytes, size_t n, struct buffer *out) {
        size_t room = sodium_base64_encoded_len(n, ZGW_VARIANT); /* with a NUL */
        char *at = (char *)buffer_reserve(out, room);

        if (!at)
                return;
        (void) sodium_bin2base64(at, room, bytes, n, ZGW_VARIANT);
        out->n += room - 1;
}

static void zgw_claims(const struct zgw_client *client, instant_t now, struct buffer *out) {
        struct json_writer json = JSON_WRITER(out);

        jsonw_open_object(&json);
        jsonw_put_string(&json, "iss", client->client_id);
        jsonw_put_int(&json, "iat", now / 1000 - ZGW_BEHIND_S);
        jsonw_put_int(&json, "exp", now / 1000 + ZGW_LIFE_S);
        jsonw_put_string(&json, "client_id", client->client_id);
        jsonw_put_string(&json, "user_id", client->user_id ? client->user_id : "");
        jsonw_put_string(&json, "user_representation", client->user_representation ? client->user_representation : "");
        jsonw_close_object(&json);
}

void zgw_token_write(const struct zgw_client *client, instant_t now, struct buffer *out) {
        CLEANUP(buffer_done) struct buffer claims = BUFFER_INIT(ZGW_TOKEN_MAX);
        uint8_t code[crypto_auth_hmacsha256_BYTES];
        crypto_auth_hmacsha256_state state;
        size_t from = out->n;

        assert(client->client_id && client->secret.n > 0);
        zgw_claims(client, now, &claims);
        zgw_base64(ZGW_HEADER, sizeof(ZGW_HEADER) - 1, out);
        buffer_add_byte(out, '.');
        zgw_base64(claims.bytes, claims.n, out);
        out->failed = out->failed || claims.failed;
        if (out->failed)
                return;
        (void) crypto_auth_hmacsha256_init(&state, (const unsigned char *)client->secret.s, client->secret.n);
        (void) crypto_auth_hmacsha256_update(&state, out->bytes + from, out->n - from);
        (void) crypto_auth_hmacsha256_final(&state, code);
        sodium_memzero(&state, sizeof(state));
        buffer_add_byte(out, '.');
        zgw_base64(code, sizeof(code), out);
}
