/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a dead letter shows to each what they may see, and personal data to nobody before it stands in audit why; a list goes on where memory ends.
 * Method: letters on the bus in memory, the index beside it, the routes of the console behind the real server; each asker says in headers who it is. What is
 * written to the audit is caught where the auditor is asked.
 */

#include <jansson.h>
#include <stdatomic.h>

#include "bus/memory.h"
#include "cluster/topics.h"
#include "console/access/auditor.h"
#include "console/acts/redrive_job.h"
#include "console_fixture.h"
#include "letters_fixture.h"
#include "model_fixture.h"
#include "shared_bus.h"

#define CASE "00000000-0000-4000-8000-000000000001"
#define PARTITIONS 4
#define SECRET "het geheim van het kind, dat niemand zomaar ziet"
#define OLDER 3 /* letters that memory has no room for */

static struct config *config;
static struct memory *memory;
static struct shared_bus shared;
static struct console_site site;
static struct console console;
static struct buffer body;
static _Atomic instant_t now;
static atomic_bool audit_takes;
static atomic_uint audited;

/* -- In place of the auditor -- */

bool __wrap_auditor_write(struct auditor *a, const struct audit_record *record);
bool __wrap_auditor_note(struct auditor *a, const struct audit_record *record);

bool __wrap_auditor_write(struct auditor *a, const struct audit_record *record) {
        (void) a;
        ck_assert(record->object.n > 0);
        atomic_fetch_add(&audited, 1);
        return atomic_load(&audit_takes);
}

bool __wrap_auditor_note(struct auditor *a, const struct audit_record *record) {
        return __wrap_auditor_write(a, record);
}

/* -- Letters -- */

static instant_t present(void *ctx) {
        (void) ctx;
        return now;
}

static void append(bool junk) {
        const struct bus_header own[] = {{"ce_id", CASE, UUID_TEXT}, {"own", SECRET, sizeof(SECRET) - 1}};
        const struct bus_record original = {.topic = "plan-reviewed", .partition = 1, .offset = 77, .key = CASE, .key_n = UUID_TEXT,
                                            .value = junk ? SECRET : (const void *)body.bytes, .value_n = junk ? sizeof(SECRET) - 1 : body.n,
                                            .headers = own, .headers_n = ELEMENTS(own)};
        struct dead_letter letter;

        dead_letter_make(&original, &(struct dead_letter_why){"check", junk ? "UNDECODABLE" : "BAD_VALUE", "<no> \"such\" & value", NULL}, &letter);
        letter.record.partition = 0;
        shared_lock(&shared);
        ck_assert_int_eq(memory_append(memory, &letter.record), 0);
        shared_unlock(&shared);
}

static void await(size_t n) {
        struct letters_index_status status;

        for (letters_index_status(console.letters, &status); !status.ready || status.n < n; letters_index_status(console.letters, &status))
                shared_pause();
}

static void setup(void) {
        static const struct clock_ops ops = {present, present};
        static const char *const topics[] = {TOPIC_DEAD_LETTERS, TOPIC_AUDIT, TOPIC_DELIVERIES, TOPIC_REDELIVERIES, TOPIC_CASE_STATE};
        static const struct broker_config broker = {.partitions = PARTITIONS};
        static const struct console_settings settings;
        const struct clock clock = {&ops, NULL};
        struct error err = {0};

        now = INT64_C(1767225600000);
        config = example_config();
        ck_assert_int_eq(memory_new(clock, &memory), 0);
        for (size_t i = 0; i < ELEMENTS(topics); i++)
                ck_assert_int_eq(memory_topic(memory, topics[i], 1), 0);
        shared_bus_init(&shared, memory_bus(memory));
        body = (struct buffer)BUFFER_INIT(65536);
        letters_encode(config, CASE, &body);
        append(false);
        append(true);
        console = (struct console){.config = config, .settings = &settings, .broker = &broker, .clock = clock, .bus = &shared.bus};
        ck_assert_int_eq(letters_index_new(&(struct letters_index_config){config, &shared.bus, clock}, &console.letters, &err), 0);
        ck_assert_int_eq(letters_index_start(console.letters, &err), 0);
        ck_assert_int_eq(redrive_job_new(&(struct redrive_job_config){.config = config, .bus = &shared.bus, .clock = clock, .partitions = PARTITIONS,
                                                                      .per_second = 1}, &console.redrive), 0);
        ck_assert_int_eq(replica_new(&(struct replica_config){.config = config, .bus = &shared.bus, .clock = clock}, &console.replica, &err), 0);
        await(2);
        console_site_begin(&site, &console, now);
        atomic_store(&audit_takes, true);
        atomic_store(&audited, 0);
}

