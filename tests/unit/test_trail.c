/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the trail of an id has all that is about it and nothing else, in the order of time, and says of each record what became of it, in whatever
 * order the records of the topics were read.
 * Method: records of two cases made as the product makes them; of every trail one line a step, "what detail place", is compared.
 */

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "avro/framing.h"
#include "cluster/event_refused.h"
#include "cluster/topics.h"
#include "engine/row.h"
#include "model/row_key.h"
#include "model/row_schema.h"
#include "model_fixture.h"
#include "record_fixture.h"
#include "survey/trail_say.h"

#define ID(n) "00000000-0000-4000-8000-0000000000" n
#define CASE_ID ID("01")
#define OTHER_CASE ID("02")
#define EVENT_ID ID("03")
#define OTHER_EVENT ID("04")
#define CONCERN ID("05")
#define OTHER_CONCERN ID("06")
#define ALERT ID("07")
#define RAISED ID("08")
#define REFUSAL ID("09")
#define WITHDRAWAL ID("0a")
#define T INT64_C(1696928400000)

static struct event_types *types;
static struct organisations *orgs;
static struct arena *arena;
static struct trail *trail;
static int64_t done; /* of every partition */

static void setup(void) {
        project_parties(&orgs, &types);
        ck_assert_int_eq(arena_new(&arena, 64 << 20), 0);
        done = 0;
}

static void teardown(void) {
        trail = trail_free(trail);
        types = event_types_free(types);
        orgs = organisations_free(orgs);
        arena = arena_free(arena);
}

static struct uuid id_of(const char *text) {
        struct uuid id;

        ck_assert(uuid_parse(text, strlen(text), &id));
        return id;
}

static const struct organisation *org(const char *id) {
        const struct organisation *o = organisations_find(orgs, text_of(id));

        ck_assert_ptr_nonnull(o);
        return o;
}

/* Of an id in a field, in both cases. */
static void begin(const char *field, const char *id) {
        struct uuid first = id_of(CASE_ID), second = id_of(OTHER_CASE);
        const struct trail_config config = {types, orgs, {field, id_of(id)}};

        trail = trail_free(trail);
        ck_assert_int_eq(trail_new(&config, &trail), 0);
        ck_assert_int_eq(trail_add_case(trail, &first), 0);
        if (strcmp(field, "case_id") != 0)
                ck_assert_int_eq(trail_add_case(trail, &second), 0);
}

/* -- Records -- */

static struct bus_record make(const char *name, const char *fields, const char *event_id, const char *case_id, const char *source) {
        return record_make(&(struct record_maker){arena, types, orgs}, name, fields, event_id, case_id, source);
}

static struct bus_record safety(const char *event_id, const char *case_id, const char *concern, int64_t offset, instant_t at) {
        const char *fields = arena_printf(arena, "{\"concern_id\":\"%s\",\"date\":\"2023-10-10\"}", concern);
        struct bus_record record = make("safety-raised", fields, event_id, case_id, "gi-jbn");

        record.partition = 1;
        record.offset = offset;
        record.timestamp = at;
        return record;
}

static void post(const char *event_id, const char *case_id, const char *concern, int64_t offset, instant_t at) {
        struct bus_record record = safety(event_id, case_id, concern, offset, at);

        ck_assert_int_eq(trail_take_post(trail, event_types_find(types, TEXT_OF("safety-raised")), &record), 0);
}

static void put(const char *to, struct bus_record record, int64_t offset, instant_t at) {
        record.topic = arena_printf(arena, TOPIC_INBOX_PREFIX "%s", to);
        record.partition = 0;
        record.offset = offset;
        record.timestamp = at;
        ck_assert_int_eq(trail_take_inbox(trail, org(to), &record), 0);
}

static struct bus_record raised(void) {
        return make("escalation-raised", "{\"alert_id\":\"" ALERT "\",\"protocol\":\"p\",\"norm\":\"n\",\"instance\":\"" CONCERN "\",\"rung\":2,"
                    "\"due_date\":\"2023-10-11\",\"organisation\":\"gm0014\",\"role\":\"municipality\",\"text\":\"Te laat.\"}", RAISED, CASE_ID, "ketenwacht");
}

/* event-refused of the post at @offset. */
static struct bus_record refusal(const char *event_id, int64_t offset, const char *code) {
        struct uuid of = id_of(event_id), place = event_refused_id("safety-raised", 1, offset, &of);
        char id[UUID_TEXT + 1];

