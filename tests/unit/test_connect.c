/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the pure parts of the connector runtime keep what their headers promise.
 * Method: tables; for the window also random outcomes against what must hold after every step.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar/date.h"
#include "connect/backoff.h"
#include "connect/cloudevent.h"
#include "connect/settings.h"
#include "connect/secret.h"
#include "connect/trace.h"
#include "connect/window.h"
#include "model_fixture.h"

/* -- Attributes as headers -- */

static const struct {
        const char *attribute, *header;
} headers[] = {
        {"urn:nld:oin:00000099000000000014:systeem:ketenwacht", "urn:nld:oin:00000099000000000014:systeem:ketenwacht"},
        {"urn:x:a%20b", "urn:x:a%2520b"},
        {"GI \"Noord\"", "GI%20%22Noord%22"},
        {"caf\xc3\xa9\x7f\n", "caf%C3%A9%7F%0A"},
        {"!#$&'()*+,-./:;<=>?@[\\]^_`{|}~", "!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"},
        {"", ""},
};

START_TEST(test_attributes_are_percent_encoded_in_headers) {
        char header[CLOUDEVENT_HEADER_MAX], read[CLOUDEVENT_HEADER_MAX];

        cloudevent_header_write(headers[_i].attribute, header);
        ck_assert_str_eq(header, headers[_i].header);
        cloudevent_header_read(header, read);
        ck_assert_str_eq(read, headers[_i].attribute);
}
END_TEST

/* What others send: lower case, text in quotation marks, and what is no encoding. */
static const struct {
        const char *header, *attribute;
} foreign_headers[] = {
        {"urn%3aketenwacht%3Agi", "urn:ketenwacht:gi"}, {"\"a \\\"b\\\" %41\"", "a \"b\" A"}, {"%2541", "%41"}, {"100%", "100%"}, {"%4", "%4"},
        {"%4g%g4", "%4g%g4"}, {"%00", "%00"},      {"\"", "\""},                            {"\"\"", ""},     {"\"\\\"", "\\"},
};

START_TEST(test_headers_of_others_are_read) {
        char read[64];

        cloudevent_header_read(foreign_headers[_i].header, read);
        ck_assert_str_eq(read, foreign_headers[_i].attribute);
}
END_TEST

/* -- Window -- */

static struct window_entry *add(struct window *w, int64_t offset, const char *key) {
        return window_add(w, WINDOW_INBOX, offset, key, strlen(key), 1, (void *)(uintptr_t)(offset + 1));
}

static int64_t next_offset(const struct window *w, int64_t now) {
        const struct window_entry *e = window_next(w, now);

        return e ? e->offset : -1;
}

START_TEST(test_window_keeps_the_order_of_a_case) {
        struct window_entry *a1, *b1;
        struct window w;

        window_init(&w, WINDOW_BYTES);
        ck_assert_int_eq(window_position(&w, WINDOW_INBOX), -1);
        a1 = add(&w, 10, "a");
        add(&w, 12, "a");
        b1 = add(&w, 13, "b");
        ck_assert_int_eq(next_offset(&w, 0), 10);
        window_fly(&w, a1);
        ck_assert_int_eq(next_offset(&w, 0), 13); /* a waits for a, b does not */
        window_fly(&w, b1);
        ck_assert_int_eq(next_offset(&w, 0), -1);
        ck_assert_uint_eq(w.flying, 2);
        window_again(&w, a1, 100);
        ck_assert_int_eq(next_offset(&w, 99), -1);
        ck_assert_int_eq(window_wait(&w, 60), 40);
        window_settle(&w, b1);
        ck_assert_int_eq(window_position(&w, WINDOW_INBOX), 10); /* the oldest unsettled holds it back */
        ck_assert_int_eq(next_offset(&w, 100), 10);
        window_fly(&w, a1);
        window_record(&w, a1);
        ck_assert_int_eq(next_offset(&w, 100), 12); /* the case goes on while the outcome is being recorded */
        ck_assert_int_eq(window_position(&w, WINDOW_INBOX), 10);
        window_settle(&w, a1);
        ck_assert_int_eq(window_position(&w, WINDOW_INBOX), 12);
        window_settle(&w, window_next(&w, 100));
        ck_assert_int_eq(window_position(&w, WINDOW_INBOX), 14);
        ck_assert_uint_eq(window_count(&w), 0);
        ck_assert_int_eq(window_wait(&w, 0), WINDOW_NEVER);
        window_done(&w);
}
END_TEST

