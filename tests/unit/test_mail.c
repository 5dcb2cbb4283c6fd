/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a mail says what its record says, to the letter, in a form that every server and reader takes; it goes to whom the configuration names; and every
 * answer of a server means what is agreed.
 * Method: tables, and mails compared as a whole; whatever is written, also of random texts, keeps the bounds of lines.
 */

#include <errno.h>

#include "connectors/mail/answer.h"
#include "connectors/mail/message.h"
#include "connectors/mail/mime.h"
#include "connectors/mail/pace.h"
#include "connectors/mail/recipients.h"
#include "model_fixture.h"

#define TODAY 19000 /* 8 January 2022 */

static struct organisations *orgs;
static struct event_types *types;

static void setup(void) {
        project_parties(&orgs, &types);
}

static void teardown(void) {
        types = event_types_free(types);
        orgs = organisations_free(orgs);
}

/* -- Form -- */

/* Lines of at most MIME_LINE_MAX printable ASCII characters that end with CR LF. */
static void check_lines(const char *text) {
        while (*text) {
                size_t n = strcspn(text, "\r\n");

                ck_assert_msg(n <= MIME_LINE_MAX && strncmp(text + n, "\r\n", 2) == 0, "a line is wrong: %.*s", (int)n + 2, text);
                ck_assert_msg(text[0] != '.', "a line begins with a dot: %.*s", (int)n, text);
                for (size_t i = 0; i < n; i++)
                        ck_assert((text[i] >= ' ' && text[i] < 0x7f) || text[i] == '\t');
                text += n + 2;
        }
}

static const struct {
        const char *value, *header; /* header NULL: it is refused */
} headers[] = {
        {"ketenwacht: protector-assigned", "Subject: ketenwacht: protector-assigned\r\n"},
        {"Caf\xc3\xa9 de Bo\xc3\xa8r", "Subject: =?UTF-8?Q?Caf=C3=A9?= de =?UTF-8?Q?Bo=C3=A8r?=\r\n"},
        {"\xc3\xa9\xc3\xa9n tw\xc3\xa9\xc3\xa9", "Subject: =?UTF-8?Q?=C3=A9=C3=A9n_tw=C3=A9=C3=A9?=\r\n"},
        {"=?UTF-8?Q?a?=", "Subject: =?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fa=3F=3D?=\r\n"},
        {"een onderwerp dat zo lang is dat het niet op een regel past en dus gevouwen wordt",
         "Subject: een onderwerp dat zo lang is dat het niet op een regel past en dus\r\n gevouwen wordt\r\n"},
        {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9",
         "Subject:\r\n =?UTF-8?Q?=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9=C3=A9?=\r\n =?UTF-8?Q?=C3=A9?=\r\n"},
        {"a\r\nBcc: b@c.example", NULL},
        {"a\nb", NULL},
        {"a\tb", NULL},
};

START_TEST(test_headers_are_folded_and_encoded) {
        struct buffer out = BUFFER_INIT(4096);
        bool right = mime_write_header(&out, "Subject", headers[_i].value);

        ck_assert_int_eq(right, headers[_i].header != NULL);
        ck_assert_str_eq(buffer_text(&out), headers[_i].header ? headers[_i].header : "");
        check_lines(buffer_text(&out));
        buffer_done(&out);
}
END_TEST

static const struct {
        const char *text, *quoted;
} bodies[] = {
        {"een\ntwee\n", "een\r\ntwee\r\n"},
        {"\xc3\xa9\xc3\xa9n = 1\n", "=C3=A9=C3=A9n =3D 1\r\n"},
        {".\n..b\n", "=2E\r\n=2E.b\r\n"},
        {"-- \n", "--=20\r\n"},
        {"a\rb\x01\n", "a?b?\r\n"},
        {"zonder einde", "zonder einde\r\n"},
        {"\n", "\r\n"},
        {"123456789012345678901234567890123456789012345678901234567890123456789012345\xc3\xa9\n",
         "123456789012345678901234567890123456789012345678901234567890123456789012345=\r\n=C3=A9\r\n"},
        /* a dot that comes to stand at the beginning of a line only by the break */
        {"123456789012345678901234567890123456789012345678901234567890123456789012345.nl\n",
         "123456789012345678901234567890123456789012345678901234567890123456789012345=\r\n=2Enl\r\n"},
};

