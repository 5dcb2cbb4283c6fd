/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: console.yaml says what its header promises, nobody can come in by an oversight, and every mistake in it is told with its place, in both languages.
 * Method: small files in a folder of their own, the shipped one, and a table of mistakes. Hashes of passwords are those that password.h makes.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "console/access/password.h"
#include "console/settings.h"

/* Of the password "vier losse woorden hier". */
#define HASH "$argon2id$v=19$m=65536,t=2,p=1$m34ev7jL3FVX8l6raZl9KA$PAsvkuXjNsWYurOcLS5m2xfgzyA1pNGbvkyqQvvRFmA"
#define ANNA "users: [{name: anna, roles: [meta], password: '" HASH "'}]\n"
#define SECRET "0123456789abcdef0123456789abcdef"

static char folder[] = "/tmp/console-settings-XXXXXX";
static char path[64];
static struct organisations *organisations;
static struct arena *arena;
static struct mistakes told = MISTAKES_INIT;

static const char *environment(const char *name) {
        return strcmp(name, "THERE") == 0 ? SECRET : NULL;
}

static void write_file(const char *name, const char *text) {
        char at[128];
        FILE *f;

        (void) snprintf(at, sizeof(at), "%s/%s", folder, name);
        f = fopen(at, "w");
        ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void setup(void) {
        char at[4096];

        ck_assert(mkdtemp(folder) != NULL);
        (void) snprintf(path, sizeof(path), "%s/console.yaml", folder);
        (void) snprintf(at, sizeof(at), "%s/config/organisations.yaml", getenv("PROJECT_ROOT"));
        ck_assert_int_eq(organisations_read(at, &organisations, &told), 0);
        ck_assert_int_eq(arena_new(&arena, 1 << 24), 0);
}

static void teardown(void) {
        static const char *const names[] = {"console.yaml", "c.pem", "k.pem", "secret"};
        char at[128];

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                (void) snprintf(at, sizeof(at), "%s/%s", folder, names[i]);
                (void) unlink(at);
        }
        ck_assert_int_eq(rmdir(folder), 0);
        organisations = organisations_free(organisations);
        arena = arena_free(arena);
        mistakes_done(&told);
}

static int read_text(const char *text, enum language language, struct console_settings *ret) {
        const struct console_settings_source source = {.organisations = organisations, .environment = environment};

        write_file("console.yaml", text);
        mistakes_done(&told);
        told.language = language;
        return console_settings_read(path, &source, arena, ret, &told);
}

START_TEST(test_users) {
        struct console_settings s;

        ck_assert_msg(read_text("users:\n"
                                "  - {name: anna@example.nl, roles: [meta, zaak], organisation: gm0014, password: '" HASH "'}\n"
                                "  - {name: bram, roles: [gegevens, beheer], password: '" HASH "'}\n",
                                LANGUAGE_EN, &s) == 0,
                      "%s", buffer_text(&told.text));
        ck_assert_str_eq(s.address, "127.0.0.1");
        ck_assert_uint_eq(s.port, 8081);
        ck_assert_int_eq(s.idle_ms, 30 * 60000);
        ck_assert_int_eq(s.longest_ms, 12 * HOUR_MS);
        ck_assert_int_eq(s.redrive_per_second, 100);
        ck_assert_str_eq(s.scratch, "/var/tmp");
        ck_assert(!s.has_proxy && !s.open_on_localhost && !s.certificate && !s.origin);
        ck_assert_uint_eq(s.users_n, 2);
        ck_assert_str_eq(s.users[0].name, "anna@example.nl");
        ck_assert_str_eq(s.users[0].organisation->id, "gm0014");
        ck_assert_uint_eq(s.users[0].roles, ROLE_META | ROLE_ZAAK);
        ck_assert_ptr_null(s.users[1].organisation);
        ck_assert_uint_eq(s.users[1].roles, ROLE_ZAAK | ROLE_GEGEVENS | ROLE_BEHEER); /* personal fields are those of cases */
        console_settings_done(&s);
}
END_TEST