        uuid_format(&place, id);
        return make("event-refused", arena_printf(arena, "{\"refused\":\"%s\",\"code\":\"%s\",\"text\":\"Nee.\"}", event_id, code), id, CASE_ID, "ketenwacht");
}

static void fact(const char *event_id, const char *case_id, const char *concern, instant_t at) {
        const struct event_type *type = event_types_find(types, TEXT_OF("safety-raised"));
        const struct row_key key = {.case_id = id_of(case_id), .kind = ROW_FACT, .id = id_of(event_id)};
        struct bus_record event = safety(event_id, case_id, concern, 0, at);
        struct slot slots[LAYOUT_SLOTS_MAX], row[LAYOUT_SLOTS_MAX] = {0};
        struct buffer body = BUFFER_INIT(65536);
        uint8_t bytes[ROW_KEY_BYTES];
        struct event read;
        struct error err;

        ck_assert_int_eq(event_record_read(types, type, &event, slots, &read, &err), 0);
        memcpy(row, slots + ROW_SKIPPED, (type->layout->n - ROW_SKIPPED) * sizeof(*row));
        row[row_copies_slot(type)] = (struct slot){.kind = SLOT_STRING, .s = TEXT_OF("rvdk council\ngm0014 municipality")};
        framing_write_single(type->row->fingerprint, &body);
        record_encode(type->row, row, &body);
        row_key_write(&key, bytes);
        ck_assert_int_eq(trail_take_row(trail, &(struct bus_record){.topic = TOPIC_CASE_STATE, .partition = 1, .offset = 5, .timestamp = at, .key = bytes,
                                                                    .key_n = sizeof(bytes), .value = body.bytes, .value_n = body.n}), 0);
        buffer_done(&body);
}

/* The dead letter of a record as it stood at its place. */
static void letter(struct bus_record record, const char *topic, int32_t partition, int64_t offset, const char *code, instant_t at, instant_t sent_at) {
        struct dead_letter *made = arena_calloc(arena, 1, sizeof(*made));
        struct letter letter = {.sent_at = sent_at};
        const struct bus_header *id;

        record.topic = topic;
        record.partition = partition;
        record.offset = offset;
        dead_letter_make(&record, &(struct dead_letter_why){"check", code, "not so", NULL}, made);
        made->record.timestamp = at;
        made->record.partition = 0;
        letter.record = &made->record;
        letter.good = dead_letter_read(&made->record, &letter.read);
        ck_assert(letter.good);
        id = bus_record_header(&made->record, EVENT_HEADER_ID);
        letter.has_event_id = id && uuid_parse(id->value, id->n, &letter.event_id);
        letter.has_case_id = made->record.key && uuid_parse(made->record.key, made->record.key_n, &letter.case_id);
        ck_assert_int_eq(trail_take_letter(trail, &letter), 0);
}

static void deliver(const char *to, const char *by, const char *event_id, int64_t offset, enum delivery_outcome outcome, int status, int attempts,
                    const char *reason, instant_t at) {
        const struct delivery_record delivery = {.delivered_at = at, .organisation = text_of(to), .connector = text_of(by), .offset = offset,
                                                 .event_id = id_of(event_id), .outcome = outcome, .status = status, .attempts = attempts,
                                                 .reason = text_of(reason)};

        ck_assert_int_eq(trail_take_delivery(trail, &delivery), 0);
}

/* -- Trails -- */

static int64_t done_everywhere(void *ctx, const struct event_type *type, int32_t partition) {
        (void) ctx;
        (void) type;
        (void) partition;
        return done;
}

static void say_step(const struct trail_step *step, struct buffer *out) {
        buffer_printf(out, "%s", trail_kind_names[step->kind]);
        if (step->kind == TRAIL_PUBLISHED)
                buffer_printf(out, " %s", step->judged ? fate_state_names[step->state] : "?");
        if (step->kind == TRAIL_WRITTEN)
                buffer_printf(out, " %s", !step->judged ? "?" : step->admitted ? "read" : "waiting");
        if (step->kind == TRAIL_DELIVERY)
                buffer_printf(out, " %s %d by %s", posting_state_names[step->outcome.state], step->outcome.status, step->outcome.by);
        if (step->code)
                buffer_printf(out, " %s", step->code);
        for (size_t i = 0; step->posting && i < step->posting->n; i++) {
                const struct posting_outcome *o = &step->posting->outcomes[i];

                buffer_printf(out, " %s%s%s", posting_state_names[o->state], o->cause ? " " : "", o->cause ? posting_cause_names[o->cause] : "");
        }
        if (step->role)
                buffer_printf(out, " as %s", step->role);
        buffer_printf(out, " %s/%" PRId32 "/%" PRId64 "\n", step->topic, step->partition, step->offset);
}

