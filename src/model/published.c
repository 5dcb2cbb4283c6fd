/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Walks through the folder of published versions, and compares fields with what they were
 *
 * Avro lets a default go that is not needed today. It is needed tomorrow: a field without one can never be dropped again, an enum
 * without one never take a symbol. And a default that becomes another changes what was said by those who wrote without the field.
 */

#include "model/published.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro/match.h"
#include "base/file.h"

#define PATH_TEXT_MAX 4096
#define ENDING ".avsc"
#define README "README.md"
#define NUMBER_DIGITS_MAX 9

/* -- The folder -- */

static bool published_is_number(const char *name) {
        size_t n = strspn(name, "0123456789");

        return n > 0 && n <= NUMBER_DIGITS_MAX && name[0] != '0' && strcmp(name + n, ENDING) == 0;
}

/* By number: a shorter one is less. */
static int published_order(const void *a, const void *b) {
        const char *const *one = a, *const *other = b;
        size_t n = strlen(*one), m = strlen(*other);

        return n == m ? strcmp(*one, *other) : n < m ? -1 : 1;
}

/* Return: 0; -ENOENT, -ENOTDIR or -ENOMEM without a word; another negative errno with a sentence. */
static int published_list(const char *path, char ***ret, size_t *ret_n, struct mistakes *mistakes) {
        struct error err = {0};
        int e = folder_names(path, "", ret, ret_n, &err);

        if (e && e != -ENOENT && e != -ENOTDIR && e != -ENOMEM)
                file_error(path, e, mistakes->language, &mistakes->failure);
        return e;
}

/* Leaves the versions, in their order, and tells of the rest. */
static void published_sort_out(char **names, size_t *n, const char *path, struct mistakes *mistakes) {
        char file[2 * PATH_TEXT_MAX];
        size_t kept = 0;

        for (size_t i = 0; i < *n; i++) {
                if (published_is_number(names[i])) {
                        names[kept++] = names[i];
                        continue;
                }
                (void) snprintf(file, sizeof(file), "%s/%s", path, names[i]); /* fits: names are 255 bytes at most */
                if (strcmp(names[i], README) != 0)
                        mistakes_place(mistakes, file,
                                       IN_LANGUAGE(mistakes->language, "a published version is called by its number: 1.avsc",
                                                   "een gepubliceerde versie heet naar haar nummer: 1.avsc"));
                free(names[i]);
        }
        names[kept] = NULL;
        *n = kept;
        qsort(names, kept, sizeof(*names), published_order);
}

static void published_check_numbers(char *const *names, size_t n, const char *path, struct mistakes *mistakes) {
        int64_t expected = 1, number;

        for (size_t i = 0; i < n; i++, expected++) {
                if (!text_to_int64((struct text){names[i], strlen(names[i]) - strlen(ENDING)}, &number))
                        continue; /* digits alone, and few: it is one */
                if (number != expected)
                        mistakes_place(mistakes, path,
                                       IN_LANGUAGE(mistakes->language,
                                                   "%" PRId64 ".avsc is missing before %s: versions are numbered from 1, and all of them stay",
                                                   "%" PRId64 ".avsc ontbreekt vóór %s: versies worden vanaf 1 genummerd, en ze blijven alle staan"),
                                       expected, names[i]);
                expected = number;
        }
}

static void published_tell_file(const char *path, struct mistakes *mistakes) {
        mistakes_place(mistakes, path,
                       IN_LANGUAGE(mistakes->language, "stands beside the versions: they are " PUBLISHED_FOLDER "/<event>/<n>.avsc",
                                   "staat naast de versies: dat zijn " PUBLISHED_FOLDER "/<gebeurtenis>/<n>.avsc"));
}

