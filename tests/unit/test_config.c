/* SPDX-License-Identifier: EUPL-1.2 */

/* Goal: a folder of configuration is read whole and indexed. Method: the examples, the project's own folder, and copies with a change. */

#include <errno.h>

#include "model/config.h"
#include "model_fixture.h"

static const struct {
        const char *folder;
        size_t protocols, norms, routes;
} folders[] = {
        {"tests/stories/examples/config-core", 3, 7, 3},
        {"tests/stories/examples/config", 8, 21, 6},
};

START_TEST(test_examples_load) {
        char config_dir[SCRATCH_PATH], schemas[SCRATCH_PATH];
        struct config *config = NULL;
        struct mistakes mistakes = MISTAKES_INIT;
        size_t norms = 0, routes = 0, indexed = 0, indexed_routes = 0;

        ck_assert_msg(config_read(project_path(folders[_i].folder, config_dir), project_path("schemas", schemas), &config, &mistakes) == 0, "%s",
                      buffer_text(&mistakes.text));
        ck_assert_uint_eq(config->protocols.n, folders[_i].protocols);
        ck_assert_uint_eq(config->version, 1);
        for (size_t i = 0; i < config->protocols.n; i++) {
                norms += config->protocols.items[i]->n_norms;
                routes += config->protocols.items[i]->n_routes;
                ck_assert(i == 0 || strcmp(config->protocols.items[i - 1]->name, config->protocols.items[i]->name) < 0);
        }
        for (size_t i = 0; i < event_types_count(config->types); i++) {
                const struct config_index *index = &config->index[i];

                for (size_t j = 0; j < index->n_norms; j++)
                        ck_assert_uint_eq(index->norms[j]->starts.type->index, i);
                for (size_t j = 0; j < index->n_routes; j++)
                        ck_assert_uint_eq(index->routes[j]->type->index, i);
                indexed += index->n_norms;
                indexed_routes += index->n_routes;
        }
        for (size_t i = 0; i < config->n_region_norms; i++)
                ck_assert(config->region_norms[i]->starts_protocol);
        ck_assert_uint_eq(norms, folders[_i].norms);
        ck_assert_uint_eq(indexed + config->n_region_norms, norms);
        ck_assert_uint_eq(routes, folders[_i].routes);
        ck_assert_uint_eq(indexed_routes, routes);
        config_free(config);
        mistakes_done(&mistakes);
}
END_TEST

START_TEST(test_own_configuration_loads) {
        char config_dir[SCRATCH_PATH], schemas[SCRATCH_PATH];
        struct config *config = NULL;
        struct mistakes mistakes = MISTAKES_INIT;

        ck_assert_msg(config_read(project_path("config", config_dir), project_path("schemas", schemas), &config, &mistakes) == 0, "%s",
                buffer_text(&mistakes.text));
        config_free(config);
        mistakes_done(&mistakes);
}
END_TEST

static void write_small(const struct scratch *s) {
        scratch_write(s, "organisations.yaml", "organisations: [{id: operators, kind: operators}]\n");
        scratch_write(s, "calendar.yaml", "equated: []\nyears: [2024]\n");
}

static const struct {
        const char *version;
        unsigned number; /* 0: refused */
} versions[] = {
        {NULL, 1}, {"1\n", 1}, {"42", 42}, {" 7", 0}, {"0\n", 0}, {"-1\n", 0}, {"two\n", 0}, {"", 0}, {"99999999999\n", 0},
};