/* Joins, and compares all steps. */
static void expect(const char *want) {
        const struct fates_progress progress = {done_everywhere, NULL};
        struct buffer out = BUFFER_INIT(65536);
        const struct trail_step *const *steps;
        size_t n;

        ck_assert_int_eq(trail_join(trail, &progress), 0);
        steps = trail_steps(trail, &n);
        for (size_t i = 0; i < n; i++)
                say_step(steps[i], &out);
        ck_assert_str_eq(buffer_text(&out), want);
        buffer_done(&out);
}

/* All that is told here, with the inboxes before the events, as they may be read. */
static void tell_all(void) {
        done = 100;
        put("gi-jbn", refusal(EVENT_ID, 5, "DUPLICATE_ID"), 1, T + 4);
        put("gm0014", raised(), 8, T + 20);
        put("gm0014", safety(EVENT_ID, CASE_ID, CONCERN, 0, 0), 7, T + 2);
        put("gm0014", safety(OTHER_EVENT, CASE_ID, OTHER_CONCERN, 0, 0), 9, T + 22);
        put("rvdk", safety(OTHER_EVENT, OTHER_CASE, OTHER_CONCERN, 0, 0), 1, T + 23);
        post(EVENT_ID, CASE_ID, CONCERN, 4, T);
        post(EVENT_ID, CASE_ID, CONCERN, 5, T + 3);
        post(OTHER_EVENT, CASE_ID, OTHER_CONCERN, 6, T + 21);
        fact(EVENT_ID, CASE_ID, CONCERN, T + 1);
        fact(OTHER_EVENT, OTHER_CASE, OTHER_CONCERN, T + 30);
        letter(safety(EVENT_ID, CASE_ID, CONCERN, 5, 0), "safety-raised", 1, 5, "DUPLICATE_ID", T + 5, 0);
        letter(raised(), TOPIC_INBOX_PREFIX "gm0014", 0, 8, "REFUSED_BY_RECEIVER", T + 31, T + 40);
        letter(safety(OTHER_EVENT, OTHER_CASE, OTHER_CONCERN, 1, 0), "safety-raised", 1, 9, "BAD_VALUE", T + 32, 0);
        deliver("gm0014", "hook", EVENT_ID, 7, DELIVERY_DELIVERED, 204, 1, "", T + 10);
        deliver("gm0014", "hook", RAISED, 8, DELIVERY_REFUSED, 400, 1, "no", T + 31);
        deliver("gm0014", "hook", RAISED, 8, DELIVERY_PARKED, 0, 0, DELIVERY_AGAIN "iemand: omdat", T + 40);
        deliver("gm0014", "hook", RAISED, 8, DELIVERY_DELIVERED, 204, 1, "", T + 41);
        deliver("gm0014", "hook", EVENT_ID, 8, DELIVERY_DELIVERED, 204, 1, "", T + 50); /* another event stood there before */
        deliver("gm0014", "hook", EVENT_ID, 99, DELIVERY_DELIVERED, 204, 1, "", T + 51);
}

#define ITS_POSTS                                                       \
        "published fact safety-raised/1/4\n"                            \
        "fact case-state/1/5\n"                                         \
        "told delivered as municipality inbox.gm0014/0/7\n"             \
        "published refused DUPLICATE_ID safety-raised/1/5\n"            \
        "told DUPLICATE_ID unread inbox.gi-jbn/0/1\n"                   \
        "dead-letter DUPLICATE_ID dead-letters/0/0\n"                   \
        "delivery delivered 204 by hook inbox.gm0014/0/7\n"
