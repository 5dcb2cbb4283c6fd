/* SPDX-License-Identifier: EUPL-1.2 */

/* Goal: the small tools keep what their headers promise. Method: tables, and random runs against naive models. */

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/chains.h"
#include "base/heap.h"
#include "base/json.h"
#include "base/language.h"
#include "base/sha1.h"
#include "base/spill.h"
#include "base/table.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "base/yaml.h"

START_TEST(test_what_is_spilled_stands_there_however_often_it_is_let_go_of) {
        const size_t n = 4 * SPILL_TOUCHED_MAX;
        struct spill s;
        struct error err = {0};

        ck_assert_msg(spill_new(&s, "/var/tmp", n, &err) == 0, "%s", err.text);
        for (size_t at = 0; at < n; at += 4096) {
                spill_touch(&s, 1);
                s.bytes[at] = (uint8_t)(at >> 12);
                ck_assert_uint_le(s.touched, SPILL_TOUCHED_MAX);
        }
        for (size_t at = 0; at < n; at += 4096) {
                spill_touch(&s, 1);
                ck_assert_uint_eq(s.bytes[at], (uint8_t)(at >> 12));
        }
        spill_done(&s);
        ck_assert_ptr_null(s.bytes);
        ck_assert_int_eq(spill_new(&s, "/nonexistent/ketenwacht", n, &err), -ENOENT);
        ck_assert_str_eq(err.text, "/nonexistent/ketenwacht: no file of 8 MiB can be kept there: No such file or directory");
}
END_TEST

/* The bytes end where the block ends: a checker of memory sees who reads on. */
START_TEST(test_a_copy_of_a_text_reads_no_byte_behind_it) {
        char *full = malloc(3), *copy, *empty = text_dup((struct text){NULL, 0});

        ck_assert_ptr_nonnull(full);
        memcpy(full, "abc", 3);
        copy = text_dup((struct text){full, 3});
        ck_assert_str_eq(copy, "abc");
        ck_assert_str_eq(empty, "");
        free(full);
        free(copy);
        free(empty);
}
END_TEST

START_TEST(test_uuid_v5_is_that_of_the_rfc) {
        /* RFC 4122 name space DNS, "python.org": a published vector. */
        static const struct uuid dns = {{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}};
        struct uuid u = uuid_v5(&dns, "python.org", 10);
        char text[UUID_TEXT + 1];

        uuid_format(&u, text);
        ck_assert_str_eq(text, "886313e1-3b8a-5372-9b90-0c9aee199e5d");
}
END_TEST

/* Names of every length up to beyond the longest that is padded in one piece; folded, with the result of another program. */
START_TEST(test_uuid_v5_of_every_length) {
        static const struct uuid dns = {{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}};
        struct uuid all = {{0}};
        uint8_t name[1200];
        char text[UUID_TEXT + 1];

        for (size_t i = 0; i < sizeof(name); i++)
                name[i] = (uint8_t)(i * 7 + 1);
        for (size_t n = 0; n < sizeof(name); n++) {
                struct uuid u = uuid_v5(&dns, name, n);

                for (size_t i = 0; i < sizeof(u.bytes); i++)
                        all.bytes[i] = (uint8_t)(all.bytes[i] * 3 + u.bytes[i]);
        }
        uuid_format(&all, text);
        ck_assert_str_eq(text, "47d7675d-76f3-03c2-650c-6196bd1b26af");
}
END_TEST

/* Names of all lengths side by side, also of other numbers of blocks, are what each is alone. */
START_TEST(test_uuid_v5_of_many_names) {
        static const struct uuid ns = {{1, 2, 3}};
        struct text names[301];
        struct uuid ids[301];
        char name[900];

        for (size_t i = 0; i < sizeof(name); i++)
                name[i] = (char)(i * 11 + 5);
        for (size_t i = 0; i < ELEMENTS(names); i++)
                names[i] = (struct text){name + i, i * 7 % 600};
        uuid_v5_all(&ns, names, ELEMENTS(names), ids);
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                struct uuid one = uuid_v5(&ns, names[i].s, names[i].n);

                ck_assert_msg(uuid_equal(&ids[i], &one), "name %zu of %zu bytes", i, names[i].n);
        }
}
END_TEST