START_TEST(test_window_is_a_thousand_records_from_the_oldest_unsettled) {
        char key[16];
        struct window w;

        window_init(&w, WINDOW_BYTES);
        window_fly(&w, add(&w, 0, "stuck"));
        window_again(&w, window_entry(&w, 1), WINDOW_NEVER - 1);
        for (int i = 1; i < WINDOW_RECORDS; i++) {
                (void) snprintf(key, sizeof(key), "%d", i);
                ck_assert(!window_full(&w));
                window_settle(&w, add(&w, i, key));
        }
        ck_assert(window_full(&w)); /* settled ones count: so no more than these are ever delivered again */
        ck_assert_int_eq(window_position(&w, WINDOW_INBOX), 0);
        ck_assert_uint_gt(w.capacity, 0);
        window_settle(&w, window_entry(&w, 1));
        ck_assert(!window_full(&w));
        ck_assert_int_eq(window_position(&w, WINDOW_INBOX), WINDOW_RECORDS);
        ck_assert_uint_eq(w.capacity, 0); /* hundreds that are empty hold nothing */
        window_done(&w);
}
END_TEST

START_TEST(test_window_is_bounded_in_bytes) {
        struct window_entry *e;
        struct window w;

        window_init(&w, WINDOW_BYTES);
        e = window_add(&w, WINDOW_INBOX, 0, "a", 1, WINDOW_BYTES + 1, &w);
        ck_assert(window_full(&w));
        window_settle(&w, e);
        ck_assert(!window_full(&w));
        window_done(&w);
}
END_TEST

START_TEST(test_window_hold_stops_everything) {
        struct window w;

        window_init(&w, WINDOW_BYTES);
        add(&w, 0, "a");
        window_hold(&w, 50);
        window_hold(&w, 20);
        ck_assert_int_eq(next_offset(&w, 49), -1);
        ck_assert_int_eq(window_wait(&w, 30), 20);
        ck_assert_int_eq(next_offset(&w, 50), 0);
        window_clear(&w);
        ck_assert_uint_eq(window_count(&w), 0);
        window_done(&w);
}
END_TEST

START_TEST(test_window_under_random_outcomes) {
        enum { CASES = 7, RECORDS = 5000 };
        static int case_of[RECORDS];
        static bool settled[RECORDS];
        static const char names[] = "abcdefg";
        int over[CASES], added = 0, done = 0;
        unsigned seed = 20220115;
        bool in_order = true;
        struct window w;

        memset(over, -1, sizeof(over));
        window_init(&w, WINDOW_BYTES);
        for (int64_t now = 0; done < RECORDS; now++) {
                struct window_entry *e;

                while (added < RECORDS && !window_full(&w) && rand_r(&seed) % 3) {
                        case_of[added] = rand_r(&seed) % CASES;
                        (void) window_add(&w, WINDOW_INBOX, added, &names[case_of[added]], 1, 1, &w);
                        added++;
                }
                e = window_next(&w, now);
                if (!e)
                        continue;
                for (int i = over[case_of[e->offset]] + 1; i < e->offset; i++)
                        in_order = in_order && case_of[i] != case_of[e->offset]; /* nothing of its case was passed over */
                ck_assert(in_order);
                window_fly(&w, e);
                if (rand_r(&seed) % 2) {
                        window_again(&w, e, now + rand_r(&seed) % 20);
                        continue;
                }
                over[case_of[e->offset]] = (int)e->offset;
                settled[e->offset] = true;
                done++;
                window_settle(&w, e);
                for (int i = 0; i < window_position(&w, WINDOW_INBOX); i++)
                        in_order = in_order && settled[i];
                ck_assert(in_order);
        }
        ck_assert_int_eq(window_position(&w, WINDOW_INBOX), RECORDS);
        window_done(&w);
}
END_TEST

/* -- Back-off and Retry-After -- */

