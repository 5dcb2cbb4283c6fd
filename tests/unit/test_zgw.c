/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the token by which ZGW APIs know their clients is to the byte what PyJWT makes of the same claims, and no two instants have the same.
 * Method: tokens that were made with Python's hmac and json; a secret longer than a block of SHA-256.
 */

#include <check.h>
#include <stdlib.h>

#include "calendar/date.h"
#include "channel/zgw.h"

#define LONG_SECRET "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."

static const struct {
        const char *client_id, *secret, *user_id, *user_representation, *token;
} tokens[] = {
        {"ketenwacht", "ketenwacht-secret-of-32-characters!", NULL, NULL,
         HEADER "eyJpc3MiOiJrZXRlbndhY2h0IiwiaWF0IjoxNjY1NDgyMzkwLCJleHAiOjE2NjU0ODI1MjAsImNsaWVudF9pZCI6ImtldGVud2FjaHQiLCJ1c2VyX2lkIjoiIiwidXNlcl9yZXBy"
                "ZXNlbnRhdGlvbiI6IiJ9.yQEpkIou5zf2CLw3vp6CawVAVt8xFq5HG2VPYWFRQbE"},
        {"kw-nrc", LONG_SECRET, "jz01", "Keten \"wacht\"",
         HEADER "eyJpc3MiOiJrdy1ucmMiLCJpYXQiOjE2NjU0ODIzOTAsImV4cCI6MTY2NTQ4MjUyMCwiY2xpZW50X2lkIjoia3ctbnJjIiwidXNlcl9pZCI6Imp6MDEiLCJ1c2VyX3JlcHJlc2Vu"
                "dGF0aW9uIjoiS2V0ZW4gXCJ3YWNodFwiIn0.-HmTbfDcbCp5mkqJ8Tu4rOIReIqPzddqcebd-5H3Bng"},
};

START_TEST(test_token_is_that_of_pyjwt) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(ZGW_TOKEN_MAX);
        const struct zgw_client client = {tokens[_i].client_id, text_of(tokens[_i].secret), tokens[_i].user_id, tokens[_i].user_representation};
        instant_t now;

        ck_assert(instant_parse(text_of("2022-10-11T12:00:00.999+02:00"), &now));
        zgw_token_write(&client, now, &out);
        ck_assert(!out.failed);
        ck_assert_str_eq(buffer_text(&out), tokens[_i].token);
}
END_TEST

START_TEST(test_token_is_added_behind_what_stands_there) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(2 * ZGW_TOKEN_MAX);
        const struct zgw_client client = {tokens[0].client_id, text_of(tokens[0].secret), NULL, NULL};
        const char *second;

        buffer_add_text(&out, "Bearer ");
        zgw_token_write(&client, 1665482400000, &out);
        ck_assert_str_eq(buffer_text(&out) + 7, tokens[0].token);
        buffer_add_byte(&out, ' ');
        zgw_token_write(&client, 1665482401000, &out);
        second = strrchr(buffer_text(&out), ' ') + 1;
        ck_assert_int_eq(strlen(second), strlen(tokens[0].token));
        ck_assert_str_ne(second, tokens[0].token);
}
END_TEST

START_TEST(test_token_without_room_fails) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(20);
        const struct zgw_client client = {tokens[1].client_id, text_of(tokens[1].secret), tokens[1].user_id, tokens[1].user_representation};

        zgw_token_write(&client, 1665482400000, &out);
        ck_assert(out.failed);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("zgw");
        TCase *t = tcase_create("zgw");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(t, test_token_is_that_of_pyjwt, 0, ELEMENTS(tokens));
        tcase_add_test(t, test_token_is_added_behind_what_stands_there);
        tcase_add_test(t, test_token_without_room_fails);
        suite_add_tcase(suite, t);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
