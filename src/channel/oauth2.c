/* SPDX-License-Identifier: EUPL-1.2 */

/* The form that asks for an access token, and a reader of answers that is strict about tokens and lenient about how long they hold. */

#include "channel/oauth2.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#define OAUTH2_VARIANT sodium_base64_VARIANT_ORIGINAL
#define OAUTH2_ERROR_MAX 40 /* bytes of an error code that are told */

static void oauth2_percent(struct text text, struct buffer *out) {
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

        for (size_t i = 0; i < text.n; i++) {
                if (text.s[i] != '\0' && strchr(plain, text.s[i]))
                        buffer_add_byte(out, (uint8_t)text.s[i]);
                else
                        buffer_printf(out, "%%%02X", (unsigned)(uint8_t)text.s[i]);
        }
}

void oauth2_body_write(const struct oauth2_client *client, struct buffer *out) {
        buffer_add_text(out, "grant_type=client_credentials");
        if (client->scope) {
                buffer_add_text(out, "&scope=");
                oauth2_percent(text_of(client->scope), out);
        }
        if (!client->in_body)
                return;
        buffer_add_text(out, "&client_id=");
        oauth2_percent(text_of(client->client_id), out);
        buffer_add_text(out, "&client_secret=");
        oauth2_percent(client->secret, out);
}

static void buffer_wipe(struct buffer *b) {
        if (b->bytes)
                explicit_bzero(b->bytes, b->capacity);
        buffer_done(b);
}

void oauth2_basic_write(const struct oauth2_client *client, struct buffer *out) {
        struct buffer pair = BUFFER_INIT(OAUTH2_TOKEN_MAX);
        size_t room;
        char *at;

        oauth2_percent(text_of(client->client_id), &pair);
        buffer_add_byte(&pair, ':');
        oauth2_percent(client->secret, &pair);
        buffer_add_text(out, "Basic ");
        room = sodium_base64_encoded_len(pair.n, OAUTH2_VARIANT); /* with a NUL */
        at = pair.failed ? NULL : (char *)buffer_reserve(out, room);
        if (at) {
                (void) sodium_bin2base64(at, room, pair.bytes, pair.n, OAUTH2_VARIANT);
                out->n += room - 1;
        }
        out->failed |= pair.failed;
        buffer_wipe(&pair);
}

/* Of an error code what can be no secret: letters, and only a few. */
static const char *oauth2_error(const json_t *json, char ret[OAUTH2_ERROR_MAX + 1]) {
        const char *code = json_string_value(json_object_get(json, "error"));
        size_t n = code ? strspn(code, "abcdefghijklmnopqrstuvwxyz_") : 0;

        if (n == 0 || code[n] != '\0' || n > OAUTH2_ERROR_MAX)
                return "";
        return memcpy(ret, code, n + 1);
}

static int64_t oauth2_keep(const json_t *expires_in) {
        int64_t seconds = 0;

        if (json_is_integer(expires_in))
                seconds = json_integer_value(expires_in);
        else if (json_is_real(expires_in) && json_real_value(expires_in) > 0 && json_real_value(expires_in) < (double)OAUTH2_LIFE_MAX_MS)
                seconds = (int64_t)json_real_value(expires_in);
        else if (!json_is_string(expires_in) || !text_to_int64(text_of(json_string_value(expires_in)), &seconds))
                return 0;
        if (seconds > OAUTH2_LIFE_MAX_MS / 1000)
                seconds = OAUTH2_LIFE_MAX_MS / 1000;
        return seconds * 1000 > OAUTH2_EARLY_MS ? seconds * 1000 - OAUTH2_EARLY_MS : 0;
}

static int oauth2_take(const json_t *json, struct buffer *token, struct error *err) {
        const json_t *type = json_object_get(json, "token_type");
        const char *text = json_string_value(json_object_get(json, "access_token"));
        size_t n = text ? strlen(text) : 0;

        if (n == 0 || n > OAUTH2_TOKEN_MAX) {
                error_set(err, "the answer of token_url has no access_token of 1 to %d bytes", OAUTH2_TOKEN_MAX);
                return -EINVAL;
        }
        for (size_t i = 0; i < n; i++) {
                if (text[i] <= ' ' || text[i] >= '\x7f') {
                        error_set(err, "the access_token of token_url holds what can stand in no header");
                        return -EINVAL;
                }
        }
        if (type && !json_is_null(type) && (!json_is_string(type) || strcasecmp(json_string_value(type), "bearer") != 0)) {
                error_set(err, "token_url gave a token of another type than Bearer");
                return -EINVAL;
        }
        buffer_add(token, text, n);
        return token->failed ? -ENOMEM : 0;
}

int oauth2_answer_read(int status, struct text body, struct buffer *token, int64_t *ret_keep_ms, struct error *err) {
        json_t *json = json_loadb(body.n > 0 ? body.s : "", body.n, JSON_REJECT_DUPLICATES, NULL);
        char code[OAUTH2_ERROR_MAX + 1];
        int r = -EINVAL;

        if (status < 200 || status >= 300) {
                const char *said = oauth2_error(json, code);

                error_set(err, "token_url answered with HTTP status %d%s%s; %s", status, *said ? ", " : "", said,
                          status / 100 == 3 ? "a redirection, which is never followed: write the address that it leads to into token_url"
                                            : "look at client_id, client_secret and scope");
        } else if (!json_is_object(json)) {
                error_set(err, "token_url answered with something else than a JSON object");
        } else {
                r = oauth2_take(json, token, err);
                *ret_keep_ms = oauth2_keep(json_object_get(json, "expires_in"));
        }
        json_decref(json);
        return r;
}