#define ITS_ALERT_BEGINS "told delivered as municipality inbox.gm0014/0/8\n"
#define ITS_ALERT_ENDS                                                  \
        "delivery refused 400 by hook inbox.gm0014/0/8\n"               \
        "dead-letter REFUSED_BY_RECEIVER dead-letters/0/0\n"            \
        "sent-again REFUSED_BY_RECEIVER dead-letters/0/0\n"             \
        "delivery sent-again 0 by hook inbox.gm0014/0/8\n"              \
        "delivery delivered 204 by hook inbox.gm0014/0/8\n"

static const struct {
        const char *field, *id, *want;
} trails[] = {
        {"case_id", CASE_ID, ITS_POSTS ITS_ALERT_BEGINS "published fact safety-raised/1/6\ntold unread inbox.gm0014/0/9\n" ITS_ALERT_ENDS},
        {"event_id", EVENT_ID, ITS_POSTS},
        {"concern_id", CONCERN, ITS_POSTS ITS_ALERT_BEGINS ITS_ALERT_ENDS}, /* and what is told of a norm at work on it */
        {"alert_id", ALERT, ITS_ALERT_BEGINS ITS_ALERT_ENDS},
        {"event_id", RAISED, ITS_ALERT_BEGINS ITS_ALERT_ENDS},
        {"concern_id", OTHER_CONCERN, "published fact safety-raised/1/6\ntold unread as municipality inbox.gm0014/0/9\ntold unread as council inbox.rvdk/0/1\n"
         "fact case-state/1/5\ndead-letter BAD_VALUE dead-letters/0/0\n"},
        {"event_id", ID("ff"), ""},
        {"measure_id", CONCERN, ITS_ALERT_BEGINS ITS_ALERT_ENDS}, /* the instance of a norm does not say of what it is the id */
};

START_TEST(what_is_about_the_id_and_nothing_else) {
        begin(trails[_i].field, trails[_i].id);
        tell_all();
        trail_know_readers(trail);
        expect(trails[_i].want);
}
END_TEST

/* -- In words -- */

static const struct {
        enum language language;
        const char *says[TRAIL_KINDS]; /* how the first step of its kind begins */
} words_of[] = {
        {LANGUAGE_NL,
         {[TRAIL_WRITTEN] = "in het uitvak van Jeugdbescherming Noord (gi-jbn): Veiligheid in het geding (safety-raised); de toelating heeft het gelezen",
          [TRAIL_PUBLISHED] = "ingekomen: Veiligheid in het geding (safety-raised) van Jeugdbescherming Noord (gi-jbn): aanvaard",
          [TRAIL_FACT] = "vastgelegd als feit: ", [TRAIL_TOLD] = "in het postvak van Groningen (gm0014), als gemeente: ",
          [TRAIL_DELIVERY] = "bezorging aan Groningen (gm0014): afgeleverd op dinsdag 10 oktober 2023 11:00 uur (204, 1 poging) door hook",
          [TRAIL_LETTER] = "dode letter: ", [TRAIL_SENT_AGAIN] = "dode letter opnieuw ingezonden; door wie en waarom staat in audit"}},
        {LANGUAGE_EN,
         {[TRAIL_WRITTEN] = "in the outbox of Jeugdbescherming Noord (gi-jbn): safety-raised; admission has read it",
          [TRAIL_PUBLISHED] = "came in: safety-raised of Jeugdbescherming Noord (gi-jbn): accepted", [TRAIL_FACT] = "recorded as a fact: safety-raised",
          [TRAIL_TOLD] = "in the inbox of Groningen (gm0014), as municipality: safety-raised",
          [TRAIL_DELIVERY] = "delivery to Groningen (gm0014): delivered on Tuesday 10 October 2023 11:00 (204, 1 try) by hook",
          [TRAIL_LETTER] = "dead letter: safety-raised, DUPLICATE_ID (check): not so",
          [TRAIL_SENT_AGAIN] = "dead letter sent again; by whom and why stands in audit"}},
};

static void write_outbox(const char *from, const char *event_id, int64_t offset, instant_t at);