int published_names(const char *folder, const char *name, char ***ret, size_t *ret_n, struct mistakes *mistakes) {
        char path[PATH_TEXT_MAX];
        int e;

        assert(folder && name && ret && ret_n && mistakes);
        *ret = NULL;
        *ret_n = 0;
        if (snprintf(path, sizeof(path), "%s/" PUBLISHED_FOLDER "/%s", folder, name) >= (int)sizeof(path)) {
                mistakes_place(mistakes, folder, IN_LANGUAGE(mistakes->language, "the name of this folder is too long", "de naam van deze map is te lang"));
                return 0;
        }
        e = published_list(path, ret, ret_n, mistakes);
        if (e == -ENOTDIR)
                published_tell_file(path, mistakes);
        if (e)
                return e == -ENOENT || e == -ENOTDIR ? 0 : e;
        published_sort_out(*ret, ret_n, path, mistakes);
        published_check_numbers(*ret, *ret_n, path, mistakes);
        return 0;
}

static int published_check_folder(const char *folder, const char *name, struct mistakes *mistakes) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        char path[2 * PATH_TEXT_MAX];
        struct error err = {0};
        size_t n = 0;
        int e;

        (void) snprintf(path, sizeof(path), "%s/%s", folder, name); /* fits: names are 255 bytes at most */
        e = folder_names(path, "", &names, &n, &err);
        if (e == -ENOTDIR) {
                if (strcmp(name, README) != 0)
                        published_tell_file(path, mistakes);
                return 0;
        }
        if (e == -ENOMEM)
                return e;
        if (e)
                file_error(path, e, mistakes->language, &mistakes->failure);
        else if (n > 0)
                mistakes_place(mistakes, path,
                               IN_LANGUAGE(mistakes->language,
                                           "these are published versions, and %s.avsc is missing: what was published keeps its name and stays readable",
                                           "dit zijn gepubliceerde versies, en %s.avsc ontbreekt: wat gepubliceerd is, houdt zijn naam en blijft leesbaar"),
                               name);
        return e;
}

static bool published_has_schema(const char *version, char *const *names, size_t n) {
        size_t length = strlen(version);

        for (size_t i = 0; i < n; i++) {
                if (strncmp(names[i], version, length) == 0 && strcmp(names[i] + length, ENDING) == 0)
                        return true;
        }
        return false;
}

int published_check_folders(const char *folder, char *const *names, size_t n, struct mistakes *mistakes) {
        CLEANUP(folder_names_free_p) char **folders = NULL;
        char path[PATH_TEXT_MAX];
        size_t count = 0;
        int e;

        assert(folder && names && mistakes);
        if (snprintf(path, sizeof(path), "%s/" PUBLISHED_FOLDER, folder) >= (int)sizeof(path))
                return 0; /* which was told where the versions were looked for */
        e = published_list(path, &folders, &count, mistakes);
        if (e == -ENOTDIR)
                published_tell_file(path, mistakes);
        if (e == -ENOENT || e == -ENOTDIR)
                return 0;
        for (size_t i = 0; i < count && e == 0; i++) {
                if (!published_has_schema(folders[i], names, n))
                        e = published_check_folder(path, folders[i], mistakes);
        }
        return e;
}

/* -- The fields -- */

struct comparing {
        const struct layout_field *now, *then;
        const char *path;
        struct mistakes *mistakes;
};

/* A default as it is written, for a sentence. */
static const char *default_text(const json_t *value, char ret[64]) {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

        (void) snprintf(ret, 64, "%s", text ? text : "…"); /* cut off where it is long */
        free(text);
        return ret;
}

static void published_check_default(const struct comparing *c) {
        char then[64], now[64];

        if (!c->then->has_default || (c->now->has_default && slot_equal(&c->now->default_value, &c->then->default_value)))
                return;
        default_text(c->then->field->default_value, then);
        if (!c->now->has_default)
                mistakes_place(c->mistakes, c->path,
                               IN_LANGUAGE(c->mistakes->language,
                                           "%s was published with the default %s and has none now: without it the field could never be dropped",
                                           "%s is gepubliceerd met de default %s en heeft er nu geen: zonder kan het veld nooit meer vervallen"),
                               c->then->name, then);
        else
                mistakes_place(c->mistakes, c->path,
                               IN_LANGUAGE(c->mistakes->language,
                                           "%s was published with the default %s and has %s now: that would change what was said by who wrote without the "
                                           "field",
                                           "%s is gepubliceerd met de default %s en heeft nu %s: dat verandert wat is gezegd door wie het veld niet schreef"),
                               c->then->name, then, default_text(c->now->field->default_value, now));
}