/* Names of several lengths, some of them over before others, by each way that this processor has: the plain one is the measure. */
START_TEST(test_sha1_by_every_way) {
        static uint8_t blocks[SHA1_LANES][4 * SHA1_BLOCK];
        struct sha1_lane plain[SHA1_LANES], lanes[SHA1_LANES];

        for (unsigned round = 0; round < 64; round++) {
                size_t n = round % (SHA1_LANES + 1);

                for (size_t l = 0; l < n; l++) {
                        for (size_t i = 0; i < sizeof(*blocks); i++)
                                blocks[l][i] = (uint8_t)(i * 31 + round * 17 + (i * round >> 3) + l * 101);
                        plain[l] = (struct sha1_lane){SHA1_START, blocks[l], 1 + (l * 3 + round) % 4};
                        lanes[l] = plain[l];
                }
                for (size_t l = 0; l < n; l++)
                        sha1_lanes(SHA1_PLAIN, &plain[l], 1);
                for (unsigned way = 0; way < SHA1_WAYS; way++) {
                        struct sha1_lane again[SHA1_LANES];

                        if (!sha1_has((enum sha1_way)way))
                                continue; /* this processor never takes it */
                        memcpy(again, lanes, sizeof(again));
                        sha1_lanes((enum sha1_way)way, again, n);
                        for (size_t l = 0; l < n; l++)
                                ck_assert_msg(memcmp(again[l].state, plain[l].state, sizeof(plain->state)) == 0, "way %u, lane %zu of %zu", way, l, n);
                }
                for (size_t l = 0; l < n; l++) {
                        sha1_blocks(lanes[l].state, lanes[l].blocks, lanes[l].n);
                        ck_assert_mem_eq(lanes[l].state, plain[l].state, sizeof(plain->state));
                }
        }
}
END_TEST

static const struct {
        const char *text;
        bool ok;
} uuid_text_rows[] = {
        {"6f1d2c1e-8a53-5d0b-9b57-2f0f6f0c7a11", true},   {"6F1d2c1e-8a53-5d0b-9b57-2f0f6f0c7a11", false},
        {"6f1d2c1e-8a53-5d0b-9b57-2f0f6f0c7a1", false},   {"6f1d2c1e-8a53-5d0b-9b57-2f0f6f0c7a111", false},
        {"6f1d2c1e8a53-5d0b-9b57--2f0f6f0c7a11", false},  {"6f1d2c1e-8a53-5d0b-9b57-2f0f6f0c7g11", false},
};

START_TEST(test_uuid_text) {
        struct uuid u;
        char text[UUID_TEXT + 1];

        ck_assert_int_eq(uuid_parse(uuid_text_rows[_i].text, strlen(uuid_text_rows[_i].text), &u), uuid_text_rows[_i].ok);
        if (uuid_text_rows[_i].ok) {
                uuid_format(&u, text);
                ck_assert_str_eq(text, uuid_text_rows[_i].text);
        }
}
END_TEST

/* Every byte at every place of a text, against what the form says of it. */
START_TEST(test_uuid_text_byte_by_byte) {
        static const char whole[] = "6f1d2c1e-8a53-5d0b-9b57-2f0f6f0c7a11";
        struct uuid u, want;

        for (size_t at = 0; at < UUID_TEXT; at++) {
                for (int c = 0; c < 256; c++) {
                        bool digit = c && strchr("0123456789abcdef", c), dash = at == 8 || at == 13 || at == 18 || at == 23;
                        char text[UUID_TEXT], again[UUID_TEXT];

                        memcpy(text, whole, sizeof(text));
                        text[at] = (char)c;
                        ck_assert_int_eq(uuid_parse(text, UUID_TEXT, &u), dash ? c == '-' : digit);
                        if (dash || !digit)
                                continue;
                        ck_assert(uuid_parse(whole, UUID_TEXT, &want));
                        size_t place = (at - (at > 8) - (at > 13) - (at > 18) - (at > 23)); /* among the digits */
                        uint8_t value = (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);

                        want.bytes[place / 2] = place % 2 ? (uint8_t)((want.bytes[place / 2] & 0xf0) | value)
                                                          : (uint8_t)((want.bytes[place / 2] & 0x0f) | value << 4);
                        ck_assert_mem_eq(u.bytes, want.bytes, 16);
                        uuid_write(&u, again);
                        ck_assert_mem_eq(again, text, UUID_TEXT);
                }
        }
}
END_TEST