static void teardown(void) {
        console_site_end(&site);
        console.redrive = redrive_job_free(console.redrive);
        console.replica = replica_free(console.replica);
        console.letters = letters_index_free(console.letters);
        buffer_done(&body);
        shared_bus_done(&shared);
        memory = memory_free(memory);
        config = config_free(config);
}

/* Whether the answer is of this status, and what it says: each word that begins with + stands there, with - not. */
static void check_answer(const char *roles, const char *path, const char *form, long status, const char *const *words) {
        struct http_reply reply = console_site_ask(&site, roles, NULL, path, form, NULL);

        ck_assert_msg(reply.status == status, "%s for %s: %ld", path, roles, reply.status);
        for (size_t i = 0; words && words[i]; i++)
                ck_assert_msg(console_site_says(&reply, words[i] + 1) == (words[i][0] == '+'), "%s for %s: %s\n%s", path, roles, words[i],
                              buffer_text(&reply.body));
        http_done(&reply);
}

#define SAYS(...) ((const char *const[]){__VA_ARGS__, NULL})

START_TEST(a_list_is_grouped_and_escaped) {
        check_answer("zaak", "/dode-letters", NULL, 200,
                     SAYS("+&lt;no&gt; &quot;such&quot; &amp; value", "-<no>", "+/dode-letters/0/1", "+/zaken/" CASE, "-/dode-letters/proef",
                          "+?code=BAD_VALUE"));
        check_answer("meta", "/dode-letters", NULL, 200, SAYS("-" CASE, "+/dode-letters/0/1", "+plan-reviewed"));
        check_answer("meta", "/api/dead-letters", NULL, 200, SAYS("-" CASE, "+\"letter\":\"0/1\""));
        check_answer("zaak", "/api/dead-letters?limit=1", NULL, 200, SAYS("+" CASE, "+\"next\":\"0/1\""));
        check_answer("zaak", "/api/dead-letters?limit=1&after=0/1", NULL, 200, SAYS("+\"letter\":\"0/0\"", "-\"next\""));
        check_answer("zaak", "/dode-letters?limit=1&code=UNDECODABLE", NULL, 200, SAYS("+/dode-letters/0/1", "-/dode-letters/0/0"));
        check_answer("meta beheer", "/dode-letters?topic=plan-reviewed", NULL, 200, SAYS("+/dode-letters/proef", "+value=\"plan-reviewed\""));
        check_answer("zaak", "/dode-letters?from=gisteren", NULL, 400, NULL);
        check_answer("zaak", "/dode-letters?sent=yes", NULL, 400, NULL);
}
END_TEST

START_TEST(one_shows_to_each_what_they_may_see) {
        check_answer("zaak", "/dode-letters/0/0", NULL, 200,
                     SAYS("+gi-duin", "+" SECRET, "+measure_id", "-/dode-letters/inzien/", "-name=\"letter\"", "+zou worden aangenomen"));
        check_answer("meta", "/dode-letters/0/0", NULL, 200, SAYS("-" CASE, "-" SECRET, "-measure_id", "+kw-code"));
        check_answer("meta", "/api/dead-letters/0/0", NULL, 200, SAYS("-" CASE, "-\"record\"", "+\"now\":\"ACCEPTED\""));
        check_answer("zaak beheer", "/dode-letters/0/0", NULL, 200, SAYS("+name=\"letter\" value=\"0/0\""));
        check_answer("zaak beheer", "/dode-letters/0/1", NULL, 200, SAYS("+UNDECODABLE", "-name=\"letter\""));
        check_answer("zaak", "/dode-letters/0/9", NULL, 404, NULL);
        check_answer("zaak", "/dode-letters/3/0", NULL, 404, NULL);
        check_answer("zaak", "/dode-letters/0/-1", NULL, 404, NULL);
}
END_TEST

/* "het geheim van h" and what comes behind it, as hex. */
#define SEEN "6865742067656865696d2076616e2068"
#define HIDDEN "6865742067656865696d2076616e206865"

START_TEST(bytes_that_nobody_can_mask_are_shown_when_it_stands_in_audit) {
        check_answer("zaak", "/dode-letters/0/1", NULL, 200, SAYS("+" SEEN, "-" HIDDEN));
        check_answer("gegevens", "/dode-letters/0/1", NULL, 200, SAYS("+" SEEN, "-" HIDDEN, "+/dode-letters/inzien/0/1"));
        check_answer("gegevens", "/api/dead-letters/0/1", NULL, 200, SAYS("+" SEEN, "-" HIDDEN));
        check_answer("gegevens", "/dode-letters/inzien/0/1", "reason=", 400, SAYS("-" HIDDEN));
        check_answer("gegevens", "/dode-letters/inzien/0/1", "reason=a%0Ab", 400, SAYS("-" HIDDEN));
        check_answer("zaak beheer", "/dode-letters/inzien/0/1", "reason=vraag", 404, SAYS("-" HIDDEN));
        ck_assert_uint_eq(atomic_load(&audited), 0);
        atomic_store(&audit_takes, false);
        check_answer("gegevens", "/dode-letters/inzien/0/1", "reason=vraag", 503, SAYS("-" HIDDEN, "-" SEEN));
        atomic_store(&audit_takes, true);
        check_answer("gegevens", "/dode-letters/inzien/0/1", "reason=vraag", 200, SAYS("+" HIDDEN));
        ck_assert_uint_eq(atomic_load(&audited), 2);
}
END_TEST

