/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: every connector keeps the rules of the table: it opens and closes, also twice and after a failure, and says all that its file may hold; the files
 * that are shipped are right, and mistakes in one are told at their place.
 * Method: every row of the table, with a smallest file that opens and one that is refused.
 */

#include <errno.h>

#include "bus/memory.h"
#include "connect/file.h"
#include "connectors/connector.h"
#include "channel/judge.h"
#include "connectors/webhook/handshake.h"
#include "model_fixture.h"

#define NOW "2022-10-11T12:00:00+02:00"

static struct organisations *orgs;
static struct event_types *types;

static void setup(void) {
        project_parties(&orgs, &types);
}

static void teardown(void) {
        types = event_types_free(types);
        orgs = organisations_free(orgs);
}

/* -- What a receiver's answer means -- */

static const struct {
        int status;
        const char *retry_after;
        enum tried outcome;
        int64_t pause;
} answers[] = {
        {200, NULL, TRIED_DELIVERED, -1}, {202, NULL, TRIED_DELIVERED, -1}, {204, NULL, TRIED_DELIVERED, -1},
        {410, NULL, TRIED_GONE, -1},      {429, "3", TRIED_LATER, 3000},    {429, NULL, TRIED_LATER, -1},
        {429, "soon", TRIED_LATER, -1},   {503, "5", TRIED_AGAIN, 5000},    {503, NULL, TRIED_AGAIN, -1},
        {500, "5", TRIED_AGAIN, -1},      {502, NULL, TRIED_AGAIN, -1},     {408, NULL, TRIED_AGAIN, -1},
        {409, NULL, TRIED_AGAIN, -1},     {425, NULL, TRIED_AGAIN, -1},     {401, NULL, TRIED_AGAIN, -1},
        {403, NULL, TRIED_AGAIN, -1},     {404, NULL, TRIED_AGAIN, -1},     {301, NULL, TRIED_AGAIN, -1},
        {400, NULL, TRIED_REFUSED, -1},   {413, NULL, TRIED_REFUSED, -1},   {415, NULL, TRIED_REFUSED, -1},
        {422, NULL, TRIED_REFUSED, -1},
};

START_TEST(test_answers_of_receivers) {
        struct attempt attempt;

        judge_status(answers[_i].status, answers[_i].retry_after, 0, &attempt);
        ck_assert_int_eq(attempt.outcome, answers[_i].outcome);
        ck_assert_int_eq(attempt.pause_ms, answers[_i].pause);
        ck_assert_int_eq(attempt.status, answers[_i].status);
        ck_assert_int_eq(attempt.reason[0] == '\0', answers[_i].outcome == TRIED_DELIVERED);
}
END_TEST

/* -- What a receiver allows -- */

static const struct {
        int status;
        const char *origin, *rate;
        bool allowed;
        int64_t every_ms;
} handshakes[] = {
        {200, "kw.example.nl", NULL, true, 0},          {204, "KW.example.nl", "*", true, 0},      {200, "*", "120", true, 500},
        {200, "kw.example.nl", "7", true, 8572},        {200, "kw.example.nl", "0", true, 0},      {200, "kw.example.nl", "soon", true, 0},
        {200, "kw.example.nl.evil.example", NULL, false, 0}, {200, NULL, NULL, false, 0},          {200, "", "120", false, 0},
        {405, "kw.example.nl", "120", false, 0},        {302, "*", NULL, false, 0},                {0, NULL, NULL, false, 0},
};

START_TEST(test_handshakes_of_receivers) {
        struct handshake h = {0};

        handshake_read(&h, handshakes[_i].status, handshakes[_i].origin, handshakes[_i].rate, "kw.example.nl", 1000);
        ck_assert_int_eq(h.allowed, handshakes[_i].allowed);
        ck_assert_int_eq(h.every_ms, handshakes[_i].every_ms);
        ck_assert_int_eq(h.until, 1000 + HANDSHAKE_MS);
        ck_assert_int_eq(handshake_wait(&h, 2000), 0);
        ck_assert_int_eq(handshake_wait(&h, 2000), h.every_ms);
        ck_assert_int_eq(handshake_wait(&h, 2000 + h.every_ms), 0);
}
END_TEST

/* -- Every connector of the table -- */