START_TEST(test_each_log_has_its_own_position_and_cases_are_one) {
        struct window w;

        window_init(&w, WINDOW_BYTES);
        (void) window_add(&w, WINDOW_INBOX, 50, "a", 1, 1, &w);
        (void) window_add(&w, WINDOW_AGAIN, 3, "a", 1, 1, &w);
        (void) window_add(&w, WINDOW_AGAIN, 7, "b", 1, 1, &w);
        ck_assert_int_eq(window_position(&w, WINDOW_INBOX), 50);
        ck_assert_int_eq(window_position(&w, WINDOW_AGAIN), 3);
        ck_assert_int_eq(window_next(&w, 0)->offset, 50);
        window_fly(&w, window_next(&w, 0));
        ck_assert_int_eq(window_next(&w, 0)->offset, 7); /* that of the same case waits for the one before it, of whichever log */
        window_settle(&w, window_entry(&w, 1));
        ck_assert_int_eq(window_position(&w, WINDOW_INBOX), 51);
        ck_assert_int_eq(window_next(&w, 0)->offset, 3);
        window_settle(&w, window_entry(&w, 3));
        ck_assert_int_eq(window_position(&w, WINDOW_AGAIN), 3);
        window_settle(&w, window_entry(&w, 2));
        ck_assert_int_eq(window_position(&w, WINDOW_AGAIN), 8);
        window_end(&w, WINDOW_AGAIN, 9); /* a marker stands behind the last record */
        ck_assert_int_eq(window_position(&w, WINDOW_AGAIN), 9);
        (void) window_add(&w, WINDOW_AGAIN, 9, "b", 1, 1, &w);
        window_end(&w, WINDOW_AGAIN, 11);
        ck_assert_int_eq(window_position(&w, WINDOW_AGAIN), 9); /* what is not settled is not passed */
        window_done(&w);
}
END_TEST

START_TEST(test_backoff_doubles_to_the_longest_and_is_spread) {
        static const struct backoff b = {1000, 60000};
        static const int64_t whole[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
        unsigned seed = 3;

        for (unsigned i = 0; i < ELEMENTS(whole); i++) {
                ck_assert_int_eq(backoff_delay(&b, i + 1, 0), whole[i] / 2);
                for (int j = 0; j < 100; j++) {
                        int64_t delay = backoff_delay(&b, i + 1, (uint64_t)rand_r(&seed) << 32 | (uint64_t)rand_r(&seed));

                        ck_assert_int_ge(delay, whole[i] / 2);
                        ck_assert_int_le(delay, whole[i]);
                }
        }
        ck_assert_int_ge(backoff_delay(&b, 4000000000u, UINT64_MAX), 30000);
        ck_assert_int_ge(backoff_delay(&(struct backoff){1, 1}, 1, UINT64_MAX), 1);
}
END_TEST

static const struct {
        const char *value;
        int64_t ms; /* -1: refused */
} retry_after_rows[] = {
        {"0", 0},
        {"120", 120000},
        {" 7 ", 7000},
        {"999999999999", RETRY_AFTER_MAX_MS},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 2000},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 2000},
        {"Sun Nov  6 08:49:37 1994", 2000},
        {"Sun, 06 Nov 1994 08:49:30 GMT", 0}, /* over */
        {"Tue, 06 Nov 2094 08:49:37 GMT", RETRY_AFTER_MAX_MS},
        {"", -1},
        {"-1", -1},
        {"soon", -1},
        {"1.5", -1},
        {"Sun, 31 Feb 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 24:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:37 CET", -1},
        {"Sun, 06 Noo 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 0000 08:49:37 GMT", -1},
};

START_TEST(test_retry_after) {
        instant_t now = ((int64_t)date_from_ymd(1994, 11, 6) * 86400 + 8 * 3600 + 49 * 60 + 35) * 1000;
        int64_t ms = -1;

        ck_assert_int_eq(retry_after_parse(text_of(retry_after_rows[_i].value), now, &ms), retry_after_rows[_i].ms >= 0);
        if (retry_after_rows[_i].ms >= 0)
                ck_assert_int_eq(ms, retry_after_rows[_i].ms);
}
END_TEST

/* -- Trace context -- */