START_TEST(test_bodies_are_quoted) {
        struct buffer out = BUFFER_INIT(4096);

        mime_write_quoted(&out, text_of(bodies[_i].text));
        ck_assert_str_eq(buffer_text(&out), bodies[_i].quoted);
        check_lines(buffer_text(&out));
        buffer_done(&out);
}
END_TEST

START_TEST(test_words_are_wrapped) {
        struct buffer out = BUFFER_INIT(4096);

        mime_wrap(&out, text_of("een \xc3\xa9\xc3\xa9n vijf  zes-en-zestig en"), 8);
        ck_assert_str_eq(buffer_text(&out), "een \xc3\xa9\xc3\xa9n\nvijf\nzes-en-zestig\nen\n");
        buffer_done(&out);
}
END_TEST

START_TEST(test_dates) {
        char date[MIME_DATE_MAX];

        ck_assert_str_eq(mime_date(1644227400000, date), "Mon, 07 Feb 2022 10:50:00 +0100");
        ck_assert_str_eq(mime_date(1656626399000, date), "Thu, 30 Jun 2022 23:59:59 +0200");
}
END_TEST

/* -- What answers mean -- */

static const struct {
        struct smtp_answer answer;
        enum smtp_meaning meaning;
        const char *reason;
} answers[] = {
        {{SMTP_DATA, 250, true, ""}, SMTP_TAKEN, "the mail server took it"},
        {{SMTP_DATA, 251, false, "odd"}, SMTP_TAKEN, NULL}, /* the library knows 250 alone */
        {{SMTP_DATA, 354, false, "timed out"}, SMTP_PUT_OFF, "the mail server did not say whether it took it: timed out"},
        {{SMTP_DATA, 451, false, "x"}, SMTP_PUT_OFF, "the mail server answered 451 at DATA"},
        {{SMTP_DATA, 554, false, "x"}, SMTP_REFUSED, "the mail server answered 554 at DATA"},
        {{SMTP_RCPT, 450, false, "x"}, SMTP_PUT_OFF, NULL},
        {{SMTP_RCPT, 550, false, "x"}, SMTP_REFUSED, "the mail server answered 550 at RCPT"},
        {{SMTP_RCPT, 250, false, "gone"}, SMTP_CUT_OFF, "the mail server gave no good answer at RCPT: gone"},
        {{SMTP_RCPT, 421, false, "x"}, SMTP_PAUSED, NULL},
        {{SMTP_RCPT, 530, false, "x"}, SMTP_WRONG, NULL},
        {{SMTP_MAIL, 451, false, "x"}, SMTP_PUT_OFF, NULL},
        {{SMTP_MAIL, 550, false, "x"}, SMTP_WRONG, NULL},
        {{SMTP_MAIL, 552, false, "x"}, SMTP_REFUSED, NULL},
        {{SMTP_MAIL, 0, false, "gone"}, SMTP_CUT_OFF, NULL},
        {{SMTP_LOGIN, 535, false, "x"}, SMTP_WRONG, "the mail server answered 535 at login"},
        {{SMTP_LOGIN, 454, false, "x"}, SMTP_WRONG, NULL},
        {{SMTP_TLS, 220, false, "no such certificate"}, SMTP_WRONG, "the mail server gave no good answer at TLS: no such certificate"},
        {{SMTP_CONNECT, 0, false, "refused"}, SMTP_WRONG, NULL},
        {{SMTP_CONNECT, 554, false, "x"}, SMTP_WRONG, NULL},
        {{SMTP_CONNECT, 421, false, "x"}, SMTP_PAUSED, NULL},
};

START_TEST(test_answers_of_mail_servers) {
        char reason[TRIED_REASON_MAX];

        ck_assert_int_eq(smtp_judge(&answers[_i].answer), answers[_i].meaning);
        smtp_answer_print(&answers[_i].answer, reason);
        ck_assert(reason[0]);
        if (answers[_i].reason)
                ck_assert_str_eq(reason, answers[_i].reason);
}
END_TEST

