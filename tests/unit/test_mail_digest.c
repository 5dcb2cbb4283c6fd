/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what is no mail by itself is told once, in one mail on the next working day, and alerts wait for none of it; a restart or a crash at any moment
 * loses nothing. Method: `mail` on a bus in memory with a clock that the test moves, and the mailboxes of the demonstration as the server, which know a
 * repetition by its Message-ID.
 */

#include "calendar/calendar.h"
#include "cluster/event_record.h"
#include "connector_fixture.h"
#include "connectors/connector.h"
#include "connectors/mail/digest.h"
#include "demo/mailbox.h"

#define INBOX TOPIC_INBOX_PREFIX "gm0014"
#define PATIENCE_MS 30000

static struct connector_fixture f;
static struct mailbox *box;

/* -- When -- */

static const struct {
        const char *last, *due;
} dues[] = {
        {"2022-10-11T07:29:59+02:00", "2022-10-11T07:30:00+02:00"},
        {"2022-10-11T07:30:00+02:00", "2022-10-12T07:30:00+02:00"},
        {"2022-10-14T12:00:00+02:00", "2022-10-17T07:30:00+02:00"}, /* a Friday */
        {"2022-04-14T08:00:00+02:00", "2022-04-19T07:30:00+02:00"}, /* Easter: Good Friday to Monday */
        {"2022-10-28T08:00:00+02:00", "2022-10-31T07:30:00+01:00"}, /* the clocks went back */
        {"2090-06-02T08:00:00+02:00", "2090-06-05T07:30:00+02:00"}, /* a Friday of a year that the calendar does not have */
};

START_TEST(test_the_hour_of_working_days) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct calendar *calendar = NULL;
        char path[SCRATCH_PATH];
        instant_t last, due;

        ck_assert_int_eq(calendar_read(project_path("config/calendar.yaml", path), &calendar, &mistakes), 0);
        ck_assert(instant_parse(text_of(dues[_i].last), &last) && instant_parse(text_of(dues[_i].due), &due));
        ck_assert_int_eq(digest_due(calendar, 7 * 60 + 30, last), due);
        calendar_free(calendar);
        mistakes_done(&mistakes);
}
END_TEST

START_TEST(test_hours) {
        int minutes = 0;

        ck_assert(digest_parse_hour("07:30", &minutes) && minutes == 450);
        ck_assert(!digest_parse_hour("7:30", &minutes) && !digest_parse_hour("24:00", &minutes) && !digest_parse_hour("07:60", &minutes));
        ck_assert(!digest_parse_hour("0730", &minutes) && !digest_parse_hour("07:3O", &minutes));
}
END_TEST

/* -- A connector -- */

static void setup(void) {
        static const char *const none[] = {NULL};
        struct error err = {0};
        char folder[SCRATCH_PATH];

        fixture_setup(&f, "2022-10-11T12:00:00+02:00"); /* a Tuesday */
        ck_assert_int_eq(memory_topic(f.memory, INBOX, 1), 0);
        ck_assert_msg(mailbox_start(scratch_path(&f.s, "mails", folder), none, &box, &err) == 0, "%s", err.text);
}

static void teardown(void) {
        box = mailbox_stop(box);
        fixture_teardown(&f);
}

/* A second time: as after a crash. */
static void start(void) {
        struct error err = {0};
        char text[512];

        (void) snprintf(text, sizeof(text),
                        "connector: mail\norganisation: gm0014\nserver: smtp://127.0.0.1:%u\nstarttls: none\nfrom: k@k.example\noperators: b@k.example\n"
                        "domain: g.example\ndigest: '07:30'\n", (unsigned)mailbox_port(box));
        ck_assert_msg(fixture_open(&f, connectors, text, &err) == 0, "%s", err.text);
}