START_TEST(test_table_agrees_with_a_plain_array) {
        static int keys[512];
        struct table t = {0};
        bool in[512] = {false};
        unsigned seed = 7;
        size_t n = 0;

        for (int i = 0; i < 512; i++)
                keys[i] = i * 7919;
        for (int step = 0; step < 20000; step++) {
                int i = rand_r(&seed) % 512;

                if (rand_r(&seed) % 2) {
                        ck_assert_int_eq(table_put(&t, &keys[i], sizeof(int), &keys[i]), 0);
                        n += !in[i];
                        in[i] = true;
                } else {
                        ck_assert_ptr_eq(table_remove(&t, &keys[i], sizeof(int)), in[i] ? (void *)&keys[i] : NULL);
                        n -= in[i];
                        in[i] = false;
                }
                i = rand_r(&seed) % 512;
                ck_assert_ptr_eq(table_get(&t, &keys[i], sizeof(int)), in[i] ? (void *)&keys[i] : NULL);
                ck_assert_uint_eq(t.n, n);
        }
        table_done(&t);
}
END_TEST

/* Instants of one slice of time, and all over a year; and the one of what is due at once. */
static instant_t random_at(unsigned *seed) {
        switch (rand_r(seed) % 8) {
        case 0:
                return INSTANT_NEVER;
        case 1:
                return INT64_MIN;
        case 2:
        case 3:
                return rand_r(seed) % 1000;
        default:
                return (instant_t)(rand_r(seed) % 1000) * 31536000;
        }
}

/* Every number is found, in the order in which it was added, and a search does not look at more items for how many there are. */
START_TEST(test_chains_hold_all_and_look_at_few) {
        static const size_t rooms[] = {0, 1, CHAINS_FEW, CHAINS_FEW + 1, 20000};
        CLEANUP(arena_free_p) struct arena *arena = NULL;

        ck_assert_int_eq(arena_new(&arena, (size_t)1 << 24), 0);
        for (size_t r = 0; r < ELEMENTS(rooms); r++) {
                size_t keys = rooms[r] / 2, looked = 0; /* each key twice */
                struct chains chains;

                ck_assert_int_eq(chains_open(&chains, arena, rooms[r], rooms[r]), 0);
                ck_assert_uint_eq(chains_first(&chains, 0), CHAINS_END);
                for (size_t i = 0; i < 2 * keys; i++)
                        chains_add(&chains, table_hash(&(size_t){i % keys}, sizeof(size_t)));
                for (size_t key = 0; key < keys; key++) {
                        size_t wanted = key;

                        for (uint32_t i = chains_first(&chains, table_hash(&key, sizeof(key))); i != CHAINS_END; i = chains_next(&chains, i)) {
                                looked++;
                                if (i == wanted)
                                        wanted += keys;
                        }
                        ck_assert_uint_eq(wanted, key + 2 * keys);
                }
                ck_assert_uint_le(looked, keys * (rooms[r] > CHAINS_FEW ? 6 : CHAINS_FEW));
                arena_reset(arena);
        }
}
END_TEST

START_TEST(test_heap_gives_the_least_first) {
        struct heap_slot slots[300] = {{0}};
        instant_t at[300];
        struct heap h = {0};
        unsigned seed = 11;

        for (int i = 0; i < 300; i++)
                at[i] = INSTANT_NEVER;
        for (int step = 0; step < 30000; step++) {
                int i = rand_r(&seed) % 300;
                instant_t least = INSTANT_NEVER;
                int moved = 0;

                at[i] = random_at(&seed);
                ck_assert_int_eq(heap_set(&h, &slots[i], at[i]), 0);
                ck_assert_int_eq(heap_at(&h, &slots[i]), at[i]);
                for (int j = 0; j < 300; j++)
                        least = at[j] < least ? at[j] : least;
                ck_assert_int_eq(heap_first(&h) ? heap_first(&h)->at : INSTANT_NEVER, least);
                if (step % 64 == 0)
                        heap_settle(&h);
                for (int j = 0; j < 300; j++)
                        moved += heap_at(&h, &slots[j]) != at[j];
                ck_assert_int_eq(moved, 0);
        }
        heap_done(&h);
}
END_TEST