START_TEST(test_version) {
        struct scratch s = scratch_new();
        char schemas[SCRATCH_PATH];
        struct config *config = NULL;
        struct mistakes mistakes = MISTAKES_INIT;
        int r;

        write_small(&s);
        if (versions[_i].version)
                scratch_write(&s, "version", versions[_i].version);
        r = config_read(s.path, project_path("schemas", schemas), &config, &mistakes);
        if (versions[_i].number) {
                ck_assert_msg(r == 0, "%s", buffer_text(&mistakes.text));
                ck_assert_uint_eq(config->version, versions[_i].number);
        } else {
                ck_assert_int_eq(r, -EINVAL);
                assert_report(&s, &mistakes, "version: must hold one number from 1 on, which is raised with every change of the configuration");
        }
        config_free(config);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

/* -- The imprint: by what two texts of one version are told apart -- */

static const char imprint_protocol[] = "protocol: p\nregion: any\nvalid: {from: 2024-01-01}\nroutes: []\n";

/* That of @s, as text; it owns what @ret_config holds. */
static void imprint_of(const struct scratch *s, struct config **ret_config, struct buffer *ret) {
        char schemas[SCRATCH_PATH];
        struct mistakes mistakes = MISTAKES_INIT;

        ck_assert_msg(config_read(s->path, project_path("schemas", schemas), ret_config, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        imprint_write(&(*ret_config)->imprint, (*ret_config)->version, ret);
        mistakes_done(&mistakes);
}

static const struct {
        const char *file, *text; /* changed, or made */
        const char *says;        /* NULL: it counts for nothing */
} imprint_changes[] = {
        {"calendar.yaml", "equated: []\nyears: [2024, 2025]\n", "calendar.yaml (another text)"},
        {"organisations.yaml", "organisations: [{id: operators, kind: operators}] # x\n", "organisations.yaml (another text)"},
        {"protocols/p.yaml", "protocol: p\nregion: any\nvalid: {from: 2024-01-02}\nroutes: []\n", "protocols/p.yaml (another text)"},
        {"protocols/q.yaml", "protocol: q\nregion: any\nvalid: {from: 2024-01-02}\nroutes: []\n", "protocols/q.yaml (only here)"},
        {"broker.yaml", "bootstrap: [localhost:1]\n", NULL},
        {"version", "1\n", NULL},
};

START_TEST(test_imprint_names_what_differs) {
        CLEANUP(buffer_done) struct buffer before = BUFFER_INIT(IMPRINT_BYTES_MAX), after = BUFFER_INIT(IMPRINT_BYTES_MAX);
        CLEANUP(buffer_done) struct buffer files = BUFFER_INIT(1000);
        struct config *a = NULL, *b = NULL;
        struct scratch s = scratch_new();
        uint64_t fingerprint = 0;
        unsigned version = 0;

        write_small(&s);
        scratch_folder(&s, "protocols");
        scratch_write(&s, "protocols/p.yaml", imprint_protocol);
        imprint_of(&s, &a, &before);
        scratch_write(&s, imprint_changes[_i].file, imprint_changes[_i].text);
        imprint_of(&s, &b, &after);
        ck_assert(imprint_head((struct text){(const char *)before.bytes, before.n}, &version, &fingerprint));
        ck_assert_uint_eq(version, 1);
        ck_assert_uint_eq(fingerprint, a->imprint.fingerprint);
        ck_assert_int_eq(a->imprint.fingerprint == b->imprint.fingerprint, imprint_changes[_i].says == NULL);
        imprint_differ(&b->imprint, (struct text){(const char *)before.bytes, before.n}, &files);
        ck_assert_str_eq(buffer_text(&files), imprint_changes[_i].says ? imprint_changes[_i].says : "a file that is not named there");
        config_free(a);
        config_free(b);
        scratch_remove(&s);
}
END_TEST

START_TEST(test_imprint_names_a_few) {
        CLEANUP(buffer_done) struct buffer files = BUFFER_INIT(1000);
        char schemas[SCRATCH_PATH], config_dir[SCRATCH_PATH];
        struct mistakes mistakes = MISTAKES_INIT;
        struct config *config = NULL;

        ck_assert_int_eq(config_read(project_path("config", config_dir), project_path("schemas", schemas), &config, &mistakes), 0);
        ck_assert_uint_gt(config->imprint.n, IMPRINT_NAMED_MAX + 1);
        imprint_differ(&config->imprint, text_of("4 0000000000000000\nprotocols/gone.yaml 0000000000000000"), &files);
        ck_assert_ptr_nonnull(strstr(buffer_text(&files), "calendar.yaml (only here), organisations.yaml (only here), "));
        ck_assert_ptr_nonnull(strstr(buffer_text(&files), " more"));
        config_free(config);
        mistakes_done(&mistakes);
}
END_TEST

static const char *const imprint_nonsense[] = {
        "", "4", "4 ", "4 00000000000000", "x 0000000000000000", "0 0000000000000000", "4 000000000000000g", "4  000000000000000",
        "99999999999 0000000000000000",
};

START_TEST(test_imprint_is_no_nonsense) {
        uint64_t fingerprint;
        unsigned version;

        ck_assert_msg(!imprint_head(text_of(imprint_nonsense[_i]), &version, &fingerprint), "%s", imprint_nonsense[_i]);
}
END_TEST

/* One run finds what is wrong in every file. */
START_TEST(test_mistakes_of_several_files) {
        struct scratch s = scratch_new();
        char schemas[SCRATCH_PATH];
        struct config *config = NULL;
        struct mistakes mistakes = MISTAKES_INIT;

        write_small(&s);
        scratch_write(&s, "organisations.yaml", "organisations: [{id: operators, kind: operators}, {id: a, kind: b}]\n");
        scratch_write(&s, "calendar.yaml", "equated: [x]\n");
        scratch_write(&s, "version", "x");
        scratch_folder(&s, "protocols");
        scratch_write(&s, "protocols/p.stories.yaml", "stories: []\n"); /* no protocol */
        scratch_write(&s, "protocols/p.yaml",
                "protocol: p\nregion: any\nvalid: {from: 2024-01-01}\nroutes:\n  - {event: measure-started, to: [nobody], basis: x}\n");
        ck_assert_int_eq(config_read(s.path, project_path("schemas", schemas), &config, &mistakes), -EINVAL);
        ck_assert_ptr_null(config);
        ck_assert_uint_eq(mistakes.n, 4);
        ck_assert_ptr_nonnull(strstr(buffer_text(&mistakes.text), "protocols/p.yaml:5:35: nobody can have the role 'nobody'"));
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

START_TEST(test_missing_folders) {
        struct scratch s = scratch_new();
        char path[SCRATCH_PATH];
        struct config *config = NULL;
        struct mistakes mistakes = MISTAKES_INIT;

        ck_assert_int_eq(config_read(scratch_path(&s, "none", path), s.path, &config, &mistakes), -EINVAL);
        ck_assert_uint_eq(mistakes.n, 3); /* calendar, organisations, no schema */
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("config");
        TCase *tcase = tcase_create("config");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(tcase, test_examples_load, 0, ELEMENTS(folders));
        tcase_add_test(tcase, test_own_configuration_loads);
        tcase_add_loop_test(tcase, test_version, 0, ELEMENTS(versions));
        tcase_add_loop_test(tcase, test_imprint_names_what_differs, 0, ELEMENTS(imprint_changes));
        tcase_add_test(tcase, test_imprint_names_a_few);
        tcase_add_loop_test(tcase, test_imprint_is_no_nonsense, 0, ELEMENTS(imprint_nonsense));
        tcase_add_test(tcase, test_mistakes_of_several_files);
        tcase_add_test(tcase, test_missing_folders);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