START_TEST(each_kind_of_step_is_said) {
        const struct fates_progress progress = {done_everywhere, NULL};
        const struct trail_step *const *steps;
        bool said[TRAIL_KINDS] = {0};
        size_t n;

        begin("case_id", CASE_ID);
        write_outbox("gi-jbn", EVENT_ID, 1, T - 1);
        tell_all();
        trail_take_admission(trail, org("gi-jbn"), 2);
        trail_know_readers(trail);
        ck_assert_int_eq(trail_join(trail, &progress), 0);
        steps = trail_steps(trail, &n);
        for (size_t i = 0; i < n; i++) {
                const char *want = words_of[_i].says[steps[i]->kind];
                struct buffer text = BUFFER_INIT(65536);

                if (said[steps[i]->kind])
                        continue;
                said[steps[i]->kind] = true;
                trail_say_step(steps[i], orgs, words_of[_i].language, &text);
                ck_assert_msg(strncmp(buffer_text(&text), want, strlen(want)) == 0, "%s: %s", want, buffer_text(&text));
                buffer_done(&text);
        }
        for (size_t i = 0; i < TRAIL_KINDS; i++)
                ck_assert(said[i]);
}
END_TEST

START_TEST(what_takes_it_back_is_about_an_event) {
        struct bus_record record;

        begin("event_id", EVENT_ID);
        done = 100;
        post(EVENT_ID, CASE_ID, CONCERN, 4, T);
        record = make("event-withdrawn", "{\"withdrawn\":\"" EVENT_ID "\",\"reason\":\"MISTAKE\"}", WITHDRAWAL, CASE_ID, "gi-jbn");
        record.timestamp = T + 9;
        ck_assert_int_eq(trail_take_post(trail, event_types_find(types, TEXT_OF("event-withdrawn")), &record), 0);
        expect("published fact safety-raised/1/4\npublished fact event-withdrawn/-1/0\n");
}
END_TEST

START_TEST(a_fact_is_known_by_its_row_where_offsets_are_not) {
        begin("event_id", EVENT_ID);
        done = BUS_NOT_COMMITTED;
        post(EVENT_ID, CASE_ID, CONCERN, 4, T);
        post(EVENT_ID, CASE_ID, CONCERN, 5, T + 1);
        post(OTHER_EVENT, CASE_ID, CONCERN, 6, T + 2);
        fact(EVENT_ID, CASE_ID, CONCERN, T + 3);
        expect("published fact safety-raised/1/4\npublished waiting safety-raised/1/5\nfact case-state/1/5\n");
}
END_TEST

/* A row of its own remembers what was told later than the fact was accepted. */
START_TEST(a_later_copy_has_its_role) {
        const struct telling copy = {.event_id = id_of(EVENT_ID), .organisation = TEXT_OF("igj"), .role = TEXT_OF("inspectorate"), .told_at = T + 3};
        const struct row_key key = {.case_id = id_of(CASE_ID), .kind = ROW_COPY, .id = id_of(EVENT_ID)};
        struct buffer body = BUFFER_INIT(65536);
        uint8_t bytes[ROW_KEY_BYTES];
        struct row_codec *codec;

        begin("event_id", EVENT_ID);
        ck_assert_int_eq(row_codec_new(&codec), 0);
        row_write(codec, ROW_COPY, &copy, &body);
        row_key_write(&key, bytes);
        ck_assert_int_eq(trail_take_row(trail, &(struct bus_record){.topic = TOPIC_CASE_STATE, .key = bytes, .key_n = sizeof(bytes), .value = body.bytes,
                                                                    .value_n = body.n}), 0);
        put("igj", safety(EVENT_ID, CASE_ID, CONCERN, 0, 0), 7, T + 3);
        put("rvdk", safety(EVENT_ID, CASE_ID, CONCERN, 0, 0), 7, T + 4);
        expect("told as inspectorate inbox.igj/0/7\ntold inbox.rvdk/0/7\n");
        row_codec_free(codec);
        buffer_done(&body);
}
END_TEST

static void write_outbox(const char *from, const char *event_id, int64_t offset, instant_t at) {
        struct bus_record record = safety(event_id, CASE_ID, CONCERN, offset, at);

        record.topic = arena_printf(arena, TOPIC_OUTBOX_PREFIX "%s", from);
        record.partition = 0;
        ck_assert_int_eq(trail_take_outbox(trail, org(from), &record), 0);
}