START_TEST(test_so_many_a_minute) {
        struct pace pace;

        ck_assert_int_eq(pace_new(2, &pace), 0);
        ck_assert_int_eq(pace_wait(&pace, 1000), 0);
        pace_take(&pace, 1000);
        pace_take(&pace, 11000);
        ck_assert_int_eq(pace_wait(&pace, 11000), 50000);
        ck_assert_int_eq(pace_wait(&pace, 61000), 0);
        pace_take(&pace, 61000);
        ck_assert_int_eq(pace_wait(&pace, 61000), 10000);
        pace_done(&pace);
        ck_assert_int_eq(pace_wait(&pace, 0), 0); /* without a limit */
        pace_take(&pace, 0);
}
END_TEST

/* -- To whom -- */

static const struct {
        const char *contacts; /* of gm1, in organisations.yaml */
        const char *organisation, *role, *domain, *mailbox, *function;
        const char *expected; /* addresses, deputies with a plus sign; behind a colon: of the operators */
} recipients[] = {
        {"[{function: team, mailbox: a, deputy: b}, {function: boss, mailbox: c}]", "gm1", "", "g.example", NULL, NULL, "a@g.example +b@g.example "},
        {"[{function: team, mailbox: a, deputy: b}, {function: boss, mailbox: c}]", "gm1", "boss", "g.example", NULL, NULL, "c@g.example "},
        {"[{function: team, mailbox: a}, {function: boss, mailbox: c}]", "gm1", "gi", "g.example", NULL, "boss", "c@g.example "},
        {"[{function: team, mailbox: a}, {function: team, mailbox: c}]", "gm1", "team", "g.example", NULL, NULL, "a@g.example c@g.example "},
        {"[{function: team, mailbox: a, deputy: a}]", "gm1", "team", "g.example", "elders@x.example", NULL, "elders@x.example "},
        {"[{function: team, mailbox: a, until: 2022-01-07}, {function: team, mailbox: b, from: 2022-01-08}]", "gm1", "team", "g.example", NULL, NULL,
         "b@g.example "},
        {"[{function: team, mailbox: a, until: 2022-01-07}]", "gm1", "team", "g.example", NULL, NULL, ":beheer@k.example "},
        {"[{function: team, mailbox: a}]", "gm1", "team", NULL, NULL, NULL, ":beheer@k.example "},
        {"[{function: team, mailbox: a}]", "gm1", "", "g.example", NULL, "boss", ":beheer@k.example "},
        {"[]", "gm1", "", "g.example", NULL, NULL, ":beheer@k.example "},
        {"[{function: team, mailbox: a}]", "gm0", "", "g.example", NULL, NULL, "a@g.example "}, /* it became gm1 */
        {"[{function: team, mailbox: a:b}]", "gm1", "", "g.example", NULL, NULL, ":beheer@k.example "}, /* a name, and no address */
};