static const struct {
        const char *value;
        bool ok;
} traceparent_rows[] = {
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true},
        {"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", true},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false},
        {"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more", false},
        {"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false},
        {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", false},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false},
        {"00-4BF92F3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0", false},
        {"", false},
};

START_TEST(test_traceparent) {
        ck_assert_int_eq(trace_valid(text_of(traceparent_rows[_i].value)), traceparent_rows[_i].ok);
}
END_TEST

/* -- Tokens -- */

#define TOKEN_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define TOKEN_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define TOKEN_C "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"

START_TEST(test_secrets_find_their_owner) {
        static const struct {
                const char *given, *owner;
        } rows[] = {
                {TOKEN_A, "gi-jbn"}, {TOKEN_B, "gi-jbn"}, {TOKEN_C, "gi-wss"}, {TOKEN_A "A", NULL}, {"AAAA", NULL}, {"", NULL},
                {TOKEN_C "=", NULL},
        };
        struct error err = {0};
        struct secrets s = {0};

        ck_assert_int_eq(secrets_add(&s, "gi-jbn", text_of(TOKEN_A "\n" TOKEN_B "\r\n"), &err), 0);
        ck_assert_int_eq(secrets_add(&s, "gi-wss", text_of("  " TOKEN_C), &err), 0);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                const struct secret *found = secrets_find(&s, text_of(rows[i].given));

                ck_assert_int_eq(found != NULL, rows[i].owner != NULL);
                if (found)
                        ck_assert_str_eq(found->owner, rows[i].owner);
        }
        secrets_done(&s);
        ck_assert_ptr_null(secrets_find(&s, text_of(TOKEN_A)));
}
END_TEST

static const char *const bad_secrets[] = {
        "", " \n", "short", TOKEN_A "!", TOKEN_A "\x80", TOKEN_A "\n" TOKEN_B "\n" TOKEN_C "\n" TOKEN_A "1\n" TOKEN_A "2",
        TOKEN_A "\n" TOKEN_A,
};

START_TEST(test_secrets_refuse_without_repeating) {
        struct error err = {0};
        struct secrets s = {0};

        ck_assert_int_eq(secrets_add(&s, "gi-jbn", text_of(bad_secrets[_i]), &err), -EINVAL);
        ck_assert_str_ne(err.text, "");
        ck_assert_ptr_null(strstr(err.text, "AAAA"));
        ck_assert_ptr_null(strstr(err.text, "short "));
        secrets_done(&s);
}
END_TEST

static const struct {
        const char *text, *password; /* NULL: it is refused */
} passwords[] = {
        {"kort", "kort"}, {"met een spatie \xc3\xa9n '\\'\r\n", "met een spatie \xc3\xa9n '\\'"}, {"", NULL}, {"\n", NULL}, {"twee\nregels\n", NULL},
        {"\x7f", NULL},
};

START_TEST(test_passwords_are_any_line) {
        struct error err = {0};
        struct secrets s = {0};
        int r = secrets_add_password(&s, text_of(passwords[_i].text), &err);

        ck_assert_int_eq(r, passwords[_i].password ? 0 : -EINVAL);
        if (passwords[_i].password)
                ck_assert_str_eq(s.items[0].bytes, passwords[_i].password);
        else
                ck_assert_ptr_null(strstr(err.text, "regels"));
        secrets_done(&s);
}
END_TEST

static const char *environment(const char *name) {
        return strcmp(name, "TOKEN") == 0 ? TOKEN_A : NULL;
}

static bool finds(const struct secrets *s, const char *token, const char *owner) {
        const struct secret *found = secrets_find(s, text_of(token));

        return found && (owner ? found->owner && strcmp(found->owner, owner) == 0 : !found->owner);
}

/* What was written a moment ago is looked at again, so a second change of the same length is seen as well; what did not change is said to. */
START_TEST(test_secrets_are_read_again_when_their_file_changes) {
        struct scratch dir = scratch_new();
        struct secrets s = {0};
        char path[SCRATCH_PATH];
        struct error err = {0};

        scratch_write(&dir, "token", TOKEN_B);
        ck_assert_int_eq(secrets_add(&s, "gi-jbn", text_of(TOKEN_A), &err), 0);
        ck_assert_int_eq(secrets_remember(&s, 0, NULL, "gi-jbn", false), 0);
        ck_assert_int_eq(secrets_add(&s, "gi-wss", text_of(TOKEN_B), &err), 0);
        ck_assert_int_eq(secrets_remember(&s, 1, scratch_path(&dir, "token", path), "gi-wss", false), 0);
        ck_assert_int_eq(secrets_renew(&s, &err), 0);
        scratch_write(&dir, "token", TOKEN_C "\n" TOKEN_B);
        ck_assert_int_eq(secrets_renew(&s, &err), SECRETS_NEW);
        ck_assert(finds(&s, TOKEN_A, "gi-jbn") && finds(&s, TOKEN_B, "gi-wss") && finds(&s, TOKEN_C, "gi-wss"));
        scratch_write(&dir, "token", TOKEN_C "\n" TOKEN_A); /* another has it */
        ck_assert_int_eq(secrets_renew(&s, &err), -EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, path));
        ck_assert_ptr_null(strstr(err.text, TOKEN_A));
        ck_assert(finds(&s, TOKEN_B, "gi-wss") && s.n == 3);
        scratch_write(&dir, "token", "");
        ck_assert_int_eq(secrets_renew(&s, &err), -EINVAL);
        ck_assert_int_eq(remove(path), 0);
        ck_assert_int_eq(secrets_renew(&s, &err), -ENOENT);
        ck_assert_int_eq(secrets_renew(&s, &err), 0); /* said once */
        ck_assert(finds(&s, TOKEN_B, "gi-wss") && s.n == 3);
        scratch_write(&dir, "token", TOKEN_C);
        ck_assert_int_eq(secrets_renew(&s, &err), SECRETS_NEW);
        ck_assert(finds(&s, TOKEN_A, "gi-jbn") && finds(&s, TOKEN_C, "gi-wss") && s.n == 2);
        secrets_done(&s);
        scratch_remove(&dir);
}
END_TEST