START_TEST(what_waits_in_an_outbox_is_not_lost_from_sight) {
        begin("case_id", CASE_ID);
        done = 100;
        write_outbox("gi-jbn", EVENT_ID, 7, T);
        write_outbox("gi-jbn", OTHER_EVENT, 8, T + 1);
        write_outbox("gm0014", WITHDRAWAL, 7, T + 2); /* whose outbox nobody reads */
        post(EVENT_ID, CASE_ID, CONCERN, 4, T + 3);
        trail_take_admission(trail, org("gi-jbn"), 8);
        trail_take_admission(trail, org("gi-jbn"), BUS_NOT_COMMITTED); /* by a connector that was here before */
        trail_know_readers(trail);
        expect("written read outbox.gi-jbn/0/7\nwritten waiting outbox.gi-jbn/0/8\nwritten waiting outbox.gm0014/0/7\npublished fact safety-raised/1/4\n");
}
END_TEST

START_TEST(nobody_needs_a_case_to_find_a_dead_letter) {
        struct bus_record junk = safety(EVENT_ID, CASE_ID, CONCERN, 4, T);
        const struct trail_config config = {types, orgs, {"event_id", id_of(EVENT_ID)}};

        ck_assert_int_eq(trail_new(&config, &trail), 0);
        junk.value = "junk";
        junk.value_n = 4;
        letter(junk, "safety-raised", 1, 4, "UNDECODABLE", T + 1, 0);
        junk.headers = NULL;
        junk.headers_n = 0;
        letter(junk, "safety-raised", 1, 5, "UNDECODABLE", T + 2, 0); /* nothing says that it was the event */
        ck_assert_int_eq(trail_deliveries_since(trail), INSTANT_NEVER);
        expect("dead-letter UNDECODABLE dead-letters/0/0\n");
}
END_TEST

/* -- Who reads -- */

static const struct {
        const char *what;
        struct {
                const char *by;
                bool is_connector;
                int32_t partition;
                int64_t next;
                enum posting_cause cause;
        } readers[3];
        bool known, delivered;
        const char *want; /* of what stands in the inbox at offset 7 */
} readers[] = {
        {"nothing is known of who reads", {{0}}, false, false, "told"},
        {"nobody reads", {{0}}, true, false, "told unread"},
        {"a connector that has not come to it", {{"hook", true, 0, 7}}, true, false, "told waiting"},
        {"a connector that has committed nothing", {{"hook", true, 0, -1}}, true, false, "told waiting"},
        {"a connector that does not run", {{"hook", true, 0, 7, POSTING_NOT_RUNNING}}, true, false, "told waiting not-running"},
        {"a connector that does not run, behind it", {{"hook", true, 0, 8, POSTING_NOT_RUNNING}}, true, false, "told"},
        {"a connector that is paused, and has delivered", {{"hook", true, 0, 7, POSTING_PAUSED}}, true, true, "told delivered"},
        {"a connector that says itself what it is done with", {{"hook", true, 0, 8}}, true, false, "told"},
        {"a connector that has delivered, and not committed", {{"hook", true, 0, 7}}, true, true, "told delivered"},
        {"a client of the organisation's own, in front of it", {{"own", false, 0, 7}}, true, false, "told waiting"},
        {"a client of the organisation's own, behind it", {{"own", false, 0, 8}}, true, false, "told collected"},
        {"both", {{"hook", true, 0, 8}, {"own", false, 0, 7}}, true, true, "told delivered waiting"},
        {"of another partition", {{"own", false, 1, 8}}, true, false, "told unread"},
};

START_TEST(who_reads_an_inbox_says_what_became_of_it) {
        begin("event_id", EVENT_ID);
        put("gm0014", safety(EVENT_ID, CASE_ID, CONCERN, 0, 0), 7, T);
        ck_assert_int_eq(trail_deliveries_since(trail), T);
        if (readers[_i].delivered)
                deliver("gm0014", "hook", EVENT_ID, 7, DELIVERY_DELIVERED, 204, 1, "", T + 1);
        for (size_t i = 0; i < ELEMENTS(readers[_i].readers) && readers[_i].readers[i].by; i++) {
                const struct trail_reader reader = {org("gm0014"), readers[_i].readers[i].partition, readers[_i].readers[i].by,
                                                    readers[_i].readers[i].is_connector, readers[_i].readers[i].next,
                                                    readers[_i].readers[i].cause};

                ck_assert_int_eq(trail_take_reader(trail, &reader), 0);
        }
        if (readers[_i].known)
                trail_know_readers(trail);
        expect(arena_printf(arena, "%s inbox.gm0014/0/7\n%s", readers[_i].want,
                            readers[_i].delivered ? "delivery delivered 204 by hook inbox.gm0014/0/7\n" : ""));
        ck_assert_uint_eq(trail_postings(trail).n, 1);
        ck_assert_str_eq(trail_postings(trail).items[0]->organisation, "gm0014");
}
END_TEST