START_TEST(test_recipients_are_those_that_the_configuration_names) {
        static const char *const operators[] = {"beheer@k.example"};
        const struct option_pair pair = {"a", recipients[_i].mailbox};
        const struct option_list to_operators = {operators, 1};
        struct mail_target target = {.domain = recipients[_i].domain, .mailboxes = {&pair, recipients[_i].mailbox ? 1 : 0},
                                     .functions = {&recipients[_i].function, recipients[_i].function ? 1 : 0}};
        struct recipients_source source = {.targets_n = 1, .operators = &to_operators, .today = TODAY};
        struct mistakes mistakes = MISTAKES_INIT;
        struct buffer told = BUFFER_INIT(4096);
        char yaml[1024], path[SCRATCH_PATH];
        struct scratch s = scratch_new();
        struct organisations *few = NULL;
        struct connector_target of_gm1;
        struct recipients found;

        (void) snprintf(yaml, sizeof(yaml),
                        "organisations:\n  - {id: gm1, kind: municipality, contacts: %s}\n"
                        "  - {id: gm0, kind: municipality, until: 2021-12-31, successor: gm1}\n"
                        "  - {id: operators, kind: operators}\n", recipients[_i].contacts);
        scratch_write(&s, "o.yaml", yaml);
        ck_assert_msg(organisations_read(scratch_path(&s, "o.yaml", path), &few, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        of_gm1 = (struct connector_target){organisations_find(few, text_of("gm1")), &target};
        source.targets = &of_gm1;
        recipients_find(&source, organisations_find(few, text_of(recipients[_i].organisation)), text_of(recipients[_i].role), &found);
        buffer_add_text(&told, found.operators ? ":" : "");
        for (size_t i = 0; i < found.n; i++)
                buffer_printf(&told, "%s%s ", found.items[i].deputy ? "+" : "", found.items[i].address);
        ck_assert_str_eq(buffer_text(&told), recipients[_i].expected);
        buffer_done(&told);
        mistakes_done(&mistakes);
        organisations_free(few);
        scratch_remove(&s);
}
END_TEST

static const struct {
        const char *text;
        bool mailbox, domain;
} addresses[] = {
        {"a@b.example", true, false}, {"a.b+c@d-e.example", true, false}, {"b.example", false, true}, {"localhost", false, true}, {"", false, false},
        {"@b", false, false}, {"a@", false, false}, {"a@@b", false, false}, {"a b@c", false, false}, {"a@b\r\nc", false, false}, {"a..b@c", false, false},
        {".a@b", false, false}, {"a@-b", false, false}, {"a@b-", false, false}, {"a@b..c", false, false}, {"\xc3\xa9@b", false, false}, {"a@b>", false, false},
};

START_TEST(test_addresses) {
        ck_assert_int_eq(name_is_mailbox(text_of(addresses[_i].text)), addresses[_i].mailbox);
        ck_assert_int_eq(name_is_domain(text_of(addresses[_i].text)), addresses[_i].domain);
}
END_TEST

/* -- What a mail says -- */

static struct uuid uuid_of(const char *text) {
        struct uuid u;

        ck_assert(uuid_parse(text, strlen(text), &u));
        return u;
}

static void put(const struct event_type *type, struct slot *slots, const char *field, struct slot slot) {
        int at = layout_slot(type->layout, field);

        if (at >= 0)
                slots[at] = slot;
}

static void put_text(const struct event_type *type, struct slot *slots, const char *field, const char *text) {
        put(type, slots, field, (struct slot){.kind = SLOT_STRING, .s = text_of(text)});
}

static void put_uuid(const struct event_type *type, struct slot *slots, const char *field, const char *text) {
        put(type, slots, field, (struct slot){.kind = SLOT_UUID, .u = uuid_of(text)});
}

static void fill(const char *name, const char *text, struct slot *slots, struct event *ret) {
        const struct event_type *type = event_types_find(types, text_of(name));

        *ret = (struct event){.type = type, .slots = slots};
        put_uuid(type, slots, "event_id", "6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110001");
        put_uuid(type, slots, "case_id", "6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110002");
        put_uuid(type, slots, "alert_id", "6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110003");
        put_text(type, slots, "source", "ketenwacht");
        put_text(type, slots, "protocol", "inspectie-normen-2020");
        put_text(type, slots, "norm", "protector-assigned");
        put_text(type, slots, "instance", "6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110004");
        put_text(type, slots, "role", "municipality");
        put_text(type, slots, "text", text);
        put(type, slots, "recorded_at", (struct slot){.kind = SLOT_INT, .i = 1644879600000});
        put(type, slots, "rung", (struct slot){.kind = SLOT_INT, .i = 1});
        put(type, slots, "due_date", (struct slot){.kind = SLOT_INT, .i = 19037});
}

static void write_mail(const struct event *event, bool operators, const char *gi, struct buffer *out) {
        const struct message_style style = {.from = "k@k.example", .name = "K\xc3\xa9ten wacht", .domain = "k.example",
                                            .link = "https://k.example/zaken/{case_id}?o={organisation}", .organisations = orgs};
        const struct cloudevent ce = {.event = event};
        const struct delivery delivery = {.ce = &ce, .organisation = organisations_find(orgs, text_of("gm0014"))};
        const struct recipients to = {.items = {{"jb@g.example", false}, {"jb-v@g.example", true}}, .n = 2, .operators = operators};

        ck_assert_int_eq(message_write(&style, &delivery, &to, gi ? organisations_find(orgs, text_of(gi)) : NULL, out), 0);
        check_lines(buffer_text(out));
}

#define SENTENCE "Niet gehaald, uiterlijk maandag 14 februari 2022: Jeugdbeschermer binnen vijf werkdagen (Toetsingskader \xc3\xa9\xc3\xa9n, trede 1)."

static const char alert[] =
        "From: =?UTF-8?Q?K=C3=A9ten?= wacht <k@k.example>\r\n"
        "To: jb@g.example\r\n"
        "Cc: jb-v@g.example\r\n"
        "Subject: ketenwacht: protector-assigned, trede 1, zaak\r\n"
        " 6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110002\r\n"
        "Date: Tue, 15 Feb 2022 00:00:00 +0100\r\n"
        "Message-ID: <6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110001@k.example>\r\n"
        "In-Reply-To: <6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110003@k.example>\r\n"
        "References: <80adee96-d2c9-523e-8771-b8ffdb6cba7c@k.example>\r\n"
        " <6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110003@k.example>\r\n"
        "List-Id: <gm0014.ketenwacht.k.example>\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "Content-Language: nl\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n"
        "\r\n"
        "Niet gehaald, uiterlijk maandag 14 februari 2022: Jeugdbeschermer binnen\r\n"
        "vijf werkdagen (Toetsingskader =C3=A9=C3=A9n, trede 1).\r\n"
        "\r\n"
        "Norm:        protector-assigned\r\n"
        "Protocol:    inspectie-normen-2020\r\n"
        "Trede:       1\r\n"
        "Uiterlijk:   maandag 14 februari 2022\r\n"
        "Zaak:        6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110002\r\n"
        "GI:          Jeugdbescherming Noord (gi-jbn)\r\n"
        "Voor:        Groningen (gm0014)\r\n"
        "Als:         gemeente\r\n"
        "Kenmerk:     6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110001\r\n"
        "\r\n"
        "https://k.example/zaken/6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110002?o=3Dgm0014\r\n"
        "\r\n"
        "--=20\r\n"
        "ketenwacht. Deze mail is vanzelf gemaakt en bevat geen persoonsgegevens.\r\n";

START_TEST(test_an_alert_to_the_letter) {
        struct slot slots[LAYOUT_SLOTS_MAX] = {0};
        struct buffer out = BUFFER_INIT(MESSAGE_MAX);
        struct event event;

        fill("escalation-raised", SENTENCE, slots, &event);
        write_mail(&event, false, "gi-jbn", &out);
        if (strcmp(buffer_text(&out), alert) != 0)
                ck_abort_msg("not as agreed:\n%.1500s", buffer_text(&out));
        buffer_done(&out);
}
END_TEST

/* The line of a header, unfolded, behind its name; empty: it has none. */
static void header_of(const char *mail, const char *name, char ret[512]) {
        const char *at = strstr(mail, name);
        size_t n = 0;

        ret[0] = '\0';
        for (at = at ? at + strlen(name) : ""; *at && n < 511 && (strncmp(at, "\r\n", 2) != 0 || at[2] == ' '); at++) {
                if (*at != '\r' && *at != '\n')
                        ret[n++] = *at;
        }
        ret[n] = '\0';
}

/* Announcement, alerts of two rungs and the resolution of one: the same first reference, whatever else they say. */
START_TEST(test_one_obligation_is_one_thread) {
        static const char *const kinds[] = {"plan-due", "escalation-raised", "escalation-resolved", "escalation-raised"};
        char first[512] = "", references[512], subject[512];

        for (unsigned i = 0; i < ELEMENTS(kinds); i++) {
                struct slot slots[LAYOUT_SLOTS_MAX] = {0};
                struct buffer out = BUFFER_INIT(MESSAGE_MAX);
                struct event event;

                fill(kinds[i], "Zin.", slots, &event);
                put(event.type, slots, "rung", (struct slot){.kind = SLOT_INT, .i = i});
                put_uuid(event.type, slots, "alert_id", i == 3 ? "6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110009" : "6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110003");
                write_mail(&event, false, NULL, &out);
                header_of(buffer_text(&out), "References: ", references);
                header_of(buffer_text(&out), "Subject: ", subject);
                ck_assert(strstr(subject, "protector-assigned") && strstr(subject, "6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110002"));
                ck_assert_int_eq(strstr(subject, "opgelost") != NULL, i == 2);
                if (i == 0)
                        memcpy(first, references, sizeof(first));
                ck_assert(first[0] && strncmp(references, first, strlen(first)) == 0);
                ck_assert_int_eq(strstr(buffer_text(&out), "In-Reply-To: ") != NULL, i > 0);
                ck_assert_ptr_null(strstr(buffer_text(&out), "GI:  "));
                buffer_done(&out);
        }
}
END_TEST

/* Of a copy the type and the source are told, and none of its fields. */
START_TEST(test_a_copy_tells_no_field) {
        struct slot slots[LAYOUT_SLOTS_MAX] = {0};
        struct buffer out = BUFFER_INIT(MESSAGE_MAX);
        struct event event;

        fill("measure-started", "", slots, &event);
        put_text(event.type, slots, "source", "gi-jbn");
        put(event.type, slots, "birth_date", (struct slot){.kind = SLOT_INT, .i = 14000});
        put(event.type, slots, "verdict_date", (struct slot){.kind = SLOT_INT, .i = 19000});
        write_mail(&event, true, "gi-jbn", &out);
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), "(measure-started)"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), "Van Groningen (gm0014) is geen postvak bekend; daarom komt dit bij het\r\nbeheer."));
        ck_assert_ptr_null(strstr(buffer_text(&out), "2008"));
        ck_assert_ptr_null(strstr(buffer_text(&out), "References"));
        buffer_done(&out);
}
END_TEST