START_TEST(test_secret_of_header) {
        ck_assert(text_is(secret_of_header("Bearer abc"), "abc"));
        ck_assert(text_is(secret_of_header("bearer  abc"), "abc"));
        ck_assert_uint_eq(secret_of_header("Basic abc").n, 0);
        ck_assert_uint_eq(secret_of_header("Bearer").n, 0);
        ck_assert_uint_eq(secret_of_header(NULL).n, 0);
}
END_TEST

/* -- Options -- */

struct context {
        const char *url;
        int64_t number, wait;
        bool flag;
        int mode;
        struct secrets token;
        struct option_table rules;
};
struct rule {
        const char *name;
        int64_t number;
        struct option_pairs pairs;
};
static const struct connector_option rule_table[] = {
        {.key = "name", .doc = "Which.", .type = OPTION_STRING, .offset = offsetof(struct rule, name)},
        {.key = "number", .fallback = "8", .doc = "How often.", .type = OPTION_INT, .offset = offsetof(struct rule, number), .min = 1, .max = 64},
        {.key = "pairs", .fallback = "", .doc = "From where to where.", .type = OPTION_PAIRS, .offset = offsetof(struct rule, pairs)},
        {0},
};
static const char *const modes[] = {"structured", "binary", NULL};
static const struct connector_option table[] = {
        {.key = "url", .doc = "Where to.", .type = OPTION_STRING, .offset = offsetof(struct context, url)},
        {.key = "number", .fallback = "8", .doc = "How many.", .type = OPTION_INT, .offset = offsetof(struct context, number), .min = 1, .max = 64},
        {.key = "wait", .fallback = "10 s", .doc = "How long.", .type = OPTION_DURATION, .offset = offsetof(struct context, wait), .min = 1, .max = 60000},
        {.key = "flag", .fallback = "false", .doc = "Whether.", .type = OPTION_BOOLEAN, .offset = offsetof(struct context, flag)},
        {.key = "mode", .fallback = "structured", .doc = "Which.", .type = OPTION_CHOICE, .offset = offsetof(struct context, mode), .choices = modes},
        {.key = "token", .fallback = "", .doc = "Token.", .type = OPTION_SECRET, .offset = offsetof(struct context, token)},
        {.key = "rules",
         .fallback = "",
         .doc = "Rules.",
         .type = OPTION_TABLE,
         .offset = offsetof(struct context, rules),
         .row = rule_table,
         .row_size = sizeof(struct rule)},
        {0},
};

static int read_options_within(const char *(*where)(const char *name), const char *text, struct context *ctx, struct mistakes *mistakes,
                               struct arena *arena) {
        static const char *const also[] = {"connector", NULL};
        struct settings_target target = {table, ctx};
        struct settings_source source = {.environment = where, .arena = arena};
        struct yaml_tree *yaml = NULL;
        struct error err = {0};
        int r;

        ck_assert_msg(yaml_tree_parse("x.yaml", text, strlen(text), LANGUAGE_EN, &yaml, &err) == 0, "%s", err.text);
        source.yaml = yaml;
        r = settings_read(&source, yaml_tree_root(yaml), also, &target, 1, mistakes);
        yaml_tree_free(yaml);
        return r;
}