/* All that is put in goes out in order, and gives its memory back. */
START_TEST(test_heap_forgets_what_lies_behind) {
        struct heap_slot slots[500] = {{0}};
        struct heap h = {0};
        unsigned seed = 5;

        for (int round = 0; round < 3; round++) {
                instant_t last = INT64_MIN;

                for (int i = 0; i < 500; i++)
                        ck_assert_int_eq(heap_set(&h, &slots[i], (instant_t)rand_r(&seed) * 100), 0);
                ck_assert_uint_eq(h.n, 500);
                while (heap_first(&h)) {
                        ck_assert_int_ge(heap_first(&h)->at, last);
                        last = heap_first(&h)->at;
                        heap_remove(&h, heap_first(&h)->slot);
                        heap_settle(&h);
                }
                ck_assert_uint_eq(h.n_slices, 0);
        }
        heap_done(&h);
}
END_TEST

START_TEST(test_arena_stops_at_its_maximum) {
        struct arena *arena;

        ck_assert_int_eq(arena_new(&arena, 100000), 0);
        for (int round = 0; round < 3; round++) {
                ck_assert_ptr_nonnull(arena_alloc(arena, 50000));
                ck_assert_ptr_nonnull(arena_alloc(arena, 30000));
                ck_assert_ptr_null(arena_alloc(arena, 50000));
                ck_assert_ptr_null(arena_calloc(arena, SIZE_MAX / 2, 4));
                ck_assert_str_eq(arena_printf(arena, "%d %s", 5, "dagen"), "5 dagen");
                arena_reset(arena);
        }
        arena_free(arena);
}
END_TEST

START_TEST(test_arena_lives_with_sizes_that_creep_up) {
        struct arena *arena;

        ck_assert_int_eq(arena_new(&arena, 4 << 20), 0);
        for (size_t size = 1000; size < (1 << 20); size += 100) { /* without blocks that fit, the sum would pass the maximum at once */
                ck_assert_ptr_nonnull(arena_alloc(arena, size));
                arena_reset(arena);
        }
        arena_free(arena);
}
END_TEST

START_TEST(test_json_is_escaped_and_stays_utf8) {
        struct buffer b = BUFFER_INIT(1000);
        struct json_writer w = JSON_WRITER(&b);

        jsonw_open_object(&w);
        jsonw_put_text(&w, "a", (struct text){"x\"\\\n\x01" "\xc3\xa9\xff", 8});
        jsonw_key(&w, "b");
        jsonw_open_array(&w);
        jsonw_int(&w, -5);
        jsonw_double(&w, 0.1);
        jsonw_null(&w);
        jsonw_close_array(&w);
        jsonw_put_bool(&w, "c", true);
        jsonw_close_object(&w);
        ck_assert_str_eq(buffer_text(&b), "{\"a\":\"x\\\"\\\\\\n\\u0001\xc3\xa9\xef\xbf\xbd\",\"b\":[-5,0.1,null],\"c\":true}");
        buffer_done(&b);
}
END_TEST

