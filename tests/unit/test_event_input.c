/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the events of a container are taken and refused as those of JSON lines are, whoever wrote it; what is known of bytes that are wrong is where.
 * Method: files by our own writer, whose data are put together here by the schemas of others: ours, a partner's copy, one in which everything may be
 * null, unions with what is no event; and lines that begin as a container does.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro/container_write.h"
#include "avro/put.h"
#include "model/event_input.h"

#include "model_fixture.h"

#define ARENA_MAX ((size_t)1 << 20)
#define SAID_BYTES 2048
#define EVENT "0b57d001-0000-4000-8000-000000000001"
#define CASE "8a53d001-0000-4000-8000-000000000001"
#define MEASURE "3a53d001-0000-4000-8000-000000000001"
#define AT INT64_C(1646125200000) /* 2022-03-01T10:00:00+01:00 */
#define DAY 19052                 /* 2022-03-01 */

#define FIELDS(text, instant, date) \
        "{\"name\":\"event_id\",\"type\":" text "},{\"name\":\"case_id\",\"type\":" text "},{\"name\":\"source\",\"type\":" text "}," \
        "{\"name\":\"occurred_at\",\"type\":" instant "},{\"name\":\"recorded_at\",\"type\":" instant "},{\"name\":\"measure_id\",\"type\":" text "}," \
        "{\"name\":\"date\",\"type\":" date "}"
#define INSTANT "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}"
#define DATE "{\"type\":\"int\",\"logicalType\":\"date\"}"
#define RECORD(name, fields) "{\"type\":\"record\",\"name\":\"" name "\",\"fields\":[" fields "]}"
#define PARTNERS RECORD("org.partner.PlanReviewed", FIELDS("\"string\"", INSTANT, DATE))
#define NULLABLE RECORD("PlanReviewed", FIELDS("[\"null\",\"string\"]", "[\"null\"," INSTANT "]", "[\"null\"," DATE "]"))
#define STRANGE RECORD("PlanRevised", FIELDS("\"string\"", INSTANT, DATE))
#define UNION "[" PARTNERS "," RECORD("Remark", "{\"name\":\"text\",\"type\":\"string\"}") ",\"null\"]"

static struct event_types *types;
static struct organisations *orgs;

static void read_all(void) {
        project_parties(&orgs, &types);
}

static void free_all(void) {
        types = event_types_free(types);
        orgs = organisations_free(orgs);
}

/* -- Data -- */

struct datum {
        const char *source, *event_id;
        bool null_date; /* NULLABLE only */
};

static void put_event(struct buffer *out, bool nullable, const struct datum *d) {
        uint8_t *p = buffer_reserve(out, 1024);
        const char *const texts[] = {d->event_id ? d->event_id : EVENT, CASE, d->source};

        for (size_t i = 0; i < ELEMENTS(texts); i++)
                p = put_text(nullable ? put_long(p, 1) : p, text_of(texts[i]));
        for (size_t i = 0; i < 2; i++)
                p = put_long(nullable ? put_long(p, 1) : p, AT);
        p = put_text(nullable ? put_long(p, 1) : p, text_of(MEASURE));
        if (nullable)
                p = put_long(p, !d->null_date);
        if (!d->null_date)
                p = put_long(p, DAY);
        out->n = (size_t)(p - out->bytes);
}

struct made {
        struct container_writer *w;
        FILE *out;
        char *bytes;
        size_t n;
};

static struct made begin(const char *schema) {
        struct made made = {0};
        struct error err = {0};

        made.out = tmpfile();
        ck_assert_int_eq(container_writer_begin(made.out, schema, CONTAINER_DEFLATE, &made.w, &err), 0);
        return made;
}

static void add(struct made *made, int64_t branch, bool nullable, const struct datum *d) {
        struct buffer *out = container_writer_buffer(made->w);
        struct error err = {0};

        if (branch >= 0) {
                uint8_t *p = buffer_reserve(out, PUT_LONG_MAX);

                out->n = (size_t)(put_long(p, branch) - out->bytes);
        }
        if (d)
                put_event(out, nullable, d);
        ck_assert_int_eq(container_writer_added(made->w, &err), 0);
}

static void end(struct made *made) {
        struct error err = {0};

        ck_assert_int_eq(container_writer_flush(made->w, &err), 0);
        made->w = container_writer_free(made->w);
        rewind(made->out);
}