static int read_options(const char *text, struct context *ctx, struct mistakes *mistakes, struct arena *arena) {
        return read_options_within(environment, text, ctx, mistakes, arena);
}

/* Who gives orders to a connector has none of its tokens; the rest of the file is held to the same. */
START_TEST(test_options_are_read_without_tokens) {
        static const char *const texts[] = {"url: a\ntoken: {env: NONE}\n", "url: a\ntoken: {file: not-there}\n"};
        struct mistakes mistakes = MISTAKES_INIT;
        struct context ctx = {0};
        struct arena *arena;

        ck_assert_int_eq(arena_new(&arena, 65536), 0);
        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                ck_assert_int_eq(read_options_within(NULL, texts[i], &ctx, &mistakes, arena), 0);
                ck_assert_uint_eq(ctx.token.n, 0);
        }
        ck_assert_int_eq(read_options_within(NULL, "url: a\ntoken: {env: NONE, file: too}\n", &ctx, &mistakes, arena), -EINVAL);
        settings_done(table, &ctx);
        mistakes_done(&mistakes);
        arena_free(arena);
}
END_TEST

START_TEST(test_options_are_read_with_defaults) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct context ctx = {0};
        struct arena *arena;

        ck_assert_int_eq(arena_new(&arena, 65536), 0);
        ck_assert_int_eq(read_options("connector: x\nurl: http://a/\nwait: 5 s\nflag: true\nmode: binary\ntoken: {env: TOKEN}\n", &ctx, &mistakes, arena), 0);
        ck_assert_str_eq(ctx.url, "http://a/");
        ck_assert_int_eq(ctx.number, 8);
        ck_assert_int_eq(ctx.wait, 5000);
        ck_assert(ctx.flag);
        ck_assert_int_eq(ctx.mode, 1);
        ck_assert_uint_eq(ctx.token.n, 1);
        settings_done(table, &ctx);
        ck_assert_uint_eq(ctx.token.n, 0);
        mistakes_done(&mistakes);
        arena_free(arena);
}
END_TEST

START_TEST(test_options_of_a_table) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct context ctx = {0};
        const struct rule *rules;
        struct arena *arena;

        ck_assert_int_eq(arena_new(&arena, 65536), 0);
        ck_assert_int_eq(read_options("url: a\nrules:\n- {name: one, pairs: {a: b, c: d}}\n- {name: two, number: 3}\n", &ctx, &mistakes, arena), 0);
        ck_assert_uint_eq(ctx.rules.n, 2);
        rules = ctx.rules.rows;
        ck_assert_str_eq(rules[0].name, "one");
        ck_assert_int_eq(rules[0].number, 8);
        ck_assert_uint_eq(rules[0].pairs.n, 2);
        ck_assert_str_eq(rules[0].pairs.items[1].key, "c");
        ck_assert_str_eq(rules[1].name, "two");
        ck_assert_int_eq(rules[1].number, 3);
        ck_assert_uint_eq(rules[1].pairs.n, 0);
        mistakes_done(&mistakes);
        arena_free(arena);
}
END_TEST

static const struct {
        const char *text, *told;
} option_mistakes[] = {
        {"url: a\nrules: 3\n", "x.yaml:2:8: rules must be a list, of which each item has keys of its own"},
        {"url: a\nrules: []\n", "x.yaml:2:8: rules must be a list, of which each item has keys of its own"},
        {"url: a\nrules: [a]\n", "x.yaml:2:9: rules must be a mapping"},
        {"url: a\nrules:\n- {number: 3}\n", "x.yaml:3:3: 'name' is missing: Which."},
        {"url: a\nrules:\n- {name: a}\n- {name: b, nmae: c}\n", "x.yaml:4:13: rules has no key 'nmae' (did you mean 'name'?)"},
        {"number: 1\n", "x.yaml:1:1: 'url' is missing: Where to."},
        {"url: a\nnumbre: 2\n", "x.yaml:2:1: this connector has no key 'numbre' (did you mean 'number'?)"},
        {"url: a\nnumber: 65\n", "x.yaml:2:9: number must be a number from 1 to 64"},
        {"url: a\nnumber: \"5\"\n", "x.yaml:2:9: number must be a number from 1 to 64, without quotes"},
        {"url: a\nwait: 2 fortnights\n", "x.yaml:2:7: wait must be a duration from 1 ms to 1 min (500 ms, 10 seconds, 5 minutes, 1 hour)"},
        {"url: a\nwait: 61 s\n", "x.yaml:2:7: wait must be a duration from 1 ms to 1 min"},
        {"url: a\nflag: yes\n", "x.yaml:2:7: flag must be true or false"},
        {"url: a\nmode: bin\n", "x.yaml:2:7: mode must be structured or binary"},
        {"url: [a]\n", "x.yaml:1:6: url must be text"},
        {"url:\n", "url must be text"},
        {"url: a\ntoken: " TOKEN_A "\n", "x.yaml:2:8: token must be {file: PATH} or {env: NAME}"},
        {"url: a\ntoken: {env: NONE}\n", "x.yaml:2:14: the environment has no variable NONE"},
        {"url: a\ntoken: {file: not-there}\n", "x.yaml:2:15: the token cannot be read"},
        {"url: a\nnumber: x\nflag: 3\n", "x.yaml:3:7: flag must be true or false"}, /* the second mistake is told as well */
};