static void published_check_enum(const struct comparing *c) {
        const char *then = c->then->plain->default_symbol, *now = c->now->plain->default_symbol;

        if (!then || (now && strcmp(now, then) == 0))
                return;
        if (!now)
                mistakes_place(c->mistakes, c->path,
                               IN_LANGUAGE(c->mistakes->language,
                                           "the enum of %s was published with the default %s and has none now: without it it could never take a new symbol",
                                           "de enum van %s is gepubliceerd met de default %s en heeft er nu geen: zonder kan er nooit een waarde bij komen"),
                               c->then->name, then);
        else
                mistakes_place(c->mistakes, c->path,
                               IN_LANGUAGE(c->mistakes->language,
                                           "the enum of %s was published with the default %s and has %s now: readers would take an unknown symbol for "
                                           "different things",
                                           "de enum van %s is gepubliceerd met de default %s en heeft nu %s: lezers zouden een onbekende waarde "
                                           "verschillend opvatten"),
                               c->then->name, then, now);
}

static void published_check_name(const struct comparing *c) {
        const struct schema *then = c->then->plain, *now = c->now->plain;

        if ((then->kind == SCHEMA_ENUM || then->kind == SCHEMA_FIXED) && strcmp(now->name, then->name) != 0)
                mistakes_place(c->mistakes, c->path,
                               IN_LANGUAGE(c->mistakes->language, "the type of %s was published as %s and is called %s now",
                                           "het type van %s is gepubliceerd als %s en heet nu %s"),
                               c->then->name, then->name, now->name);
}

static bool field_is_called(const struct layout_field *f, const char *name) {
        const json_t *list = json_object_get(f->field->properties, "aliases"), *item;
        size_t i;

        json_array_foreach(list, i, item) {
                if (strcmp(json_string_value(item), name) == 0)
                        return true;
        }
        return strcmp(f->name, name) == 0;
}

static void published_check_aliases(const struct comparing *c) {
        const json_t *list = json_object_get(c->then->field->properties, "aliases"), *item;
        size_t i;

        json_array_foreach(list, i, item) {
                if (!field_is_called(c->now, json_string_value(item)))
                        mistakes_place(c->mistakes, c->path,
                                       IN_LANGUAGE(c->mistakes->language,
                                                   "%s was published with the alias %s and has it no more: what was written by that name would not be found",
                                                   "%s is gepubliceerd met de alias %s en heeft die niet meer: wat onder die naam is geschreven, wordt niet "
                                                   "gevonden"),
                                       c->then->name, json_string_value(item));
        }
}

void published_check(const struct layout *current, const struct layout *published, const char *path, struct mistakes *mistakes) {
        int taken[LAYOUT_SLOTS_MAX];

        assert(current && published && path && mistakes);
        match_fields(schema_root(published->file), schema_root(current->file), taken);
        for (size_t i = 0; i < published->n; i++) {
                const struct comparing c = {.then = &published->fields[i], .now = &current->fields[taken[i] < 0 ? 0 : taken[i]], .path = path,
                                            .mistakes = mistakes};

                if (taken[i] < 0)
                        continue;
                if (c.now->type != c.then->type) {
                        mistakes_place(mistakes, path,
                                       IN_LANGUAGE(mistakes->language, "%s was published as %s and is %s now", "%s is gepubliceerd als %s en is nu %s"),
                                       c.then->name, layout_type_word(c.then->type), layout_type_word(c.now->type));
                        continue;
                }
                published_check_default(&c);
                published_check_enum(&c);
                published_check_name(&c);
                published_check_aliases(&c);
        }
}
