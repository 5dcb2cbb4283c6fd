/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: sessions end when they must, whoever guesses waits ever longer and nobody else does, and groups never give somebody more than each of them does.
 * Method: the modules alone, with instants of the test's own. What the whole console answers to whom stands in integration/console_access.py.
 */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "console/access/basic.h"
#include "console/access/delay.h"
#include "console/access/proxy.h"
#include "console/access/sessions.h"

#define IDLE 1000
#define LONGEST 5000

static const struct console_user anna = {.name = "anna"}, bram = {.name = "bram"};
static struct sessions *sessions;
static struct delay *delay;

static void setup(void) {
        ck_assert_int_eq(sessions_new(IDLE, LONGEST, &sessions), 0);
        ck_assert_int_eq(delay_new(&delay), 0);
}

static void teardown(void) {
        sessions = sessions_free(sessions);
        delay = delay_free(delay);
}

static const struct console_user *user_of(const char *token, int64_t now) {
        unsigned char id[SESSION_ID_BYTES];

        return sessions_find(sessions, token, now, true, id);
}

START_TEST(test_session) {
        char one[SESSION_TOKEN_TEXT], two[SESSION_TOKEN_TEXT];
        unsigned char id_one[SESSION_ID_BYTES], id_two[SESSION_ID_BYTES];

        ck_assert_int_eq(sessions_begin(sessions, &anna, 100, one), 0);
        ck_assert_int_eq(sessions_begin(sessions, &bram, 100, two), 0);
        ck_assert_uint_eq(strlen(one), SESSION_TOKEN_TEXT - 1);
        ck_assert_str_ne(one, two);
        ck_assert_ptr_eq(sessions_find(sessions, one, 100, true, id_one), &anna);
        ck_assert_ptr_eq(sessions_find(sessions, two, 100, true, id_two), &bram);
        ck_assert(memcmp(id_one, id_two, sizeof(id_one)) != 0);
        ck_assert_ptr_null(user_of("", 100));
        ck_assert_ptr_null(user_of("x", 100));
        sessions_end(sessions, one);
        sessions_end(sessions, one);
        ck_assert_ptr_null(user_of(one, 100));
        ck_assert_ptr_eq(user_of(two, 100), &bram);
}
END_TEST

START_TEST(test_session_idle) {
        unsigned char id[SESSION_ID_BYTES];
        char token[SESSION_TOKEN_TEXT];

        ck_assert_int_eq(sessions_begin(sessions, &anna, 0, token), 0);
        ck_assert_ptr_eq(user_of(token, IDLE - 1), &anna);
        ck_assert_ptr_eq(user_of(token, 2 * IDLE - 2), &anna); /* use keeps it */
        ck_assert_ptr_null(user_of(token, 3 * IDLE - 2));
        ck_assert_ptr_null(user_of(token, 2 * IDLE)); /* over is over */
        ck_assert_int_eq(sessions_begin(sessions, &anna, 0, token), 0);
        ck_assert_ptr_eq(sessions_find(sessions, token, IDLE - 1, false, id), &anna); /* a page that stands open does not */
        ck_assert_ptr_null(user_of(token, IDLE));
}
END_TEST

START_TEST(test_session_longest) {
        char token[SESSION_TOKEN_TEXT];

        ck_assert_int_eq(sessions_begin(sessions, &anna, 0, token), 0);
        for (int64_t now = 0; now < LONGEST; now += IDLE / 2)
                ck_assert_ptr_eq(user_of(token, now), &anna);
        ck_assert_ptr_null(user_of(token, LONGEST));
}
END_TEST

/* One user too many sessions: the one of hers that was used longest ago ends, and nobody else's. */
START_TEST(test_session_each) {
        char tokens[SESSIONS_EACH + 1][SESSION_TOKEN_TEXT], other[SESSION_TOKEN_TEXT];

        ck_assert_int_eq(sessions_begin(sessions, &bram, 0, other), 0);
        for (int i = 0; i < SESSIONS_EACH; i++)
                ck_assert_int_eq(sessions_begin(sessions, &anna, 1 + i, tokens[i]), 0);
        ck_assert_ptr_eq(user_of(tokens[0], 100), &anna);
        ck_assert_int_eq(sessions_begin(sessions, &anna, 101, tokens[SESSIONS_EACH]), 0);
        ck_assert_ptr_null(user_of(tokens[1], 102));
        ck_assert_ptr_eq(user_of(tokens[0], 102), &anna);
        ck_assert_ptr_eq(user_of(tokens[SESSIONS_EACH], 102), &anna);
        ck_assert_ptr_eq(user_of(other, 102), &bram);
}
END_TEST