static const char *tokens(const char *name) {
        static const char *const rows[][2] = {
                {"KETENWACHT_DATABASE_PASSWORD", "geheim"},
                {"KETENWACHT_TOKEN_X", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
                {"KETENWACHT_NRC_TOKEN", "dddddddddddddddddddddddddddddddd"},
                {"KETENWACHT_NRC_SECRET", "a secret of their own, of some length"},
                {"KETENWACHT_CORV_TOKEN", "cococococococococococococococococo"},
                {"KETENWACHT_CORV_KEY", "kokokokokokokokokokokokokokokokoko"},
                {"KETENWACHT_IJW_KEY", "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"},
                {"KETENWACHT_TOKEN_GI_JBN", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
                {"KETENWACHT_TOKEN_GI_LJR", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},
                {"KETENWACHT_TOKEN_GI_WSS", "cccccccccccccccccccccccccccccccc"},
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (strcmp(rows[i][0], name) == 0)
                        return rows[i][1];
        }
        return NULL;
}

/* Of each connector a file that opens, and one that open() must refuse (NULL: there is none). */
static const struct {
        const char *name, *opens, *refused;
} connector_files[] = {
        {"admission", "connector: admission\n", NULL}, /* has nothing that could be wrong */
        {"corv", "connector: corv\nfolder: /tmp\nkey: {env: KETENWACHT_TOKEN_X}\nsource: rvdk\nmunicipalities: {'1': gm0014}\n",
         "connector: corv\nfolder: /tmp\nkey: {env: KETENWACHT_TOKEN_X}\nsource: gi-jbn\nmunicipalities: {'1': gm0014}\n"},
        {"files-in", "connector: files-in\norganisation: gi-jbn\nfolder: .\n", "connector: files-in\norganisation: gi-jbn\nfolder: none\n"},
        {"files-out", "connector: files-out\norganisation: gm0014\nfolder: .\n",
         "connector: files-out\norganisation: gm0014\nfolder: .\ncolumns: [event, colour]\n"},
        {"gi-http", "connector: gi-http\nlisten: '127.0.0.1:0'\ntokens: {gi-jbn: {env: KETENWACHT_TOKEN_X}}\n",
         "connector: gi-http\nlisten: 'localhost'\ntokens: {gi-jbn: {env: KETENWACHT_TOKEN_X}}\n"},
        {"ijw-out", "connector: ijw-out\norganisation: gi-jbn\nfolder: /tmp\nagb: '98900001'\nprefix: K1\n",
         "connector: ijw-out\norganisation: gi-jbn\nfolder: /tmp\nagb: '989'\nprefix: K1\n"},
        {"inbox-table", "connector: inbox-table\norganisation: gm0014\nhost: 127.0.0.1\nport: 1\ndatabase: zaken\nuser: ketenwacht\nform: fields\n",
         "connector: inbox-table\norganisation: gm0014\nhost: 127.0.0.1\ndatabase: zaken\nuser: ketenwacht\nleave_out: [birth_date]\n"},
        {"ijw", "connector: ijw\nlisten: '127.0.0.1:0'\ntoken: {env: KETENWACHT_TOKEN_X}\nkey: {env: KETENWACHT_TOKEN_X}\nagb: {'98900001': gi-jbn}\n",
         "connector: ijw\nlisten: '127.0.0.1:0'\nkey: {env: KETENWACHT_TOKEN_X}\nagb: {'98900001': gi-jbn}\n"},
        {"mail", "connector: mail\norganisation: gm0014\nserver: smtp://mail.example:587\nfrom: k@k.example\noperators: beheer@k.example\ndomain: g.example\n",
         "connector: mail\norganisation: gm0014\nserver: smtp://mail.example:587\nfrom: k@k.example\noperators: [beheer]\n"},
        {"nrc-in",
         "connector: nrc-in\norganisation: gi-jbn\nlisten: '127.0.0.1:0'\ntoken: {env: KETENWACHT_TOKEN_X}\nhosts: [zaken.example.nl]\n"
         "events: [{kanaal: zaken, resource: zaak, actie: create, event: measure-started, fields: {measure_id: uuid}}]\n",
         "connector: nrc-in\norganisation: gi-jbn\nlisten: '127.0.0.1:0'\ntoken: {env: KETENWACHT_TOKEN_X}\n"
         "events: [{kanaal: zaken, resource: zaak, actie: create, event: measure-started, fields: {measure_id: uuid}}]\n"},
        {"nrc-out",
         "connector: nrc-out\norganisation: gm0014\nurl: https://nrc.example.nl/api/v1\nbase: https://kw.example.nl\nclient_id: kw\n"
         "client_secret: {env: KETENWACHT_NRC_SECRET}\n",
         "connector: nrc-out\norganisation: gm0014\nurl: http://nrc.example.nl/api/v1\nbase: https://kw.example.nl\nclient_id: kw\n"
         "client_secret: {env: KETENWACHT_NRC_SECRET}\n"},
        {"outbox-table", "connector: outbox-table\norganisation: gi-jbn\nhost: 127.0.0.1\nport: 1\ndatabase: zaken\nuser: ketenwacht\n",
         "connector: outbox-table\norganisation: gi-jbn\nhost: 127.0.0.1\ndatabase: zaken\nuser: ketenwacht\ncolumns: {payloat: inhoud}\n"},
        {"webhook", "connector: webhook\norganisation: gm0014\nurl: https://example.nl/\n",
         "connector: webhook\norganisation: gm0014\nurl: http://example.nl/\n"},
};

static struct connect_file *read_file(const struct scratch *s, const char *name, bool broken) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct connect_file *file = NULL;
        char path[SCRATCH_PATH];
        size_t i = 0;

        while (i < ELEMENTS(connector_files) && strcmp(connector_files[i].name, name) != 0)
                i++;
        ck_assert_msg(i < ELEMENTS(connector_files), "%s has no row in connector_files", name);
        if (broken && !connector_files[i].refused)
                return NULL;
        scratch_write(s, "x.yaml", broken ? connector_files[i].refused : connector_files[i].opens);
        ck_assert_msg(connect_file_read(scratch_path(s, "x.yaml", path), connectors, orgs, tokens, &file, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        ck_assert_str_eq(file->name, "x");
        mistakes_done(&mistakes);
        return file;
}

/* As the runtime opens it. */
static int connector_open(const struct connector_ops *ops, void *ctx, const struct connector_env *env, struct error *err) {
        int r = ops->check ? ops->check(ctx, env, err) : 0;

        return r < 0 ? r : ops->open(ctx, env, err);
}

START_TEST(test_connectors_open_and_close) {
        const struct connector_ops *ops = connectors[_i];
        struct connector_env env = {.name = "x", .types = types, .organisations = orgs, .clock = clock_system(), .parallel = 2};
        struct scratch s = scratch_new();
        struct memory *memory;

        ck_assert_int_eq(memory_new(env.clock, &memory), 0);
        env.bus = memory_bus(memory); /* without a topic: what looks there fails, and tries again */
        for (int broken = 0; broken < 2; broken++) {
                struct connect_file *file = read_file(&s, ops->name, broken);

                if (!file)
                        continue;
                env.targets = file->targets;
                env.targets_n = file->targets_n;
                for (int i = 0; i < 2; i++) {
                        struct error err = {0};

                        ck_assert_int_eq(connector_open(ops, file->ctx, &env, &err), broken ? -EINVAL : 0);
                        ck_assert_int_eq(err.text[0] != '\0', broken);
                        if (!broken && ops->turn)
                                ck_assert_int_eq(ops->turn(file->ctx, 0, &err), 0);
                        ops->close(file->ctx);
                        ops->close(file->ctx);
                }
                connect_file_free(file);
        }
        memory_free(memory);
        scratch_remove(&s);
}
END_TEST

static void check_option(const struct connector_option *o, const struct connector_ops *ops, struct buffer *help) {
        size_t same = 0;

        ck_assert_msg(o->doc && strlen(o->doc) > 10 && o->doc[strlen(o->doc) - 1] == '.', "%s: %s has no documentation", ops->name, o->key);
        ck_assert_ptr_nonnull(strstr(buffer_text(help), o->key));
        for (const struct connector_option *other = ops->options; other->key; other++)
                same += strcmp(other->key, o->key) == 0;
        for (const struct connector_option *other = connect_options(ops->direction); other->key; other++)
                same += strcmp(other->key, o->key) == 0;
        for (const struct connector_option *other = ops->target_options; other && other->key; other++)
                same += strcmp(other->key, o->key) == 0;
        ck_assert_uint_eq(same, 1);
}

START_TEST(test_connectors_are_complete) {
        const struct connector_ops *ops = connectors[_i];
        struct buffer help = BUFFER_INIT(1 << 20);
        const struct connector_option *common = connect_options(ops->direction);

        connect_file_document(ops, &help);
        ck_assert(ops->name && ops->summary && ops->options && ops->open && ops->close);
        ck_assert(ops->direction == CONNECTOR_THROUGH ? ops->input && ops->judge : !!ops->turn);
        ck_assert(ops->direction != CONNECTOR_IN || (ops->quiesce && ops->settled));
        ck_assert(ops->direction != CONNECTOR_OUT || (ops->deliver && ops->abandon));
        for (const struct connector_option *o = ops->options; o->key; o++)
                check_option(o, ops, &help);
        for (const struct connector_option *o = common; o->key; o++)
                check_option(o, ops, &help);
        for (const struct connector_option *o = ops->target_options; o && o->key; o++)
                check_option(o, ops, &help);
        buffer_done(&help);
}
END_TEST

static const char *const files[] = {
        "config/connectors/admission.yaml",
        "config/connectors/corv.yaml",
        "config/connectors/files-in-gi-jbn.yaml",
        "config/connectors/files-out-gm0014.yaml",
        "config/connectors/gi-http.yaml",
        "config/connectors/ijw-out-gi-jbn.yaml",
        "config/connectors/inbox-table-gm0014.yaml",
        "config/connectors/ijw.yaml",
        "config/connectors/mail-gm0014.yaml",
        "config/connectors/nrc-in-gi-jbn.yaml",
        "config/connectors/nrc-out-gm0014.yaml",
        "config/connectors/outbox-table.yaml",
        "config/connectors/webhook-gm0014.yaml",
        "config/connectors/webhooks.yaml",
};

START_TEST(test_shipped_files_are_right) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct connect_file *file = NULL;
        char path[SCRATCH_PATH];

        ck_assert_msg(connect_file_read(project_path(files[_i], path), connectors, orgs, tokens, &file, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        connect_file_free(file);
        mistakes_done(&mistakes);
}
END_TEST

/* What an organisation does not say is taken from the top. */
START_TEST(test_one_file_may_name_many) {
        static const struct {
                const char *text;
                size_t n;
        } rows[] = {
                {"connector: webhook\nurl: https://a/\norganisations: all\n", 0},
                {"connector: webhook\nurl: https://a/\norganisations: [gm0037, gm0014]\n", 2},
                {"connector: webhook\nfrom: 'old-{organisation}-x'\norganisations:\n  gm0037: {url: 'https://a/'}\n"
                 "  gm0014: {url: 'https://b/', from: was}\n", 2},
                {"connector: webhook\nurl: https://a/\norganisations: {gm0037: , gm0014: {}}\n", 2},
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                struct mistakes mistakes = MISTAKES_INIT;
                struct connect_file *file = NULL;
                struct scratch s = scratch_new();
                char path[SCRATCH_PATH];

                scratch_write(&s, "x.yaml", rows[i].text);
                ck_assert_msg(connect_file_read(scratch_path(&s, "x.yaml", path), connectors, orgs, tokens, &file, &mistakes) == 0, "%s",
                              buffer_text(&mistakes.text));
                ck_assert_uint_eq(file->targets_n, rows[i].n ? rows[i].n : organisations_count(orgs));
                if (rows[i].n) {
                        ck_assert_str_eq(file->targets[0].organisation->id, "gm0037");
                        ck_assert_str_eq(file->targets[1].organisation->id, "gm0014");
                }
                if (file->targets[0].from) {
                        ck_assert_str_eq(file->targets[0].from, "old-gm0037-x");
                        ck_assert_str_eq(file->targets[1].from, "was");
                }
                connect_file_free(file);
                mistakes_done(&mistakes);
                scratch_remove(&s);
        }
}
END_TEST

static const struct {
        const char *text, *told;
} file_mistakes[] = {
        {"listen: 127.0.0.1:1\n", "x.yaml:1:1: 'connector' is missing"},
        {"connector: webhok\n", "x.yaml:1:12: no connector 'webhok' (did you mean 'webhook'?)"},
        {"connector: webhook\nurl: https://a/\norganisation: gm001\n", "x.yaml:3:15: organisation: no organisation 'gm001' (did you mean"},
        {"connector: webhook\nurl: https://a/\norganisation: gm0014\nname: a b\n", "x.yaml:4:7: name: must be"},
        {"connector: webhook\nurl: https://a/\norganisation: gm0014\nretries: 3\n", "x.yaml:4:1: this connector has no key 'retries' (did you mean 'tries'?)"},
        {"connector: webhook\nurl: https://a/\norganisation: gm0014\nfirst_delay: 2 hours\n", "first_delay must be a duration from"},
        {"connector: webhook\nurl: https://a/\norganisation: gm0014\nlongest_delay: 1 ms\n", "longest_delay must not be shorter than first_delay"},
        {"connector: webhook\nurl: https://a/\norganisation: gm0014\nauth: basic\n", "auth must be bearer or header or oauth2 or zgw"},
        {"connector: gi-http\ntokens: {gi-none: {env: KETENWACHT_TOKEN_X}}\n", "x.yaml:2:10: tokens: no organisation 'gi-none'"},
        {"connector: gi-http\n", "'tokens' is missing"},
        {"connector: webhook\nurl: https://a/\n", "x.yaml:1:1: 'organisation' or 'organisations' is missing"},
        {"connector: webhook\nurl: https://a/\norganisation: gm0014\norganisations: [gm0037]\n", "x.yaml:4:16: organisation or organisations, not both"},
        {"connector: webhook\nurl: https://a/\norganisations: [gm0014, gm0037, gm0014]\n", "x.yaml:3:33: organisations: 'gm0014' stands there twice"},
        {"connector: webhook\nurl: https://a/\norganisations: [gm001]\n", "x.yaml:3:17: organisations: no organisation 'gm001' (did you mean"},
        {"connector: webhook\nurl: https://a/\norganisations: everyone\n", "x.yaml:3:16: organisations must be a list"},
        {"connector: webhook\norganisations:\n  gm0014: {url: 'https://a/'}\n  gm0037: {mode: binary}\n", "x.yaml:4:11: 'url' is missing"},
        {"connector: webhook\norganisations:\n  gm0014: {url: 'https://a/', tries: 3}\n", "x.yaml:3:31: this organisation has no key 'tries'"},
        {"- connector\n", "the file must be a mapping of keys to values"},
        {"connector: [", "x.yaml:"},
};

START_TEST(test_file_mistakes_are_told) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct connect_file *file = NULL;
        struct scratch s = scratch_new();
        char path[SCRATCH_PATH];

        scratch_write(&s, "x.yaml", file_mistakes[_i].text);
        ck_assert_int_lt(connect_file_read(scratch_path(&s, "x.yaml", path), connectors, orgs, tokens, &file, &mistakes), 0);
        ck_assert_msg(strstr(buffer_text(&mistakes.text), file_mistakes[_i].told), "%s", buffer_text(&mistakes.text));
        ck_assert_ptr_null(file);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("connector_table");
        SRunner *runner = srunner_create(suite);
        TCase *table = tcase_create("table");
        int n_connectors = 0, failed;

        while (connectors[n_connectors])
                n_connectors++;
        tcase_add_checked_fixture(table, setup, teardown);
        tcase_add_loop_test(table, test_answers_of_receivers, 0, (int)ELEMENTS(answers));
        tcase_add_loop_test(table, test_handshakes_of_receivers, 0, (int)ELEMENTS(handshakes));
        tcase_add_loop_test(table, test_connectors_open_and_close, 0, n_connectors);
        tcase_add_loop_test(table, test_connectors_are_complete, 0, n_connectors);
        tcase_add_loop_test(table, test_shipped_files_are_right, 0, (int)ELEMENTS(files));
        tcase_add_test(table, test_one_file_may_name_many);
        tcase_add_loop_test(table, test_file_mistakes_are_told, 0, (int)ELEMENTS(file_mistakes));
        suite_add_tcase(suite, table);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