/* -- Reading: what came of each, as "1 plan-reviewed;2 BAD_VALUE date;" and the sentence that ended it -- */

static int read_input(FILE *in, char said[SAID_BYTES], struct error *err) {
        const struct event_input_config config = {.in = in, .name = "f", .types = types, .orgs = orgs};
        CLEANUP(event_input_free_p) struct event_input *input = NULL;
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        size_t n = 0;
        int r = event_input_open(&config, &input, err);

        said[0] = '\0';
        if (r)
                return r;
        ck_assert_int_eq(arena_new(&arena, ARENA_MAX), 0);
        for (;;) {
                struct line line;

                arena_reset(arena);
                r = event_input_next(input, arena, &line, err);
                if (r)
                        return r;
                n += (size_t)snprintf(said + n, SAID_BYTES - n, "%ju ", (uintmax_t)event_input_number(input));
                if (line.kind == LINE_EVENT) {
                        ck_assert(text_is(line.key, CASE) && line.event.slots[SLOT_RECORDED_AT].i == AT);
                        n += (size_t)snprintf(said + n, SAID_BYTES - n, "%s;", line.event.type->name);
                } else {
                        n += (size_t)snprintf(said + n, SAID_BYTES - n, "%s %s;", line.kind == LINE_REFUSED ? refusal_codes[line.refusal] : "-",
                                              line.error.text);
                }
                line_done(&line);
        }
}

static int finish(struct made *made, char said[SAID_BYTES], struct error *err) {
        int r;

        end(made);
        r = read_input(made->out, said, err);
        fclose(made->out);
        return r;
}

/* The checks are those of lines, and the next datum goes on. */
START_TEST(test_partner) {
        struct made made = begin(PARTNERS);
        char said[SAID_BYTES];
        struct error err = {0};

        add(&made, -1, false, &(struct datum){"gi-jbn"});
        add(&made, -1, false, &(struct datum){"gi-unknown"});
        add(&made, -1, false, &(struct datum){"gm0014"});
        add(&made, -1, false, &(struct datum){"gi jbn"});
        add(&made, -1, false, &(struct datum){"gi-jbn", "0B57D001-0000-4000-8000-000000000001"});
        add(&made, -1, false, &(struct datum){"gi-jbn"});
        ck_assert_msg(finish(&made, said, &err) == EVENT_INPUT_E_END, "%s", err.text);
        ck_assert_msg(strncmp(said, "1 plan-reviewed;2 UNKNOWN_ORGANISATION ", 39) == 0, "%s", said);
        ck_assert_msg(strstr(said, ";3 NOT_ALLOWED ") && strstr(said, ";4 BAD_VALUE source: "), "%s", said);
        ck_assert_msg(strstr(said, ";5 BAD_VALUE field 'event_id', byte 0 of 133: not a value that can stand here;6 plan-reviewed;"), "%s", said);
}
END_TEST

/* As data frames write them: a null where an event has none is that event's mistake. */
START_TEST(test_nullable) {
        struct made made = begin(NULLABLE);
        char said[SAID_BYTES];
        struct error err = {0};

        add(&made, -1, true, &(struct datum){"gi-jbn"});
        add(&made, -1, true, &(struct datum){"gi-jbn", NULL, true});
        add(&made, -1, true, &(struct datum){"gi-jbn"});
        ck_assert_msg(finish(&made, said, &err) == EVENT_INPUT_E_END, "%s", err.text);
        ck_assert_msg(strncmp(said, "1 plan-reviewed;2 BAD_VALUE field 'date', byte ", 46) == 0 && strstr(said, ";3 plan-reviewed;"), "%s", said);
}
END_TEST

START_TEST(test_union) {
        struct made made = begin(UNION);
        char said[SAID_BYTES];
        struct error err = {0};
        struct buffer *out;

        add(&made, 0, false, &(struct datum){"gi-jbn"});
        out = container_writer_buffer(made.w);
        buffer_add(out, "\x02\x04hi", 4);
        ck_assert_int_eq(container_writer_added(made.w, &err), 0);
        add(&made, 2, false, NULL);
        add(&made, 0, false, &(struct datum){"gi-jbn"});
        add(&made, 3, false, NULL);
        ck_assert_int_eq(finish(&made, said, &err), -EINVAL);
        ck_assert_msg(strncmp(said, "1 plan-reviewed;2 UNKNOWN_EVENT ", 32) == 0, "%s", said);
        ck_assert_msg(strstr(said, ";3 UNKNOWN_EVENT ") && strstr(said, ";4 plan-reviewed;"), "%s", said);
        ck_assert_msg(strncmp(err.text, "f: datum 5, in the block at byte ", 33) == 0, "%s", err.text);
        ck_assert_msg(strstr(err.text, "no branch of its union has that index"), "%s", err.text);
}
END_TEST