/* Texts of every length around a word, with each byte at each place: what jansson reads is what was written. Numbers to their ends. */
START_TEST(test_json_reads_back) {
        static const int64_t numbers[] = {0, 9, 10, -1, INT64_MAX, INT64_MIN};
        char text[20], want[32];

        for (int byte = 0; byte < 0x80; byte++) {
                for (size_t n = 1; n <= sizeof(text); n++) {
                        for (size_t at = 0; at < n; at++) {
                                struct buffer b = BUFFER_INIT(1000);
                                struct json_writer w = JSON_WRITER(&b);
                                json_t *json;

                                memset(text, 'x', sizeof(text));
                                text[at] = (char)byte;
                                jsonw_text(&w, (struct text){text, n});
                                json = json_loadb((const char *)b.bytes, b.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
                                ck_assert_msg(json && json_string_length(json) == n && memcmp(json_string_value(json), text, n) == 0, "%s", buffer_text(&b));
                                json_decref(json);
                                buffer_done(&b);
                        }
                }
        }
        for (size_t i = 0; i < ELEMENTS(numbers); i++) {
                struct buffer b = BUFFER_INIT(1000);
                struct json_writer w = JSON_WRITER(&b);

                jsonw_int(&w, numbers[i]);
                snprintf(want, sizeof(want), "%" PRId64, numbers[i]);
                ck_assert_str_eq(buffer_text(&b), want);
                buffer_done(&b);
        }
}
END_TEST

static const struct {
        const char *s;
        bool ok;
} utf8_rows[] = {
        {"gewoon", true}, {"\xc3\xab", true}, {"\xf0\x9f\x91\xb6", true}, {"\xc0\x80", false}, {"\xed\xa0\x80", false},
        {"\xf4\x90\x80\x80", false}, {"\xe2\x82", false}, {"acht letters \xff", false},
};

START_TEST(test_utf8) {
        ck_assert_int_eq(utf8_valid(utf8_rows[_i].s, strlen(utf8_rows[_i].s)), utf8_rows[_i].ok);
}
END_TEST

START_TEST(test_nearest_word) {
        struct nearest n = NEAREST_INIT("esclate");
        char hint[NEAREST_HINT_MAX];

        nearest_try(&n, "announce");
        nearest_try(&n, "escalate");
        nearest_try(&n, "remind");
        ck_assert_str_eq(nearest_hint(&n, hint), " (did you mean 'escalate'?)");
        n = (struct nearest)NEAREST_INIT("xyz");
        nearest_try(&n, "escalate");
        ck_assert_str_eq(nearest_hint(&n, hint), "");
        n = (struct nearest)NEAREST_INIT("inbox.gm14"); /* as a spreadsheet writes it: Groningen, not Sluis */
        nearest_try(&n, "inbox.gm1714");
        nearest_try(&n, "inbox.gm0014");
        nearest_try(&n, "inbox.gm0114");
        ck_assert_str_eq(nearest_hint(&n, hint), " (did you mean 'inbox.gm0014'?)");
}
END_TEST

static const struct {
        const char *header, *language;
} accept_rows[] = {
        {NULL, "en"}, {"", "en"}, {"*", "en"}, {"de, fr;q=0.8", "en"}, {"nl", "nl"}, {"NL-nl", "nl"}, {"nl-BE;q=0.2", "nl"},
        {"en;q=0.8, nl;q=0.81", "nl"}, {"nl;q=0.8,en", "en"}, {"nl, en", "nl"}, {"en, nl", "en"}, {"nl;q=0", "en"},
        {"nl ; q=0.5 , *;q=0.6", "en"}, {"nlx, en;q=0.1", "en"}, {"de, nl;q=0.3, en;q=0.299", "nl"}, {",,;;,nl;q=", "nl"}, {"nl;q=9.9.9, en", "nl"},
        {"*, en;q=0", "nl"}, {"en;q=0.1, *", "nl"}, {"nl;q=0.1, *", "en"}, {"*;q=0.5, nl;q=0", "en"}, {"nl;q=0, en;q=0", "en"}, {"fr, *;q=0.1", "en"},
};

START_TEST(test_the_language_that_is_liked_best) {
        ck_assert_str_eq(language_tag(language_of_accept(accept_rows[_i].header, LANGUAGE_EN)), accept_rows[_i].language);
}
END_TEST

START_TEST(test_languages_of_locales) {
        static const struct {
                const char *locale;
                int language; /* -1: none of ours */
        } rows[] = {{"nl_NL.UTF-8", LANGUAGE_NL}, {"nl", LANGUAGE_NL}, {"nl@euro", LANGUAGE_NL}, {"en_GB", LANGUAGE_EN}, {"C.UTF-8", -1}, {"", -1}, {"nld",
                                                                                                                                                     -1}};

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                enum language language = LANGUAGES;

                ck_assert_msg(language_of_tag(text_of(rows[i].locale), &language) == (rows[i].language >= 0), "%s", rows[i].locale);
                ck_assert_int_eq((int)language, rows[i].language >= 0 ? rows[i].language : (int)LANGUAGES);
        }
}
END_TEST

START_TEST(test_yaml_knows_places) {
        static const char text[] = "a: 1\nb:\n  - x\n  - {c: \"5\", d: [e]}\n";
        struct error err = {0};
        struct yaml_tree *yaml;
        const struct yaml_node *b, *c;

        ck_assert_int_eq(yaml_tree_parse("t.yaml", text, strlen(text), LANGUAGE_EN, &yaml, &err), 0);
        b = yaml_get(yaml_tree_root(yaml), "b");
        ck_assert_uint_eq(b->n, 2);
        c = yaml_get(b->items[1], "c");
        ck_assert(c->quoted && c->line == 4 && c->column == 9);
        ck_assert_str_eq(c->text, "5");
        yaml_tree_free(yaml);
}
END_TEST

