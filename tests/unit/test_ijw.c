/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: messages of the chain become the events that they stand for, whatever order they come in, under the same ids every time; what is taken back is
 * withdrawn, what nobody knows waits, and nothing of a person reaches a topic or the log.
 * Method: the connector itself on a bus in memory, its folder in a scratch folder; each row of the agreed table, in more than one order.
 */

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "channel/case_keys.h"
#include "connector_fixture.h"
#include "connectors/connector.h"
#include "ijw_fixture.h"
#include "model/event_json.h"

#define NOW "2026-05-27T12:00:00+02:00"
#define CASE "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"
#define REFERRAL "60a3d05e-e53c-5dbc-921a-806f98a46c8c"
#define MEASURE "7f0a320f-7e2d-50ba-959b-4131a3834d5d"
#define OTHER_MEASURE "0a0a320f-7e2d-50ba-959b-4131a3834d5d"
#define FILE_TEXT \
        "connector: ijw\nname: ijw\nfolder: in\npairs: pairs.csv\nkey: {env: KETENWACHT_KEY}\n" \
        "agb: {'98900001': aanbieder-voorbeeld, '98900002': gi-jbn}\nanswers: out\nprefix: KW\n"

static const struct connector_ops *const table[] = {&connector_ijw, NULL};
static struct connector_fixture f;
static struct buffer text = BUFFER_INIT(1 << 20), said = BUFFER_INIT(1 << 20);
static unsigned files;

static void setup(void) {
        char path[SCRATCH_PATH];

        fixture_setup(&f, NOW);
        files = 0;
        ck_assert_int_eq(mkdir(scratch_path(&f.s, "in", path), 0700), 0);
        ck_assert_int_eq(mkdir(scratch_path(&f.s, "out", path), 0700), 0);
}

static void teardown(void) {
        fixture_teardown(&f);
}

static void begin(void) {
        struct error err = {0};

        ck_assert_msg(fixture_open(&f, table, FILE_TEXT, &err) == 0, "%s", err.text);
        fixture_turn(&f, 10);
}

/* -- What comes -- */