static const struct {
        const char *link;
        int outcome;
} links[] = {
        {"", 0}, {"https://k.example/{case_id}/{event_id}/{organisation}", 0}, {"http://k.example/", 0}, {"https://k.example/{bsn}", -EINVAL},
        {"ftp://k.example/", -EINVAL}, {"https://k.example/a b", -EINVAL}, {"https://k.example/\r\nx", -EINVAL},
};

START_TEST(test_links) {
        struct error err = {0};

        ck_assert_int_eq(message_check_link(links[_i].link, &err), links[_i].outcome);
        ck_assert_int_eq(err.text[0] != '\0', links[_i].outcome != 0);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("mail");
        SRunner *runner = srunner_create(suite);
        TCase *form = tcase_create("form"), *mail = tcase_create("mail");
        int failed;

        tcase_add_loop_test(form, test_headers_are_folded_and_encoded, 0, (int)ELEMENTS(headers));
        tcase_add_loop_test(form, test_bodies_are_quoted, 0, (int)ELEMENTS(bodies));
        tcase_add_test(form, test_words_are_wrapped);
        tcase_add_test(form, test_dates);
        tcase_add_loop_test(form, test_answers_of_mail_servers, 0, (int)ELEMENTS(answers));
        tcase_add_test(form, test_so_many_a_minute);
        tcase_add_loop_test(form, test_recipients_are_those_that_the_configuration_names, 0, (int)ELEMENTS(recipients));
        tcase_add_loop_test(form, test_addresses, 0, (int)ELEMENTS(addresses));
        tcase_add_loop_test(form, test_links, 0, (int)ELEMENTS(links));
        suite_add_tcase(suite, form);
        tcase_add_checked_fixture(mail, setup, teardown);
        tcase_add_test(mail, test_an_alert_to_the_letter);
        tcase_add_test(mail, test_one_obligation_is_one_thread);
        tcase_add_test(mail, test_a_copy_tells_no_field);
        suite_add_tcase(suite, mail);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