/* What a lower layer says, and two doors above it. */
static int error_low(bool said, int r, struct error *err) {
        if (said)
                error_set(err, "the disk is full");
        return r;
}

static int error_middle(bool said, int r, struct error *err) {
        return error_trace(error_low(said, r, err), err);
}

static int error_high(bool said, int r, struct error *err) {
        return error_trace(error_middle(said, r, err), err);
}

static unsigned error_hops(const struct error *err) {
        char way[ERROR_WAY_MAX];
        unsigned n = *error_way(err, way) != '\0';

        ck_assert_msg(!n || strncmp(way, "tests/unit/test_base.c:", 23) == 0, "%s", way);
        for (const char *p = way; (p = strstr(p, " < tests/unit/test_base.c:")); p++)
                n++;
        return n;
}

START_TEST(test_errors_keep_their_way_up) {
        struct error err, before;

        memset(&err, 0xa5, sizeof(err)); /* as a stack may be */
        ck_assert_int_eq(error_high(true, -ENOSPC, &err), -ENOSPC);
        ck_assert_str_eq(err.text, "the disk is full");
        ck_assert_uint_eq(error_hops(&err), 3);
        error_prefix(&err, "log"); /* says more, and comes from where it came from */
        ck_assert_str_eq(err.text, "log: the disk is full");
        ck_assert_uint_eq(error_hops(&err), 3);
        before = err;
        ck_assert_int_eq(error_high(false, 0, &err), 0); /* success leaves it alone */
        ck_assert(memcmp(&err, &before, sizeof(err)) == 0);
        error_set(&err, "another");
        ck_assert_uint_eq(error_hops(&err), 1);
        for (int i = 0; i < 2 * ERROR_HOPS_MAX; i++)
                ck_assert_int_eq(error_trace(7, &err), 7);
        ck_assert_uint_eq(error_hops(&err), ERROR_HOPS_MAX);
}
END_TEST

START_TEST(test_errors_about_which_nothing_was_said) {
        char way[ERROR_WAY_MAX];
        struct error err;

        memset(&err, 0xa5, sizeof(err));
        ck_assert_str_eq(error_way(&err, way), "");
        ck_assert_int_eq(error_high(false, -ENOSPC, &err), -ENOSPC);
        ck_assert_str_eq(err.text, strerror(ENOSPC));
        ck_assert_uint_eq(error_hops(&err), 2);
        ck_assert_int_eq(error_high(true, -ENOSPC, NULL), -ENOSPC); /* nobody wants to know */
        for (unsigned i = 0; i < ERROR_HOPS_MAX; i++) /* a way that is longer than its room is cut */
                err.hops[i] = (struct error_hop){"a/folder/of/a/hundred/characters/or/so/because/folders/may/be/deep/in/other/peoples/houses/as/well.c", 1};
        err.n_hops = ERROR_HOPS_MAX;
        ck_assert_uint_eq(strlen(error_way(&err, way)), ERROR_WAY_MAX - 1);
}
END_TEST

static const struct {
        const char *text, *want;
} yaml_mistakes[] = {
        {"a: 1\na: 2\n", "t.yaml:2:1: the key 'a' stands here twice (first in line 1)"},
        {"a: &x 1\nb: *x\n", "t.yaml:2:4: aliases (*name) are not allowed here; write the value out"},
        {"a: [1\n", "t.yaml:2:1: the [ of line 1 is not closed with ] before this, or a comma is missing"},
        {"a: 1\nb: {c: 1,\n  d: 2\ne: 3\n", "t.yaml:4:2: the { of line 2 is not closed with } before this, or a comma is missing"},
        {"a: 1\nb: \"c\n", "t.yaml:3:1: the quotation mark of line 2 is not closed with another one before this"},
        {"a:\n\tb: 1\n", "t.yaml:2:1: a tab stands here; indent with spaces"},
        {"a:\n  - b\n \t- c\n", "t.yaml:3:2: a tab stands here; indent with spaces"},
        {"title: Overleg: de eerste keer\n", "t.yaml:1:15: a colon stands inside a text; put the text between quotation marks"},
        {"a: 1\n  b: 2\n", "t.yaml:2:4: this line is not indented as what it belongs to"},
        {"a:\n    b: 1\n  c: 2\n", "t.yaml:3:3: this line is not indented as what it belongs to"},
        {"a:\n  - b\n  c: 2\n", "t.yaml:3:3: this line is not indented as what it belongs to"},
        {"a: @b\n", "t.yaml:1:4: a text cannot begin with this character; put it between quotation marks"},
        {"a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document; one file holds one"},
        {"? [a]\n: 1\n", "t.yaml:1:3: a key must be a word"},
};