START_TEST(test_everything) {
        struct console_settings s;

        write_file("c.pem", "certificate\n");
        write_file("k.pem", "key\n");
        write_file("secret", SECRET "\n" SECRET "2\n");
        ck_assert_msg(read_text("listen: '[::]:8443'\ntls: {certificate: c.pem, key: k.pem}\norigin: https://keten.example:8443\n"
                                "sessions: {idle: 10 minutes, longest: 1 hour}\nredrive_per_second: 7\nscratch: none\n"
                                "proxy: {user_header: X-User, groups_header: X-Groups, secret_header: X-Key, secret: {file: secret},\n"
                                "  from: [10.0.0.1, 'fd00::1'], groups: {a: {roles: [meta]}, b c: {roles: [zaak], organisation: gm0014}}}\n",
                                LANGUAGE_EN, &s) == 0,
                      "%s", buffer_text(&told.text));
        ck_assert_str_eq(s.address, "::");
        ck_assert_uint_eq(s.port, 8443);
        ck_assert_str_eq(s.certificate, "certificate\n");
        ck_assert_str_eq(s.key, "key\n");
        ck_assert_str_eq(s.origin, "https://keten.example:8443");
        ck_assert_int_eq(s.idle_ms, 600000);
        ck_assert_int_eq(s.longest_ms, 3600000);
        ck_assert_int_eq(s.redrive_per_second, 7);
        ck_assert_ptr_null(s.scratch);
        ck_assert(s.has_proxy);
        ck_assert_str_eq(s.user_header, "X-User");
        ck_assert_str_eq(s.groups_header, "X-Groups");
        ck_assert_str_eq(s.secret_header, "X-Key");
        ck_assert(secrets_find(&s.secrets, TEXT_OF(SECRET)) && secrets_find(&s.secrets, TEXT_OF(SECRET "2")));
        ck_assert_uint_eq(s.proxies_n, 2);
        ck_assert_str_eq(s.proxies[1], "fd00::1");
        ck_assert_uint_eq(s.groups_n, 2);
        ck_assert_str_eq(s.groups[1].name, "b c");
        ck_assert_str_eq(s.groups[1].organisation->id, "gm0014");
        console_settings_done(&s);
        ck_assert_msg(read_text("listen: unix:/run/k/console.sock\nproxy: {secret: {env: THERE}, groups: {a: {roles: [meta]}}}\n", LANGUAGE_EN, &s) == 0, "%s",
                      buffer_text(&told.text));
        ck_assert_str_eq(s.unix_path, "/run/k/console.sock");
        ck_assert_ptr_null(s.address);
        ck_assert_str_eq(s.user_header, "X-Forwarded-User");
        console_settings_done(&s);
}
END_TEST

/* The file that is shipped is right, gives nobody a password, and without its secret in the environment nobody comes in. */
START_TEST(test_shipped) {
        struct console_settings_source source = {.organisations = organisations};
        struct console_settings s;
        char shipped[4096];

        (void) snprintf(shipped, sizeof(shipped), "%s/config/console.yaml", getenv("PROJECT_ROOT"));
        ck_assert_msg(console_settings_read(shipped, &source, arena, &s, &told) == 0, "%s", buffer_text(&told.text));
        ck_assert_uint_eq(s.users_n, 0);
        ck_assert(console_is_local(text_of(s.address)));
        console_settings_done(&s);
        source.environment = environment;
        ck_assert_int_eq(console_settings_read(shipped, &source, arena, &s, &told), -EINVAL);
        ck_assert(strstr(buffer_text(&told.text), "KETENWACHT_CONSOLE_SECRET"));
        console_settings_done(&s);
        ck_assert_int_eq(console_settings_read("/nowhere/console.yaml", &source, arena, &s, &told), -ENOENT);
        console_settings_open(0, &s);
        ck_assert(s.open_on_localhost && console_is_local(text_of(s.address)) && s.redrive_per_second == 100);
}
END_TEST

#define PROXY "proxy: {secret: {env: THERE}, from: [127.0.0.1], groups: {a: {roles: [meta]}}}\n"
#define USER(rest) "users: [{name: anna, roles: [meta], password: '" HASH "'}" rest "]\n"