START_TEST(test_options_tell_every_mistake) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct context ctx = {0};
        struct arena *arena;

        ck_assert_int_eq(arena_new(&arena, 65536), 0);
        ck_assert_int_eq(read_options(option_mistakes[_i].text, &ctx, &mistakes, arena), -EINVAL);
        ck_assert_msg(strstr(buffer_text(&mistakes.text), option_mistakes[_i].told), "%s", buffer_text(&mistakes.text));
        ck_assert_ptr_null(strstr(buffer_text(&mistakes.text), TOKEN_A));
        settings_done(table, &ctx);
        mistakes_done(&mistakes);
        arena_free(arena);
}
END_TEST

START_TEST(test_options_document_themselves) {
        struct buffer out = BUFFER_INIT(65536);

        settings_document(table, &out);
        for (const struct connector_option *o = table; o->key; o++) {
                ck_assert_ptr_nonnull(strstr(buffer_text(&out), o->key));
                ck_assert_ptr_nonnull(strstr(buffer_text(&out), o->doc));
        }
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), "url: text; required"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), "mode: structured or binary; default structured"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), "- number: a number from 1 to 64; default 8"));
        buffer_done(&out);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("connect");
        SRunner *runner = srunner_create(suite);
        TCase *window = tcase_create("window"), *backoff = tcase_create("backoff"), *secret = tcase_create("secret"), *options = tcase_create("options");
        int failed;

        tcase_add_loop_test(window, test_attributes_are_percent_encoded_in_headers, 0, ELEMENTS(headers));
        tcase_add_loop_test(window, test_headers_of_others_are_read, 0, ELEMENTS(foreign_headers));
        tcase_add_test(window, test_window_keeps_the_order_of_a_case);
        tcase_add_test(window, test_window_is_a_thousand_records_from_the_oldest_unsettled);
        tcase_add_test(window, test_window_is_bounded_in_bytes);
        tcase_add_test(window, test_window_hold_stops_everything);
        tcase_add_test(window, test_window_under_random_outcomes);
        tcase_add_test(window, test_each_log_has_its_own_position_and_cases_are_one);
        tcase_add_test(backoff, test_backoff_doubles_to_the_longest_and_is_spread);
        tcase_add_loop_test(backoff, test_retry_after, 0, (int)ELEMENTS(retry_after_rows));
        tcase_add_loop_test(backoff, test_traceparent, 0, (int)ELEMENTS(traceparent_rows));
        tcase_add_test(secret, test_secrets_find_their_owner);
        tcase_add_loop_test(secret, test_secrets_refuse_without_repeating, 0, (int)ELEMENTS(bad_secrets));
        tcase_add_loop_test(secret, test_passwords_are_any_line, 0, (int)ELEMENTS(passwords));
        tcase_add_test(secret, test_secrets_are_read_again_when_their_file_changes);
        tcase_add_test(secret, test_secret_of_header);
        tcase_add_test(options, test_options_are_read_with_defaults);
        tcase_add_test(options, test_options_are_read_without_tokens);
        tcase_add_loop_test(options, test_options_tell_every_mistake, 0, (int)ELEMENTS(option_mistakes));
        tcase_add_test(options, test_options_of_a_table);
        tcase_add_test(options, test_options_document_themselves);
        suite_add_tcase(suite, window);
        suite_add_tcase(suite, backoff);
        suite_add_tcase(suite, secret);
        suite_add_tcase(suite, options);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