static const struct {
        const char *schema;
        const char *says;
} schemas[] = {
        {STRANGE, "f: holds no events: what stands in it is called PlanRevised, and no schema describes an event of that record "
                  "(did you mean 'PlanReviewed'?)"},
        {"\"string\"", "f: holds no events: what stands in it is called string"},
        {"[\"null\",\"string\"]", "f: holds no events"},
        {RECORD("PlanReviewed", "{\"name\":\"event_id\",\"type\":\"string\"}"), "f: its PlanReviewed is not the one of plan-reviewed.avsc: "},
};

START_TEST(test_no_events) {
        struct made made = begin(schemas[_i].schema);
        char said[SAID_BYTES];
        struct error err = {0};

        ck_assert_int_eq(finish(&made, said, &err), -EINVAL);
        ck_assert_msg(strncmp(err.text, schemas[_i].says, strlen(schemas[_i].says)) == 0, "%s", err.text);
}
END_TEST

/* Bytes that are no datum end the file: where the next one begins nobody knows. */
static const struct {
        size_t cut;  /* bytes that the second datum lacks; 0: a byte is there that is none */
        const char *where, *says;
} damages[] = {
        {5, "f: datum 2, in the block at byte ", "end too early"},
        {0, "f: datum 1, in the block at byte ", "left over"},
};

START_TEST(test_damaged) {
        struct made made = begin(PARTNERS);
        struct buffer *out = container_writer_buffer(made.w);
        char said[SAID_BYTES];
        struct error err = {0};

        add(&made, -1, false, &(struct datum){"gi-jbn"});
        if (damages[_i].cut > 0) {
                put_event(out, false, &(struct datum){"gi-jbn"});
                out->n -= damages[_i].cut;
                ck_assert_int_eq(container_writer_added(made.w, &err), 0);
        } else {
                buffer_add(out, "x", 1);
        }
        ck_assert_int_eq(finish(&made, said, &err), -EINVAL);
        ck_assert_str_eq(said, "1 plan-reviewed;");
        ck_assert_msg(strncmp(err.text, damages[_i].where, strlen(damages[_i].where)) == 0 && strstr(err.text, damages[_i].says), "%s", err.text);
}
END_TEST

/* Lines that begin as a container does are lines, whole. */
static const struct {
        const char *text, *says;
} texts[] = {
        {"O\n{}\n", "1 MALFORMED "}, {"Ob", "1 MALFORMED "}, {"Objecten\n\n", "1 MALFORMED "}, {"Obj\n", "1 MALFORMED "},
        {"\n", "1 - ;"},            {"", ""},              {"Obj", "1 MALFORMED "},        {"\xef\xbb\xbf{}\n", "1 MALFORMED event: is missing"},
};

START_TEST(test_lines) {
        char said[SAID_BYTES];
        struct error err = {0};
        FILE *in = tmpfile();

        fputs(texts[_i].text, in);
        rewind(in);
        ck_assert_int_eq(read_input(in, said, &err), EVENT_INPUT_E_END);
        ck_assert_msg(strncmp(said, texts[_i].says, strlen(texts[_i].says)) == 0, "%s", said);
        if (_i == 0 || _i == 2)
                ck_assert_ptr_nonnull(strstr(said, ";2 "));
        fclose(in);
}
END_TEST

int main(void) {
        Suite *s = suite_create("event_input");
        TCase *t = tcase_create("event_input");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 60);
        tcase_add_unchecked_fixture(t, read_all, free_all);
        tcase_add_test(t, test_partner);
        tcase_add_test(t, test_nullable);
        tcase_add_test(t, test_union);
        tcase_add_loop_test(t, test_no_events, 0, ELEMENTS(schemas));
        tcase_add_loop_test(t, test_damaged, 0, ELEMENTS(damages));
        tcase_add_loop_test(t, test_lines, 0, ELEMENTS(texts));
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