START_TEST(nothing_is_sent_that_was_not_tried_or_stands_not_in_audit) {
        check_answer("beheer", "/dode-letters/opnieuw", "reason=hersteld", 409, NULL);
        check_answer("beheer", "/dode-letters/opnieuw", "reason=hersteld&proef=1", 409, NULL);
        check_answer("beheer", "/dode-letters/opnieuw", "reason=hersteld&proef=x", 400, NULL);
        check_answer("beheer", "/dode-letters/proef", "code=BAD_VALUE", 303, NULL);
        redrive_job_wait(console.redrive, SHARED_PATIENCE_MS);
        check_answer("beheer", "/dode-letters/opnieuw", NULL, 200, SAYS("+<dd>1</dd>", "+name=\"proef\" value=\"1\"", "+?code=BAD_VALUE"));
        check_answer("beheer", "/api/dead-letters/redrive", NULL, 200, SAYS("+\"would_be_sent\":1", "+\"state\":\"OVER\""));
        check_answer("zaak", "/dode-letters/opnieuw", NULL, 404, NULL);
        check_answer("beheer", "/dode-letters/opnieuw", "reason=&proef=1", 400, NULL);
        check_answer("beheer", "/dode-letters/opnieuw", "reason=hersteld&proef=2", 409, NULL);
        ck_assert_uint_eq(atomic_load(&audited), 0);
        atomic_store(&audit_takes, false);
        check_answer("beheer", "/dode-letters/opnieuw", "reason=hersteld&proef=1", 503, NULL);
        check_answer("beheer", "/api/dead-letters/redrive", NULL, 200, SAYS("+\"number\":1,", "+\"dry_run\":true"));
}
END_TEST

START_TEST(behind_memory_the_topic_is_read) {
        for (int i = 0; i < LETTERS_INDEX_MAX - 2 + OLDER; i++) {
                now++;
                append(false);
        }
        for (struct letters_index_status status = {0}; !status.more || status.n < LETTERS_INDEX_MAX || status.oldest != 1767225600000 + OLDER - 1;)
                letters_index_status(console.letters, &status);
        check_answer("zaak", "/dode-letters?code=UNDECODABLE", NULL, 200, SAYS("-/dode-letters/0/1\"", "+older=1"));
        check_answer("zaak", "/api/dead-letters?code=UNDECODABLE&older=1", NULL, 200, SAYS("+\"letter\":\"0/1\"", "-\"letter\":\"0/0\""));
        check_answer("zaak", "/api/dead-letters?older=1&limit=2", NULL, 200, SAYS("+\"letter\":\"0/0\"", "+\"letter\":\"0/1\"", "+\"next\":\"0/1\""));
        check_answer("zaak", "/api/dead-letters?older=1&limit=2&after=0/1", NULL, 200, SAYS("+\"letter\":\"0/2\"", "-\"letter\":\"0/1\""));
        check_answer("zaak", "/dode-letters/0/1", NULL, 200, SAYS("+UNDECODABLE"));
        ck_assert(letters_index_claim(console.letters)); /* somebody else reads */
        check_answer("zaak", "/dode-letters?older=1", NULL, 503, NULL);
        check_answer("zaak", "/api/dead-letters/0/1", NULL, 503, NULL);
        check_answer("zaak", "/dode-letters", NULL, 200, NULL);
        letters_index_release(console.letters);
        check_answer("zaak", "/api/dead-letters/0/1", NULL, 200, NULL);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("letters_pages");
        TCase *tc = tcase_create("letters_pages");
        SRunner *runner;
        int failed;

        tcase_set_timeout(tc, 120);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, a_list_is_grouped_and_escaped);
        tcase_add_test(tc, one_shows_to_each_what_they_may_see);
        tcase_add_test(tc, bytes_that_nobody_can_mask_are_shown_when_it_stands_in_audit);
        tcase_add_test(tc, nothing_is_sent_that_was_not_tried_or_stands_not_in_audit);
        tcase_add_test(tc, behind_memory_the_topic_is_read);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