static void drop(const struct ijw_text *t) {
        const struct timespec old[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
        char name[64], path[SCRATCH_PATH];

        (void) snprintf(name, sizeof(name), "in/%04u.xml", ++files);
        scratch_write(&f.s, name, ijw_write(t, &text));
        ck_assert_int_eq(utimensat(AT_FDCWD, scratch_path(&f.s, name, path), old, 0), 0);
        f.monotonic += 1000;
        fixture_turn(&f, 30);
}

static unsigned count_in(const char *folder) {
        char path[SCRATCH_PATH], **names = NULL;
        struct error err;
        size_t n = 0;

        ck_assert_int_eq(folder_names(scratch_path(&f.s, folder, path), ".xml", &names, &n, &err), 0);
        folder_names_free(names);
        return (unsigned)n;
}

#define OTHERS "00000000-0000-4000-8000-" /* so begin ids of events that the test publishes */
#define OF(event_id, source) \
        "{\"event_id\":\"" event_id "\",\"case_id\":\"" CASE "\",\"source\":\"" source "\",\"occurred_at\":\"2026-03-01T00:00:00+01:00\"," \
        "\"recorded_at\":\"2026-03-01T00:00:00+01:00\","

static void refer(void) {
        fixture_publish(&f, "referral-issued", "gi-jbn",
                OF("00000000-0000-4000-8000-000000000001", "gi-jbn") "\"referral_id\":\"" REFERRAL "\",\"measure_id\":\"" MEASURE "\",\"date\":\"2026-03-01\","
                "\"product\":\"45\",\"provider\":\"aanbieder-voorbeeld\",\"form\":\"CONTRACTED\",\"reference\":\"" REF "\"}");
        fixture_turn(&f, 10);
}

static void measure(const char *id, const char *event_id) {
        char json[1024];

        (void) snprintf(json, sizeof(json),
                        "{\"event_id\":\"%s\",\"case_id\":\"" CASE "\",\"source\":\"gi-jbn\",\"occurred_at\":\"2026-01-01T00:00:00+01:00\","
                        "\"recorded_at\":\"2026-01-01T00:00:00+01:00\",\"measure_id\":\"%s\",\"kind\":\"OTS\",\"verdict_date\":\"2026-01-01\","
                        "\"informed_date\":\"2026-01-01\",\"gi\":\"gi-jbn\",\"municipality\":\"gm0014\"}",
                        event_id, id);
        fixture_publish(&f, "measure-started", "gi-jbn", json);
        fixture_turn(&f, 10);
}

static void pair(void) {
        scratch_write(&f.s, "pairs.csv", BSN ";" CASE "\n");
        f.monotonic += CASE_KEYS_LOOK_MS;
        fixture_turn(&f, 20);
}

static void later(int64_t ms) {
        f.now += ms;
        f.monotonic += ms;
        fixture_turn(&f, 30);
}

/* -- What becomes of it -- */

struct lines {
        char *items[256];
        size_t n;
};

static void take_line(void *ctx, const struct bus_record *record) {
        static const char *const shown[] = {"source", "date", "outcome", "reason", "referral_id", "measure_id", "product", "provider", "municipality",
                                            "starts_on", "kind", "reference", "responsible_municipality", "temporary", "form", "withdrawn",
                                            "occurred_at", "recorded_at"};
        CLEANUP(buffer_done) struct buffer json = BUFFER_INIT(1 << 16);
        struct json_writer w = JSON_WRITER(&json);
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct lines *lines = ctx;
        struct event event;
        struct error err = {0};
        json_t *object;

        ck_assert_msg(event_record_read(f.types, NULL, record, slots, &event, &err) == 0, "%s", err.text);
        jsonw_open_object(&w);
        event_to_json(&event, false, &w);
        jsonw_close_object(&w);
        object = json_loads(buffer_text(&json), 0, NULL);
        if (strncmp(json_string_value(json_object_get(object, "event_id")), OTHERS, strlen(OTHERS)) == 0) {
                json_decref(object);
                return;
        }
        ck_assert_str_eq(json_string_value(json_object_get(object, "case_id")), CASE);
        buffer_clear(&said);
        buffer_printf(&said, "%s", event.type->name);
        for (size_t i = 0; i < ELEMENTS(shown); i++) {
                const json_t *value = json_object_get(object, shown[i]);
                char *dump = value && !json_is_null(value) ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

                if (dump)
                        buffer_printf(&said, " %s=%s", shown[i], dump);
                free(dump);
        }
        buffer_printf(&said, " id=%s", json_string_value(json_object_get(object, "event_id")));
        json_decref(object);
        for (size_t i = 0; i < lines->n; i++) { /* the same again counts once */
                if (strcmp(lines->items[i], buffer_text(&said)) == 0)
                        return;
        }
        ck_assert_uint_lt(lines->n, ELEMENTS(lines->items));
        lines->items[lines->n++] = strdup(buffer_text(&said));
}

static int by_text(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every event that the connector made, sorted. */
static struct lines all_events(void) {
        static const char *const made[] = {"referral-issued", "allocation-requested", "help-started", "help-ended", "referral-answered",
                                           "referral-closed", "event-withdrawn"};
        struct lines lines = {0};

        for (size_t i = 0; i < ELEMENTS(made); i++)
                (void) fixture_records(&f, made[i], take_line, &lines);
        qsort(lines.items, lines.n, sizeof(lines.items[0]), by_text);
        return lines;
}

static void lines_free(struct lines *lines) {
        for (size_t i = 0; i < lines->n; i++)
                free(lines->items[i]);
}

/* That the only event is of these words, in their order. */
static void expect(size_t n, size_t which, const char *words) {
        struct lines lines = all_events();
        CLEANUP(buffer_done) struct buffer all = BUFFER_INIT(1 << 20);

        for (size_t i = 0; i < lines.n; i++)
                buffer_printf(&all, "%s\n", lines.items[i]);
        ck_assert_msg(lines.n == n, "%zu events and not %zu:\n%s", lines.n, n, buffer_text(&all));
        ck_assert_msg(n == 0 || strncmp(lines.items[which], words, strlen(words)) == 0, "%s\nis not\n%s", lines.items[which], words);
        lines_free(&lines);
}

static unsigned letters(void) {
        return fixture_records(&f, TOPIC_DEAD_LETTERS, NULL, NULL);
}

static void no_person(void *ctx, const struct bus_record *record) {
        static const char *const never[] = {BSN, "Testkind", "2014-05-01", "9999XX"};

        (void) ctx;
        for (size_t i = 0; i < ELEMENTS(never); i++) {
                ck_assert(!record->key || !memmem(record->key, record->key_n, never[i], strlen(never[i])));
                ck_assert(!record->value || !memmem(record->value, record->value_n, never[i], strlen(never[i])));
        }
        ck_assert(!record->key || !bsn_is_in((struct text){record->key, record->key_n}));
        ck_assert(!record->value || !bsn_is_in((struct text){record->value, record->value_n}));
        for (size_t i = 0; i < record->headers_n; i++)
                ck_assert(!bsn_is_in((struct text){record->headers[i].value, record->headers[i].n}));
}

/* Nothing of a person stands anywhere. */
static void expect_silence(void) {
        static const char *const topics[] = {TOPIC_DEAD_LETTERS, TOPIC_CONNECTOR_KEYS, "allocation-requested", "help-started", "help-ended",
                                             "referral-answered", "referral-closed", "referral-issued", "event-withdrawn"};
        CLEANUP(buffer_done) struct buffer log = BUFFER_INIT(1 << 20);
        int c;

        for (size_t i = 0; i < ELEMENTS(topics); i++)
                (void) fixture_records(&f, topics[i], no_person, NULL);
        rewind(f.logged);
        while ((c = fgetc(f.logged)) != EOF)
                buffer_add_byte(&log, (uint8_t)c);
        ck_assert(!bsn_is_in((struct text){(const char *)log.bytes, log.n}));
        ck_assert_ptr_null(strstr(buffer_text(&log), "Testkind"));
}

/* -- The messages -- */

static const struct ijw_text request = {315, "KW2026-0001", "2026-03-02", BODY_315(REQUESTED(REF, "45", "04")), NULL, NULL, NULL};
static const struct ijw_text allocation = {301, "G14-26-1", "2026-03-06", BODY_301(ALLOCATED("500123", REFERENCE(REF), "45", FROM)), NULL, NULL, NULL};
static const struct ijw_text snapshot = {301, "G14-26-9", "2026-04-06", BODY_301(ALLOCATED("500123", "", "45", FROM)), NULL, NULL, NULL};
static const struct ijw_text start = {305, "KW2026-0002", "2026-03-16", BODY_305(STARTED("500123", "45", "2026-03-12", "1")), NULL, NULL, NULL};
static const struct ijw_text stop = {307, "KW2026-0003", "2026-05-02",
                                     BODY_307(STOPPED("500123", "45", "2026-03-12", "31", "2026-05-01", "1")), NULL, NULL, NULL};
static const struct ijw_text no_start = {305, "KW2026-0010", "2026-03-20", BODY_305(STARTED("500123", "45", "2026-03-12", "3")), NULL, NULL, NULL};
static const struct ijw_text start_again = {305, "KW2026-0011", "2026-03-20", BODY_305(STARTED("500123", "45", "2026-03-12", "1")), NULL, NULL, NULL};
static const struct ijw_text deleted = {301, "G14-26-5", "2026-03-08",
                                        BODY_301(ALLOCATED("500123", "", "45", FROM "<m:Einddatum>2026-03-09</m:Einddatum>"
                                                                                    "<m:RedenWijziging>13</m:RedenWijziging>")),
                                        NULL, NULL, NULL};
static const struct ijw_text refused_start = {306, "KW2026-0002", "2026-03-16", NULL, AGB_PROVIDER, "2026-03-17", RETURN_CODE("9074")};

#define TIMES(at) " occurred_at=\"" at "\" recorded_at=\"" at "\""

/* One message each, with a referral that names its reference: what the only event of it begins with; NULL: there is none. */
static const struct {
        struct ijw_text message;
        const char *event, *counted; /* the last: of the metric */
} rows[] = {
        {{315, "K1", "2026-03-02", BODY_315(REQUESTED(REF, "45", "04")), NULL, NULL, NULL},
         "allocation-requested source=\"aanbieder-voorbeeld\" date=\"2026-03-02\" referral_id=\"" REFERRAL "\" measure_id=\"" MEASURE "\" product=\"45\""
         " provider=\"aanbieder-voorbeeld\" municipality=\"gm0014\" starts_on=\"2026-03-09\" kind=\"REQUEST\" reference=\"" REF "\""
         " occurred_at=\"2026-03-02T00:00:00+01:00\" recorded_at=\"2026-03-02T00:00:00+01:00\"",
         "JW315\",result=\"mapped"},
        {{315, "K1", "2026-03-02", BODY_315(REQUESTED(REF, "47", "08")), AGB_GI, NULL, NULL}, NULL, "JW315\",result=\"measure-product"},
        {{315, "K1", "2026-03-02", BODY_315(REQUESTED(REF, "45", "08")), AGB_GI, NULL, NULL}, NULL, "JW315\",result=\"nothing"},
        {{301, "G1", "2026-03-06", BODY_301(ALLOCATED("500123", REFERENCE(REF), "45", FROM)), NULL, NULL, NULL},
         "referral-answered source=\"gm0014\" date=\"2026-03-05\" outcome=\"ALLOCATED\" reason=\"NONE\" referral_id=\"" REFERRAL "\" reference=\"" REF "\""
         " occurred_at=\"2026-03-05T10:15:00+01:00\" recorded_at=\"2026-03-05T10:15:00+01:00\"",
         "JW301\",result=\"mapped"},
        {{301, "G1", "2026-03-06", BODY_301(ALLOCATED("500123", "", "45", FROM)), NULL, NULL, NULL}, NULL, "JW301\",result=\"mapped"},
        {{301, "G1", "2026-03-06", BODY_301(ALLOCATED("500123", "", "45", FROM "<m:RedenWijziging>07</m:RedenWijziging>")), NULL, NULL, NULL}, NULL,
         "JW301\",result=\"moved"},
        {{319, "G1", "2026-03-06", BODY_319(REF, "<m:VerzoekAntwoord>2</m:VerzoekAntwoord>"), NULL, NULL, NULL},
         "referral-answered source=\"gm0014\" date=\"2026-03-06\" outcome=\"UNDER_INVESTIGATION\" reason=\"NONE\" referral_id=\"" REFERRAL "\"",
         "JW319\",result=\"mapped"},
        {{319, "G1", "2026-03-06", BODY_319(REF, REJECTED_HERE), NULL, NULL, NULL},
         "referral-answered source=\"gm0014\" date=\"2026-03-06\" outcome=\"REJECTED\" reason=\"RESIDENCE\" referral_id=\"" REFERRAL "\" reference=\"" REF "\""
         " responsible_municipality=\"gm0037\"",
         "JW319\",result=\"mapped"},
        {{319, "G1", "2026-03-06", 
          BODY_319(REF, "<m:VerzoekAntwoord>1</m:VerzoekAntwoord><m:RedenAfwijzingVerzoek>3</m:RedenAfwijzingVerzoek>"), NULL, NULL, NULL},
         "referral-answered source=\"gm0014\" date=\"2026-03-06\" outcome=\"REJECTED\" reason=\"OTHER\"", "JW319\",result=\"mapped"},
        {{305, "K1", "2026-03-16", BODY_305(STARTED("7", "48", "2026-03-12", "1")), AGB_GI, NULL, NULL}, NULL, "JW305\",result=\"measure-product"},
        {{305, "K1", "2026-03-16", BODY_305(STARTED("7", "49", "2026-03-12", "3")), NULL, NULL, NULL}, NULL, "JW305\",result=\"measure-product"},
        {{306, "K1", "2026-03-16", NULL, AGB_PROVIDER, "2026-03-17", NULL}, NULL, "JW306\",result=\"receipt"},
};

START_TEST(test_one_message) {
        char sample[128];

        begin();
        refer();
        drop(&rows[_i].message);
        expect(rows[_i].event ? 1 : 0, 0, rows[_i].event);
        (void) snprintf(sample, sizeof(sample), "ketenwacht_ijw_messages_total{message=\"%s\"} 1", rows[_i].counted);
        fixture_sample(&f, sample);
        ck_assert_uint_eq(count_in("in/done"), 1);
        ck_assert_uint_eq(letters(), 0);
        expect_silence();
}
END_TEST

/* After its allocation; each of a provider, or of a GI. */
static const struct {
        struct ijw_text message;
        const char *event;
} helps[] = {
        {{305, "K2", "2026-03-16", BODY_305(STARTED("500123", "45", "2026-03-12", "1")), NULL, NULL, NULL},
         "help-started source=\"aanbieder-voorbeeld\" date=\"2026-03-12\" referral_id=\"" REFERRAL "\" measure_id=\"" MEASURE "\""
         " provider=\"aanbieder-voorbeeld\" occurred_at=\"2026-03-12T00:00:00+01:00\" recorded_at=\"2026-03-16T00:00:00+01:00\""},
        {{307, "K2", "2026-05-02", BODY_307(STOPPED("500123", "45", "2026-03-12", "31", "2026-05-01", "1")), NULL, NULL, NULL},
         "help-ended source=\"aanbieder-voorbeeld\" date=\"2026-05-01\" reason=\"AS_PLANNED\" referral_id=\"" REFERRAL "\" measure_id=\"" MEASURE "\""
         " provider=\"aanbieder-voorbeeld\" temporary=false"},
        {{307, "K2", "2026-05-02", BODY_307(STOPPED("500123", "45", "2026-03-12", "20", "2026-05-01", "1")), NULL, NULL, NULL},
         "help-ended source=\"aanbieder-voorbeeld\" date=\"2026-05-01\" reason=\"OTHER\" referral_id=\"" REFERRAL "\" measure_id=\"" MEASURE "\""
         " provider=\"aanbieder-voorbeeld\" temporary=true"},
        {{307, "K2", "2026-05-02", BODY_307(STOPPED("500123", "45", "2026-03-12", "35", "2026-05-01", "1")), AGB_GI, NULL, NULL},
         "referral-closed source=\"gi-jbn\" date=\"2026-05-01\" reason=\"HELP_ENDED\" referral_id=\"" REFERRAL "\" measure_id=\"" MEASURE "\""},
        {{307, "K2", "2026-05-02", BODY_307(STOPPED("500123", "45", "2026-03-12", "38", "2026-05-01", "1")), AGB_GI, NULL, NULL},
         "referral-closed source=\"gi-jbn\" date=\"2026-05-01\" reason=\"REPLACED\""},
        {{307, "K2", "2026-05-02", BODY_307(STOPPED("500123", "45", "2026-03-12", "39", "2026-05-01", "1")), AGB_GI, NULL, NULL},
         "referral-closed source=\"gi-jbn\" date=\"2026-05-01\" reason=\"NOT_NEEDED\""},
        {{317, "K2", "2026-03-20", BODY_317("V-1", NUMBER_LIST("500123")), NULL, NULL, NULL},
         "allocation-requested source=\"aanbieder-voorbeeld\" date=\"2026-03-20\" referral_id=\"" REFERRAL "\" measure_id=\"" MEASURE "\" product=\"45\""
         " provider=\"aanbieder-voorbeeld\" municipality=\"gm0014\" starts_on=\"2026-04-01\" kind=\"CHANGE\" reference=\"V-1\""},
};

START_TEST(test_after_an_allocation) {
        struct lines lines;
        bool found = false;

        begin();
        refer();
        drop(&allocation);
        drop(&helps[_i].message);
        lines = all_events();
        ck_assert_uint_eq(lines.n, 2);
        for (size_t i = 0; i < lines.n; i++)
                found |= strncmp(lines.items[i], helps[_i].event, strlen(helps[_i].event)) == 0;
        ck_assert_msg(found, "%s\n%s\nnot\n%s", lines.items[0], lines.items[1], helps[_i].event);
        lines_free(&lines);
        expect_silence();
}
END_TEST

/* -- Whatever the order -- */

static const struct ijw_text *const chain[] = {&request, &allocation, &snapshot, &start, &no_start, &start_again, &stop, &deleted, &refused_start};

/* A referral, and all messages in an order drawn by @seed, some of them twice; in between the process ends and comes again. */
static struct lines play(unsigned seed) {
        size_t order[2 * ELEMENTS(chain)], n = 0;

        for (size_t i = 0; i < ELEMENTS(chain); i++) {
                order[n++] = i;
                if (seed && (seed >> i) % 3 == 0)
                        order[n++] = i;
        }
        for (size_t i = n; seed && i > 1; i--) {
                size_t j = (seed = seed * 1103515245u + 12345u) / 65536 % i, held = order[i - 1];

                order[i - 1] = order[j];
                order[j] = held;
        }
        begin();
        for (size_t i = 0; i < n; i++) {
                if (i == (seed ? n / 2 : 0))
                        refer();
                if (seed && i == n / 3)
                        begin();
                drop(chain[order[i]]);
        }
        fixture_turn(&f, 30);
        later(11000);
        return all_events();
}

static const unsigned seeds[] = {1, 7920, 15839, 23758, 31677, 39596, 47515, 55434};

START_TEST(test_the_order_does_not_matter) {
        struct lines ordered = play(0), shuffled;

        ck_assert_uint_eq(ordered.n, 8); /* requested, allocated, started twice, ended; of these three withdrawn: by deletion, and by return message */
        expect_silence();
        teardown();
        setup();
        shuffled = play(seeds[_i]);
        for (size_t i = 0; i < ordered.n && i < shuffled.n; i++)
                ck_assert_str_eq(shuffled.items[i], ordered.items[i]);
        ck_assert_uint_eq(shuffled.n, ordered.n);
        expect_silence();
        lines_free(&ordered);
        lines_free(&shuffled);
}
END_TEST

/* An allocation, sent again under another Identificatie; the provider refuses the first (the last two: both). */
static const struct ijw_text allocation_again = {301, "G14-26-2", "2026-03-10", BODY_301(ALLOCATED("500123", REFERENCE(REF), "45", FROM)), NULL, NULL, NULL};
static const struct ijw_text refused_allocation = {302, "G14-26-1", "2026-03-06", NULL, "0014", "2026-03-09", RETURN_CODE("9332")};
static const struct ijw_text refused_again = {302, "G14-26-2", "2026-03-10", NULL, "0014", "2026-03-11", RETURN_CODE("9332")};
static const struct ijw_text *const allocations[] = {&allocation, &refused_allocation, &allocation_again, &refused_again};

/* The events that allocate and that nothing has withdrawn. */
static unsigned allocated(void) {
        struct lines lines = all_events();
        unsigned n = 0;

        for (size_t i = 0; i < lines.n; i++) {
                const char *id = strstr(lines.items[i], " id=");
                bool counts = strstr(lines.items[i], "outcome=\"ALLOCATED\"") != NULL;
                char withdrawn[UUID_TEXT + 16];

                (void) snprintf(withdrawn, sizeof(withdrawn), "withdrawn=\"%s\"", id + strlen(" id="));
                for (size_t j = 0; j < lines.n; j++)
                        counts = counts && !strstr(lines.items[j], withdrawn);
                n += counts;
        }
        lines_free(&lines);
        return n;
}

/* Every order of the four; where the last of the table comes last what stands before it is asked, too. */
static const char orders[][5] = {"0123", "0132", "0213", "0231", "0312", "0321", "1023", "1032", "1203", "1230", "1302", "1320",
                                 "2013", "2031", "2103", "2130", "2301", "2310", "3012", "3021", "3102", "3120", "3201", "3210"};

START_TEST(test_an_allocation_that_is_sent_again_stands_once) {
        begin();
        refer();
        for (size_t i = 0; i < 4; i++) {
                if (i == 3 && orders[_i][i] == '3')
                        ck_assert_uint_eq(allocated(), 1);
                drop(allocations[orders[_i][i] - '0']);
        }
        later(11000);
        ck_assert_uint_eq(allocated(), 0);
        drop(&(struct ijw_text){301, "G14-26-3", "2026-03-12", BODY_301(ALLOCATED("500123", REFERENCE(REF), "45", FROM)), NULL, NULL, NULL});
        ck_assert_uint_eq(allocated(), 1);
        expect_silence();
}
END_TEST

/* -- Who it is about -- */

/* What a GI asks for itself: its own referral, and the allocation that follows from it. */
START_TEST(test_a_request_of_the_gi_is_a_referral) {
        static const struct ijw_text own = {315, "GI-1", "2026-03-02", BODY_315(REQUESTED("GI/77", "45", "04") REQUESTED("GI/78", "48", "04")), AGB_GI, NULL,
                                            NULL};

        begin();
        measure(MEASURE, "00000000-0000-4000-8000-000000000002");
        pair();
        drop(&own);
        later(24 * HOUR_MS);
        expect(1, 0, "referral-issued source=\"gi-jbn\" date=\"2026-03-02\" ");
        drop(&own);
        later(24 * HOUR_MS);
        expect(1, 0, "referral-issued source=\"gi-jbn\" date=\"2026-03-02\" ");
        begin();
        drop(&(struct ijw_text){319, "G1", "2026-03-06", BODY_319("GI/77", "<m:VerzoekAntwoord>2</m:VerzoekAntwoord>"), NULL, NULL, NULL});
        expect(2, 0, "referral-answered source=\"gm0014\" date=\"2026-03-06\" outcome=\"UNDER_INVESTIGATION\"");
        expect_silence();
}
END_TEST

START_TEST(test_a_child_of_the_list) {
        begin();
        measure(MEASURE, "00000000-0000-4000-8000-000000000002");
        drop(&start);
        expect(0, 0, "");
        pair();
        expect(0, 0, ""); /* the allocation may still say more */
        later(24 * HOUR_MS);
        expect(1, 0, "help-started source=\"aanbieder-voorbeeld\" date=\"2026-03-12\" measure_id=\"" MEASURE "\" provider=\"aanbieder-voorbeeld\"");
        expect_silence();
}
END_TEST

START_TEST(test_two_measures_run) {
        begin();
        measure(MEASURE, "00000000-0000-4000-8000-000000000002");
        measure(OTHER_MEASURE, "00000000-0000-4000-8000-000000000003");
        pair();
        drop(&start);
        later(15 * DAY_MS);
        expect(0, 0, "");
        ck_assert_uint_eq(letters(), 1);
        expect_silence();
}
END_TEST

START_TEST(test_nobody_knows_the_child) {
        begin();
        drop(&start);
        ck_assert_uint_eq(letters(), 0);
        fixture_sample(&f, "ketenwacht_case_keys_waiting 1");
        begin(); /* a restart keeps its age */
        later(15 * DAY_MS);
        ck_assert_uint_eq(letters(), 1);
        fixture_sample(&f, "ketenwacht_case_keys_waiting 0");
        expect(0, 0, "");
        expect_silence();
}
END_TEST

START_TEST(test_a_reference_that_holds_a_bsn_is_not_told) {
        const struct ijw_text t = {315, BSN, "2026-03-02", BODY_315(REQUESTED("x " BSN, "45", "04")), NULL, NULL, NULL};

        begin();
        pair();
        drop(&t);
        later(24 * HOUR_MS);
        expect(1, 0, "allocation-requested source=\"aanbieder-voorbeeld\" date=\"2026-03-02\" product=\"45\" provider=\"aanbieder-voorbeeld\""
                     " municipality=\"gm0014\" starts_on=\"2026-03-09\" kind=\"REQUEST\" occurred_at");
        expect_silence();
}
END_TEST

START_TEST(test_a_case_is_forgotten_when_its_measures_are_long_over) {
        char json[1024];

        begin();
        measure(MEASURE, "00000000-0000-4000-8000-000000000002");
        refer();
        drop(&allocation);
        (void) snprintf(json, sizeof(json), "%s", OF("00000000-0000-4000-8000-000000000004", "gi-jbn") "\"measure_id\":\"" MEASURE "\",\"date\":\"2026-03-01\","
                        "\"reason\":\"EXPIRED\"}");
        fixture_publish(&f, "measure-ended", "gi-jbn", json);
        later(600 * DAY_MS);
        fixture_sample(&f, "ketenwacht_case_keys 7");
        later(100 * DAY_MS);
        fixture_sample(&f, "ketenwacht_case_keys 0");
        begin();
        fixture_sample(&f, "ketenwacht_case_keys 0");
}
END_TEST

/* -- What is refused -- */

START_TEST(test_poison_goes_aside) {
        const struct ijw_text wrong = {305, "K8", "2026-03-16", BODY_305(STARTED("500123", "45", "2026-03-17", "1")), NULL, NULL, NULL};
        const struct ijw_text stranger = {305, "K9", "2026-03-16", BODY_305(STARTED("500123", "45", "2026-03-12", "1")), "98900099", NULL, NULL};
        const struct ijw_text other = {305, "KW2026-0002", "2026-03-16", BODY_305(STARTED("500123", "45", "2026-03-11", "1")), NULL, NULL, NULL};

        begin();
        refer();
        drop(&allocation);
        drop(&wrong);
        drop(&stranger);
        drop(&start);
        drop(&other); /* the same Identificatie, and says something else: 9056 */
        drop(&start);
        expect(2, 0, "help-started");
        ck_assert_uint_eq(count_in("in/refused"), 3);
        ck_assert_uint_eq(count_in("in/done"), 3);
        ck_assert_uint_eq(letters(), 3);
        ck_assert_uint_eq(count_in("out"), 4); /* of two that were taken, of a rule and of 9056; who a stranger is is told outside the traffic */
        expect_silence();
}
END_TEST

START_TEST(test_what_the_broker_does_not_take_is_sent_again) {
        begin();
        refer();
        memory_outcome(f.memory, BUS_REFUSED, 2);
        drop(&allocation);
        ck_assert_uint_eq(count_in("in/done"), 1);
        expect(1, 0, "referral-answered source=\"gm0014\"");
}
END_TEST

START_TEST(test_a_second_process_waits) {
        struct connect_file *file;
        struct runtime *runtime = NULL;
        struct mistakes mistakes = MISTAKES_INIT;
        struct runtime_config config = {.bus = memory_bus(f.memory), .types = f.types, .organisations = f.orgs, .clock = {&fixture_clock, &f},
                                        .random = fixture_random, .log = &f.log};
        char path[SCRATCH_PATH];
        struct error err = {0};

        begin();
        refer();
        ck_assert_int_eq(connect_file_read(scratch_path(&f.s, "x.yaml", path), table, f.orgs, fixture_environment, &file, &mistakes), 0);
        config.file = file;
        ck_assert_msg(runtime_open(&config, &runtime, &err) == 0, "%s", err.text);
        drop(&request);
        for (int i = 0; i < 20; i++)
                ck_assert_int_eq(runtime_turn(runtime, 0, &err), 0);
        expect(1, 0, "allocation-requested");
        f.runtime = runtime_free(f.runtime);
        scratch_write(&f.s, "in/0900.xml", ijw_write(&allocation, &text));
        for (int i = 0; i < 60; i++) {
                f.monotonic += 500;
                ck_assert_int_eq(runtime_turn(runtime, 0, &err), 0);
        }
        expect(2, 1, "referral-answered source=\"gm0014\""); /* it knows what the first had learnt */
        runtime_free(runtime);
        connect_file_free(file);
        mistakes_done(&mistakes);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("ijw");
        SRunner *runner = srunner_create(suite);
        TCase *tcase = tcase_create("ijw");
        int failed;

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, test_one_message, 0, (int)ELEMENTS(rows));
        tcase_add_loop_test(tcase, test_after_an_allocation, 0, (int)ELEMENTS(helps));
        tcase_add_loop_test(tcase, test_the_order_does_not_matter, 0, (int)ELEMENTS(seeds));
        tcase_add_loop_test(tcase, test_an_allocation_that_is_sent_again_stands_once, 0, (int)ELEMENTS(orders));
        tcase_add_test(tcase, test_a_request_of_the_gi_is_a_referral);
        tcase_add_test(tcase, test_a_child_of_the_list);
        tcase_add_test(tcase, test_two_measures_run);
        tcase_add_test(tcase, test_nobody_knows_the_child);
        tcase_add_test(tcase, test_a_reference_that_holds_a_bsn_is_not_told);
        tcase_add_test(tcase, test_a_case_is_forgotten_when_its_measures_are_long_over);
        tcase_add_test(tcase, test_poison_goes_aside);
        tcase_add_test(tcase, test_what_the_broker_does_not_take_is_sent_again);
        tcase_add_test(tcase, test_a_second_process_waits);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