START_TEST(test_yaml_mistakes_have_places) {
        struct error err = {0};
        struct yaml_tree *yaml;

        ck_assert_int_eq(yaml_tree_parse("t.yaml", yaml_mistakes[_i].text, strlen(yaml_mistakes[_i].text), LANGUAGE_EN, &yaml, &err), -EINVAL);
        ck_assert_str_eq(err.text, yaml_mistakes[_i].want);
}
END_TEST

START_TEST(test_a_byte_order_mark_is_no_text) {
        static const char text[] = "\xef\xbb\xbf" "a: 1\nb: 2\n";
        const struct yaml_node *b;
        struct yaml_tree *yaml;
        struct error err;

        ck_assert_int_eq(yaml_tree_parse("t.yaml", text, sizeof(text) - 1, LANGUAGE_EN, &yaml, &err), 0);
        ck_assert_str_eq(yaml_tree_root(yaml)->keys[0]->text, "a");
        b = yaml_get(yaml_tree_root(yaml), "b");
        ck_assert(b && b->line == 2 && b->column == 4);
        yaml_tree_free(yaml);
}
END_TEST

START_TEST(test_numbers) {
        int64_t i;
        double d;

        ck_assert(text_to_int64(text_of("-9223372036854775808"), &i) && i == INT64_MIN);
        ck_assert(text_to_int64(text_of("9223372036854775807"), &i) && i == INT64_MAX);
        ck_assert(!text_to_int64(text_of("9223372036854775808"), &i));
        ck_assert(!text_to_int64(text_of("-"), &i) && !text_to_int64(text_of(""), &i) && !text_to_int64(text_of("1x"), &i));
        ck_assert(text_to_double(text_of("-1.5e3"), &d) && d == -1500);
        ck_assert(!text_to_double(text_of("nan"), &d) && !text_to_double(text_of("1e999"), &d));
}
END_TEST

int main(void) {
        Suite *s = suite_create("base");
        TCase *t = tcase_create("base");
        SRunner *runner;
        int failed;

        tcase_add_test(t, test_what_is_spilled_stands_there_however_often_it_is_let_go_of);
        tcase_add_test(t, test_a_copy_of_a_text_reads_no_byte_behind_it);
        tcase_add_test(t, test_uuid_v5_is_that_of_the_rfc);
        tcase_add_test(t, test_uuid_v5_of_every_length);
        tcase_add_test(t, test_uuid_v5_of_many_names);
        tcase_add_test(t, test_sha1_by_every_way);
        tcase_add_loop_test(t, test_uuid_text, 0, (int)ELEMENTS(uuid_text_rows));
        tcase_add_test(t, test_uuid_text_byte_by_byte);
        tcase_add_test(t, test_table_agrees_with_a_plain_array);
        tcase_add_test(t, test_chains_hold_all_and_look_at_few);
        tcase_add_test(t, test_heap_gives_the_least_first);
        tcase_add_test(t, test_heap_forgets_what_lies_behind);
        tcase_add_test(t, test_arena_stops_at_its_maximum);
        tcase_add_test(t, test_arena_lives_with_sizes_that_creep_up);
        tcase_add_test(t, test_json_is_escaped_and_stays_utf8);
        tcase_add_test(t, test_json_reads_back);
        tcase_add_loop_test(t, test_utf8, 0, (int)ELEMENTS(utf8_rows));
        tcase_add_test(t, test_nearest_word);
        tcase_add_loop_test(t, test_the_language_that_is_liked_best, 0, (int)ELEMENTS(accept_rows));
        tcase_add_test(t, test_languages_of_locales);
        tcase_add_test(t, test_errors_keep_their_way_up);
        tcase_add_test(t, test_errors_about_which_nothing_was_said);
        tcase_add_test(t, test_yaml_knows_places);
        tcase_add_loop_test(t, test_yaml_mistakes_have_places, 0, (int)ELEMENTS(yaml_mistakes));
        tcase_add_test(t, test_a_byte_order_mark_is_no_text);
        tcase_add_test(t, test_numbers);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