static void tell(const char *name, uint8_t number) {
        const struct event_type *type = event_types_find(f.types, text_of(name));
        const struct uuid id = {{0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, number}};
        const struct uuid case_id = {{0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}};
        struct buffer value = BUFFER_INIT(65536);
        struct slot slots[LAYOUT_SLOTS_MAX] = {0};
        char key[UUID_TEXT + 1];

        for (int i = 0; i < (int)type->layout->n; i++) {
                switch (type->layout->fields[i].type) {
                case LAYOUT_STRING:
                        slots[i] = (struct slot){.kind = SLOT_STRING, .s = text_of("x")};
                        break;
                case LAYOUT_UUID:
                        slots[i] = (struct slot){.kind = SLOT_UUID, .u = id};
                        break;
                default:
                        slots[i] = (struct slot){.kind = SLOT_INT, .i = 1};
                }
        }
        slots[SLOT_REPLACES] = (struct slot){0};
        slots[SLOT_CASE_ID].u = case_id;
        event_record_encode(&(struct event){.type = type, .slots = slots}, &value);
        ck_assert(!value.failed);
        uuid_format(&case_id, key);
        ck_assert_int_eq(memory_append(f.memory, &(struct bus_record){.topic = INBOX, .key = key, .key_n = UUID_TEXT, .value = value.bytes,
                                                                      .value_n = value.n}), 0);
        buffer_done(&value);
}

static bool has_mails(int64_t n) {
        return mailbox_count(box) >= n;
}

static bool has_outcomes(int64_t n) {
        return fixture_records(&f, TOPIC_DELIVERIES, NULL, NULL) >= (unsigned)n;
}

static bool has_rows(int64_t n) {
        return fixture_records(&f, TOPIC_CONNECTOR_KEYS, NULL, NULL) >= (unsigned)n;
}

static void turn_until(bool (*holds)(int64_t n), int64_t n, const char *what) {
        const struct clock clock = clock_system();
        int64_t deadline = clock_monotonic(&clock) + PATIENCE_MS;

        while (!holds(n)) {
                fixture_turn(&f, 1);
                ck_assert_msg(clock_monotonic(&clock) < deadline, "waited in vain for %s", what);
        }
}

static void at(const char *now) {
        ck_assert(instant_parse(text_of(now), &f.now));
        f.monotonic += 3600000;
}

static size_t times(const char *text, const char *word) {
        size_t n = 0;

        for (text = strstr(text, word); text; text = strstr(text + 1, word))
                n++;
        return n;
}

/* How many records the @n-th mail tells of; that it is a digest. */
static size_t items_of(unsigned n) {
        char name[32], path[SCRATCH_PATH], text[65536];
        size_t length;
        FILE *file;

        (void) snprintf(name, sizeof(name), "mails/%04u.eml", n);
        file = fopen(scratch_path(&f.s, name, path), "r");
        ck_assert_ptr_nonnull(file);
        length = fread(text, 1, sizeof(text) - 1, file);
        text[length] = '\0';
        ck_assert_int_eq(fclose(file), 0);
        return strstr(text, "Subject: ketenwacht: dagoverzicht gm0014") ? times(text, "Kenmerk:") : 0;
}

START_TEST(test_all_that_waits_is_one_mail_and_alerts_wait_for_nothing) {
        start();
        turn_until(has_rows, 1, "where the digests begin");
        for (uint8_t i = 1; i <= 3; i++)
                tell("plan-due", i);
        tell("escalation-raised", 4); /* of the same case, behind what waits */
        turn_until(has_outcomes, 1, "the alert");
        ck_assert_int_eq(mailbox_count(box), 1);
        at("2022-10-12T07:29:59+02:00");
        fixture_turn(&f, 200);
        ck_assert_int_eq(mailbox_count(box), 1);
        ck_assert_uint_eq(fixture_records(&f, TOPIC_DELIVERIES, NULL, NULL), 1);
        at("2022-10-12T07:30:00+02:00");
        turn_until(has_rows, 2, "the end of the digest");
        ck_assert_int_eq(mailbox_count(box), 2);
        ck_assert_uint_eq(items_of(2), 3);
        ck_assert_uint_eq(fixture_records(&f, TOPIC_DELIVERIES, NULL, NULL), 4);
        at("2022-10-13T08:00:00+02:00"); /* nothing came: no mail */
        turn_until(has_rows, 3, "an empty digest");
        ck_assert_int_eq(mailbox_count(box), 2);
}
END_TEST