static const struct {
        const char *text, *place, *en, *nl;
} mistakes[] = {
        {"listen: 127.0.0.1:8081\n", "1:1", "nobody can come in: give users", "niemand kan binnenkomen"},
        {"users: []\n", "1:1", "nobody can come in", "niemand kan binnenkomen"},
        {"user: []\n" PROXY, "1:1", "the file has no key 'user' (did you mean 'users'?)", "het bestand kent geen sleutel 'user' (bedoelde u 'users'?)"},
        {"listen: 8081\n" ANNA, "1:9", "'8081' is no numeric address with a port", "'8081' is geen adres in cijfers"},
        {"listen: localhost:8081\n" ANNA, "1:9", "'localhost:8081' is no numeric address", "'localhost:8081' is geen adres"},
        {"listen: ::1:8081\n" ANNA, "1:9", "'::1:8081' is no numeric address", "'::1:8081' is geen adres"},
        {"listen: 127.0.0.1:65536\n" ANNA, "1:9", "is no numeric address", "is geen adres"},
        {"listen: unix:console.sock\n" ANNA, "1:9", "'console.sock' is no path of a socket", "'console.sock' is geen pad van een socket"},
        {"listen: 0.0.0.0:8081\n" ANNA, "1:9", "passwords would go over the network readable for all", "wachtwoorden zouden leesbaar over het netwerk gaan"},
        {"listen: 0.0.0.0:8081\norigin: http://keten.example\n" ANNA, "1:9", "passwords would go over", "wachtwoorden zouden"},
        {"tls: {certificate: c.pem}\n" ANNA, "1:6", "tls lacks the key 'key'", "tls mist de sleutel 'key'"},
        {"tls: {certificate: none.pem, key: none.pem}\n" ANNA, "1:20", "certificate: ", "certificate: "},
        {"origin: https://keten.example/\n" ANNA, "1:9", "is not how a browser writes it", "is niet zoals een browser het schrijft"},
        {"origin: keten.example\n" ANNA, "1:9", "is not how a browser writes it", "is niet zoals een browser het schrijft"},
        {"sessions: {idle: 1 second}\n" ANNA, "1:18", "'1 second' is not between a minute and 12 hours", "'1 second' ligt niet tussen een minuut en 12 uur"},
        {"sessions: {longest: 13 hours}\n" ANNA, "1:21", "'13 hours' is not between a minute and 12 hours", "ligt niet tussen een minuut en 12 uur"},
        {"sessions: {idle: 2 hours, longest: 1 hour}\n" ANNA, "1:11", "idle is longer than longest", "idle is langer dan longest"},
        {"sessions: {iddle: 2 hours}\n" ANNA, "1:12", "no key 'iddle' (did you mean 'idle'?)", "geen sleutel 'iddle' (bedoelde u 'idle'?)"},
        {"redrive_per_second: 0\n" ANNA, "1:21", "must be a number from 1 to 10000", "moet een getal van 1 tot en met 10000 zijn"},
        {"users: [{name: anna, roles: [meta]}]\n", "1:9", "a user lacks the key 'password'", "een gebruiker mist de sleutel 'password'"},
        {"users: [{roles: [meta], password: '" HASH "'}]\n", "1:9", "a user lacks the key 'name'", "een gebruiker mist de sleutel 'name'"},
        {"users: [{name: ' a', roles: [meta], password: '" HASH "'}]\n", "1:16", "nobody can be called this", "zo kan niemand heten"},
        {"users: [{name: a, roles: [], password: '" HASH "'}]\n", "1:26", "roles is empty", "roles is leeg"},
        {"users: [{name: a, roles: [zak], password: '" HASH "'}]\n",
         "1:27", "no role is called 'zak' (did you mean 'zaak'?); it can be meta, zaak, gegevens, beheer",
         "geen rol heet 'zak' (bedoelde u 'zaak'?)"},
        {"users: [{name: a, roles: [zaak], organisation: gm0041, password: '" HASH "'}]\n", "1:48", "no organisation is called 'gm0041' (did you mean",
         "geen organisatie heet 'gm0041' (bedoelde u"},
        {"users: [{name: a, roles: [zaak], password: hunter2hunter2}]\n", "1:44", "password is no hash", "password is geen hash"},
        {"users: [{name: a, roles: [zaak], password: '$argon2id$v=19$m=8,t=1,p=1$m34ev7jL3FVX8l6raZl9KA$PAsvkuXjNsWYurOcLS5m2xfgzyA1pNGbvkyqQvvRFmA'}]\n",
         "1:44", "password is no hash", "password is geen hash"},
        {USER(", {name: anna, roles: [meta], password: '" HASH "'}"), "1:156", "user 'anna' stands twice", "gebruiker 'anna' staat er twee keer"},
        {"proxy: {from: [127.0.0.1], groups: {a: {roles: [meta]}}}\n", "1:8", "proxy lacks the key 'secret'", "proxy mist de sleutel 'secret'"},
        {"proxy: {secret: " SECRET ", from: [127.0.0.1], groups: {a: {roles: [meta]}}}\n", "1:17", "secret must be {file: PATH} or {env: NAME}",
         "secret moet {file: PAD} of {env: NAAM} zijn"},
        {"proxy: {secret: {env: NOT_THERE}, from: [127.0.0.1], groups: {a: {roles: [meta]}}}\n", "1:23", "no variable NOT_THERE", "geen variabele NOT_THERE"},
        {"proxy: {secret: {env: THERE}, groups: {a: {roles: [meta]}}}\n", "1:8", "nobody is believed", "niemand wordt geloofd"},
        {"proxy: {secret: {env: THERE}, from: [10.0.0.0/8], groups: {a: {roles: [meta]}}}\n", "1:38", "'10.0.0.0/8' is no numeric address of one machine",
         "'10.0.0.0/8' is geen adres in cijfers van één machine"},
        {"proxy: {secret: {env: THERE}, from: [127.0.0.1]}\n", "1:8", "without groups nobody can do anything", "zonder groups mag niemand iets"},
        {"proxy: {secret: {env: THERE}, from: [127.0.0.1], groups: {'a,b': {roles: [meta]}}}\n", "1:59", "a name with a comma can never come",
         "een naam met een komma kan nooit komen"},
        {"proxy: {secret: {env: THERE}, from: [127.0.0.1], groups: {a: {role: [meta]}}}\n", "1:63", "a group has no key 'role' (did you mean 'roles'?)",
         "een groep kent geen sleutel 'role' (bedoelde u 'roles'?)"},
        {"proxy: {user_header: x-console-secret, secret: {env: THERE}, from: [127.0.0.1], groups: {a: {roles: [meta]}}}\n", "1:8",
         "two of its headers have the same name", "twee van de headers hebben dezelfde naam"},
        {"proxy: {user_header: 'X User', secret: {env: THERE}, from: [127.0.0.1], groups: {a: {roles: [meta]}}}\n", "1:22", "'X User' is no name of a header",
         "'X User' is geen naam van een header"},
};