START_TEST(test_session_all) {
        static struct console_user many[SESSIONS_MAX + 1];
        char first[SESSION_TOKEN_TEXT], token[SESSION_TOKEN_TEXT];

        ck_assert_int_eq(sessions_begin(sessions, &many[0], 0, first), 0);
        for (size_t i = 1; i <= SESSIONS_MAX; i++)
                ck_assert_int_eq(sessions_begin(sessions, &many[i], 1, token), 0);
        ck_assert_ptr_null(user_of(first, 2));
        ck_assert_ptr_eq(user_of(token, 2), &many[SESSIONS_MAX]);
}
END_TEST

/* Wrong tries of one name from ever other addresses. */
START_TEST(test_delay_name) {
        int64_t now = 1000, last = 0;
        char address[32];

        for (int i = 0; i < DELAY_NAME_FREE; i++) {
                (void) snprintf(address, sizeof(address), "10.0.0.%d", i);
                ck_assert_int_eq(delay_try(delay, TEXT_OF("anna"), address, now), 0);
        }
        for (int i = 0; i < 10; i++) {
                int64_t wait = delay_try(delay, TEXT_OF("anna"), "10.1.0.1", now);

                ck_assert_int_gt(wait, 0);
                ck_assert(wait >= 2 * last || wait == DELAY_MAX_MS);
                ck_assert_int_eq(delay_try(delay, TEXT_OF("anna"), "10.1.0.1", now), wait); /* who comes too early makes it no longer */
                ck_assert_int_eq(delay_try(delay, TEXT_OF("bram"), "10.2.0.1", now), 0);    /* and nobody else waits */
                delay_right(delay, TEXT_OF("bram"), "10.2.0.1");
                last = wait;
                now += wait;
                (void) snprintf(address, sizeof(address), "10.3.0.%d", i);
                ck_assert_int_eq(delay_try(delay, TEXT_OF("anna"), address, now), 0);
        }
        ck_assert_int_eq(last, DELAY_MAX_MS);
        now += DELAY_MAX_MS;
        ck_assert_int_eq(delay_try(delay, TEXT_OF("anna"), "10.4.0.1", now), 0);
        delay_right(delay, TEXT_OF("anna"), "10.4.0.1");
        ck_assert_int_eq(delay_try(delay, TEXT_OF("anna"), "10.4.0.1", now), 0); /* it was right: all is forgotten */
}
END_TEST

/* Ever other names from one address; of IPv6 from one network. */
START_TEST(test_delay_address) {
        static const char *const addresses[][2] = {{"192.0.2.1", "192.0.2.1"}, {"2001:db8::1", "2001:db8::2:0:0:9"}};
        char name[32];

        for (size_t k = 0; k < ELEMENTS(addresses); k++) {
                for (int i = 0; i < DELAY_ADDRESS_FREE; i++) {
                        (void) snprintf(name, sizeof(name), "name %zu %d", k, i);
                        ck_assert_int_eq(delay_try(delay, text_of(name), addresses[k][0], 0), 0);
                }
                ck_assert_int_gt(delay_try(delay, TEXT_OF("anna"), addresses[k][1], 0), 0);
                ck_assert_int_eq(delay_try(delay, TEXT_OF("anna"), addresses[k][1], DELAY_FORGET_MS), 0);
                delay_right(delay, TEXT_OF("anna"), addresses[k][1]);
        }
        ck_assert_int_eq(delay_try(delay, TEXT_OF("anna"), "2001:db8:0:1::1", 0), 0);
}
END_TEST