/* A resumption by an operator stands there as a refusal without a status. */
START_TEST(what_is_tried_again_is_no_refusal) {
        begin("event_id", EVENT_ID);
        put("gm0014", safety(EVENT_ID, CASE_ID, CONCERN, 0, 0), 7, T);
        deliver("gm0014", "hook", EVENT_ID, 7, DELIVERY_REFUSED, 410, 1, "gone", T + 1);
        deliver("gm0014", "hook", EVENT_ID, 7, DELIVERY_REFUSED, 0, 0, "resumed by an operator", T + 2);
        expect("told sent-again inbox.gm0014/0/7\ndelivery refused 410 by hook inbox.gm0014/0/7\ndelivery sent-again 0 by hook inbox.gm0014/0/7\n");
}
END_TEST

/* -- Names and bounds -- */

static const struct {
        const char *word, *field, *nearest;
} words[] = {
        {"case", "case_id", NULL},          {"event", "event_id", NULL},           {"measure", "measure_id", NULL},
        {"measure-id", "measure_id", NULL}, {"measure_id", "measure_id", NULL},    {"alert", "alert_id", NULL},
        {"measur", NULL, "measure_id"},     {"measures", NULL, "measure_id"},      {"gi", NULL, NULL},
        {"", NULL, NULL},                   {"measure_identity", NULL, NULL},      {"refusal", NULL, "referral_id"},
};

START_TEST(ids_are_called_as_people_call_them) {
        const char *asked = arena_printf(arena, "%s_id", words[_i].word), *field;
        struct nearest nearest = NEAREST_INIT(asked);
        char hint[NEAREST_HINT_MAX];

        field = trail_field(types, words[_i].word, &nearest);
        ck_assert_msg((field == NULL) == (words[_i].field == NULL) && (!field || strcmp(field, words[_i].field) == 0), "%s: %s", words[_i].word, field);
        if (words[_i].nearest)
                ck_assert_ptr_nonnull(strstr(nearest_hint(&nearest, hint), words[_i].nearest));
}
END_TEST

START_TEST(an_id_of_too_many_cases_is_refused) {
        const struct uuid *found[TRAIL_CASES_MAX];
        struct uuid id = id_of(CASE_ID);

        begin("case_id", CASE_ID);
        for (uint8_t i = 1; i < TRAIL_CASES_MAX; i++) {
                id.bytes[0] = i;
                ck_assert_int_eq(trail_add_case(trail, &id), 0);
                ck_assert_int_eq(trail_add_case(trail, &id), 0); /* again: no effect */
        }
        ck_assert_uint_eq(trail_cases(trail, found), TRAIL_CASES_MAX);
        ck_assert_int_eq(trail_add_case(trail, &id), 0);
        id.bytes[0] = TRAIL_CASES_MAX;
        ck_assert_int_eq(trail_add_case(trail, &id), -E2BIG);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("trail");
        TCase *tcase = tcase_create("trail");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_set_timeout(tcase, 60);
        tcase_add_loop_test(tcase, what_is_about_the_id_and_nothing_else, 0, ELEMENTS(trails));
        tcase_add_loop_test(tcase, each_kind_of_step_is_said, 0, ELEMENTS(words_of));
        tcase_add_test(tcase, what_takes_it_back_is_about_an_event);
        tcase_add_test(tcase, a_fact_is_known_by_its_row_where_offsets_are_not);
        tcase_add_test(tcase, a_later_copy_has_its_role);
        tcase_add_test(tcase, what_waits_in_an_outbox_is_not_lost_from_sight);
        tcase_add_test(tcase, nobody_needs_a_case_to_find_a_dead_letter);
        tcase_add_loop_test(tcase, who_reads_an_inbox_says_what_became_of_it, 0, ELEMENTS(readers));
        tcase_add_test(tcase, what_is_tried_again_is_no_refusal);
        tcase_add_loop_test(tcase, ids_are_called_as_people_call_them, 0, ELEMENTS(words));
        tcase_add_test(tcase, an_id_of_too_many_cases_is_refused);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