START_TEST(test_mistakes) {
        struct console_settings s;

        for (enum language language = 0; language < LANGUAGES; language++) {
                const char *sentence = language == LANGUAGE_NL ? mistakes[_i].nl : mistakes[_i].en;
                char place[128];

                ck_assert_int_eq(read_text(mistakes[_i].text, language, &s), -EINVAL);
                (void) snprintf(place, sizeof(place), "%s:%s: ", path, mistakes[_i].place);
                ck_assert_msg(strstr(buffer_text(&told.text), place) && strstr(buffer_text(&told.text), sentence), "%sgave\n%swanted %s%s", mistakes[_i].text,
                              buffer_text(&told.text), place, sentence);
                ck_assert_msg(!strstr(buffer_text(&told.text), "hunter2"), "a password is repeated");
                console_settings_done(&s);
        }
}
END_TEST

START_TEST(test_passwords) {
        char hash[PASSWORD_HASH_MAX], again[PASSWORD_HASH_MAX], line[512];
        struct console_settings s;
        struct error err;

        ck_assert_int_eq(password_make(TEXT_OF("vier losse woorden"), hash, &err), 0);
        ck_assert_int_eq(password_make(TEXT_OF("vier losse woorden"), again, &err), 0);
        ck_assert_str_ne(hash, again); /* a salt of its own */
        ck_assert(password_is_hash(hash));
        ck_assert(password_verify(hash, TEXT_OF("vier losse woorden")));
        ck_assert(!password_verify(hash, TEXT_OF("vier losse woorde")));
        ck_assert(!password_verify(NULL, TEXT_OF("vier losse woorden")));
        ck_assert(!password_verify(hash, TEXT_OF("")));
        (void) snprintf(line, sizeof(line), "users: [{name: anna, roles: [meta], password: '%s'}]\n", hash);
        ck_assert_msg(read_text(line, LANGUAGE_EN, &s) == 0, "%s", buffer_text(&told.text));
        ck_assert_int_eq(password_make(TEXT_OF("eleven char"), hash, &err), -EINVAL);
        ck_assert_int_eq(password_make(TEXT_OF("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"), hash, &err), -EINVAL); /* characters, not bytes */
        ck_assert_int_eq(password_make(TEXT_OF("\xff twelve and more"), hash, &err), -EINVAL);
}
END_TEST

START_TEST(test_local) {
        static const char *const yes[] = {"127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"};
        static const char *const no[] = {"", "0.0.0.0", "10.0.0.1", "::", "localhost.example", "127.0.0.1.example", "128.0.0.1"};

        for (size_t i = 0; i < ELEMENTS(yes); i++)
                ck_assert_msg(console_is_local(text_of(yes[i])), "%s", yes[i]);
        for (size_t i = 0; i < ELEMENTS(no); i++)
                ck_assert_msg(!console_is_local(text_of(no[i])), "%s", no[i]);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("console_settings");
        TCase *all = tcase_create("settings");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(all, setup, teardown);
        tcase_set_timeout(all, 60);
        tcase_add_test(all, test_users);
        tcase_add_test(all, test_everything);
        tcase_add_test(all, test_shipped);
        tcase_add_loop_test(all, test_mistakes, 0, ELEMENTS(mistakes));
        tcase_add_test(all, test_passwords);
        tcase_add_test(all, test_local);
        suite_add_tcase(suite, all);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