START_TEST(test_a_restart_neither_loses_nor_doubles) {
        start();
        turn_until(has_rows, 1, "where the digests begin");
        tell("plan-due", 1);
        fixture_turn(&f, 100);
        start(); /* while it waits */
        at("2022-10-12T07:30:00+02:00");
        turn_until(has_mails, 1, "the digest");
        start(); /* when the server has it, and nothing was written of it */
        turn_until(has_rows, 2, "its end");
        ck_assert_int_eq(mailbox_count(box), 1); /* the same Message-ID */
        ck_assert_uint_eq(items_of(1), 1);
        tell("plan-due", 2);
        f.runtime = runtime_free(f.runtime);
        at("2022-10-13T09:00:00+02:00"); /* the hour went by while nobody ran */
        start();
        turn_until(has_rows, 3, "the digest that was missed");
        ck_assert_int_eq(mailbox_count(box), 2);
        ck_assert_uint_eq(items_of(2), 1);
}
END_TEST

START_TEST(test_more_than_one_holds_is_told_in_the_next_at_once) {
        start();
        turn_until(has_rows, 1, "where the digests begin");
        for (unsigned i = 0; i <= DIGEST_RECORDS_MAX; i++)
                tell("plan-due", (uint8_t)i);
        at("2022-10-12T07:30:00+02:00");
        turn_until(has_rows, 3, "the end of both");
        ck_assert_int_eq(mailbox_count(box), 2);
        ck_assert_uint_eq(items_of(2), 1);
        ck_assert_uint_eq(fixture_records(&f, TOPIC_DELIVERIES, NULL, NULL), DIGEST_RECORDS_MAX + 1);
}
END_TEST

/* Refused by its recipients it goes to the operators; refused by theirs too it is over, and said so. */
START_TEST(test_a_digest_that_is_refused) {
        const struct connector_env env = {.clock = {&fixture_clock, &f}};
        struct digests all = {.c.env = &env};
        const struct attempt later = {.outcome = TRIED_LATER, .pause_ms = 1000}, refused = {.outcome = TRIED_REFUSED, .pause_ms = -1, .status = 554};
        struct digest *d = calloc(1, sizeof(*d));

        ck_assert_ptr_nonnull(d);
        *d = (struct digest){.state = DIGEST_SENDING, .attempts = 1};
        digest_over(&all, d, &later);
        ck_assert(d->state == DIGEST_READY && d->again_at == f.monotonic + 1000 && d->attempts == 0 && !d->to_operators);
        digest_over(&all, d, &refused);
        ck_assert(d->state == DIGEST_READY && d->to_operators && !d->refused);
        digest_over(&all, d, &refused);
        ck_assert(d->state == DIGEST_NOTING && d->refused && d->status == 554);
        free(d);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("mail_digest");
        SRunner *runner = srunner_create(suite);
        TCase *when = tcase_create("when"), *digest = tcase_create("digest");
        int failed;

        tcase_add_loop_test(when, test_the_hour_of_working_days, 0, (int)ELEMENTS(dues));
        tcase_add_test(when, test_hours);
        suite_add_tcase(suite, when);
        tcase_add_checked_fixture(digest, setup, teardown);
        tcase_set_timeout(digest, 120);
        tcase_add_test(digest, test_all_that_waits_is_one_mail_and_alerts_wait_for_nothing);
        tcase_add_test(digest, test_a_restart_neither_loses_nor_doubles);
        tcase_add_test(digest, test_more_than_one_holds_is_told_in_the_next_at_once);
        tcase_add_test(digest, test_a_digest_that_is_refused);
        suite_add_tcase(suite, digest);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