/* Whatever is put in, the table keeps its size, and goes on counting. */
START_TEST(test_delay_bounded) {
        char name[32], address[32];

        for (int i = 0; i < 4 * DELAY_SETS * DELAY_WAYS; i++) {
                (void) snprintf(name, sizeof(name), "name %d", i);
                (void) snprintf(address, sizeof(address), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
                ck_assert_int_eq(delay_try(delay, text_of(name), address, i), 0);
        }
        for (int i = 0; i < DELAY_NAME_FREE; i++)
                ck_assert_int_eq(delay_try(delay, TEXT_OF("anna"), "192.0.2.9", 1 << 20), 0);
        ck_assert_int_gt(delay_try(delay, TEXT_OF("anna"), "192.0.2.9", 1 << 20), 0);
}
END_TEST

static const struct organisation gm0014 = {.id = "gm0014"}, gm1979 = {.id = "gm1979"};
static const struct console_group groups[] = {
        {"all-meta", ROLE_META, NULL}, {"all-beheer", ROLE_BEHEER, NULL}, {"g14", ROLE_ZAAK, &gm0014}, {"g19", ROLE_META, &gm1979},
        {"g14 meta", ROLE_META, &gm0014},
};

static const struct {
        const char *groups;
        bool clear;
        unsigned roles;
        const struct organisation *organisation;
} group_rows[] = {
        {NULL, true, 0, NULL},
        {"", true, 0, NULL},
        {"unknown, g1", true, 0, NULL},
        {"all-meta", true, ROLE_META, NULL},
        {" all-meta ,all-beheer", true, ROLE_META | ROLE_BEHEER, NULL},
        {"g14,g14 meta", true, ROLE_ZAAK | ROLE_META, &gm0014},
        {"all-beheer,g14", true, ROLE_ZAAK | ROLE_BEHEER, &gm0014}, /* never zaak of the whole chain */
        {"g14,all-beheer", true, ROLE_ZAAK | ROLE_BEHEER, &gm0014},
        {"g14,g19", false, 0, NULL},
        {"all-meta,g19,g14", false, 0, NULL},
};

START_TEST(test_groups) {
        const struct console_settings settings = {.groups = groups, .groups_n = ELEMENTS(groups)};
        struct person person = {0};

        ck_assert_int_eq(proxy_read_groups(&settings, group_rows[_i].groups, &person), group_rows[_i].clear);
        if (!group_rows[_i].clear)
                return;
        ck_assert_uint_eq(person.roles, group_rows[_i].roles);
        ck_assert_ptr_eq(person.organisation, group_rows[_i].organisation);
}
END_TEST

static const struct {
        const char *header, *name, *password; /* NULL: it is none */
} basics[] = {
        {"Basic YW5uYTpnZWhlaW0=", "anna", "geheim"},
        {"basic YW5uYTpnZWhlaW0=", "anna", "geheim"},
        {"Basic YW5uYTphOmI=", "anna", "a:b"},
        {"Basic YW5uYTo=", "anna", ""},
        {NULL, NULL, NULL},
        {"", NULL, NULL},
        {"Basic", NULL, NULL},
        {"Basic YW5uYQ==", NULL, NULL},
        {"Basic ???", NULL, NULL},
        {"Bearer YW5uYTpnZWhlaW0=", NULL, NULL},
        {"Basic YW4AbmE6eA==", NULL, NULL}, /* a NUL in it */
};

START_TEST(test_basic) {
        struct basic basic;
        bool is = basic_read(basics[_i].header, &basic);

        ck_assert_int_eq(is, basics[_i].name != NULL);
        if (is) {
                ck_assert_str_eq(basic.name, basics[_i].name);
                ck_assert_str_eq(basic.password, basics[_i].password);
        }
}
END_TEST

START_TEST(test_basic_is_for_feeds) {
        ck_assert(basic_is_feed("/meldingen/gm0014.atom"));
        ck_assert(!basic_is_feed("/meldingen/.atom"));
        ck_assert(!basic_is_feed("/meldingen/gm0014"));
        ck_assert(!basic_is_feed("/zaken/gm0014.atom"));
        ck_assert(!basic_is_feed("/"));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("access");
        TCase *all = tcase_create("access");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(all, setup, teardown);
        tcase_set_timeout(all, 60);
        tcase_add_test(all, test_session);
        tcase_add_test(all, test_session_idle);
        tcase_add_test(all, test_session_longest);
        tcase_add_test(all, test_session_each);
        tcase_add_test(all, test_session_all);
        tcase_add_test(all, test_delay_name);
        tcase_add_test(all, test_delay_address);
        tcase_add_test(all, test_delay_bounded);
        tcase_add_loop_test(all, test_groups, 0, ELEMENTS(group_rows));
        tcase_add_loop_test(all, test_basic, 0, ELEMENTS(basics));
        tcase_add_test(all, test_basic_is_for_feeds);
        suite_add_tcase(suite, all);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
