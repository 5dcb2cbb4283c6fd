/* SPDX-License-Identifier: EUPL-1.2 */

/* Everything that is configured: read file by file, so that one run finds all mistakes, and indexed by event type. */

#include "model/config.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/vector.h"
#include "model/protocols.h"

#define CONFIG_ARENA_MAX ((size_t)256 * 1024 * 1024)
#define PATH_TEXT_MAX 4096

struct config *config_free(struct config *config) {
        if (!config)
                return NULL;
        arena_free(config->arena);
        organisations_free(config->organisations);
        event_types_free(config->types);
        calendar_free(config->calendar);
        free(config);
        return NULL;
}

static const char *config_path(const char *folder, const char *name, char ret[PATH_TEXT_MAX], struct mistakes *mistakes) {
        if (snprintf(ret, PATH_TEXT_MAX, "%s/%s", folder, name) < PATH_TEXT_MAX)
                return ret;
        mistakes_place(mistakes, folder, IN_LANGUAGE(mistakes->language, "the name of this folder is too long", "de naam van deze map is te lang"));
        return NULL;
}

/* -EINVAL is a mistake that has been told; all other errors end the reading. */
static int config_go_on(int e) {
        return e == -EINVAL ? 0 : e;
}

static int config_read_version(const char *path, unsigned *ret, struct mistakes *mistakes) {
        CLEANUP(cleanup_free) char *text = NULL;
        struct error err = {0};
        int64_t version;
        size_t n;
        int e = file_read(path, &text, &n, &err);

        *ret = 1;
        if (e == -ENOENT)
                return 0;
        if (e) {
                mistakes->failure = err;
                return e;
        }
        while (n > 0 && strchr(" \t\r\n", text[n - 1]))
                n--;
        if (text_to_int64((struct text){text, n}, &version) && version >= 1 && version <= INT32_MAX) {
                *ret = (unsigned)version;
                return 0;
        }
        mistakes_place(mistakes, path,
                       IN_LANGUAGE(mistakes->language, "must hold one number from 1 on, which is raised with every change of the configuration",
                                   "hier hoort één getal vanaf 1 te staan, dat bij iedere wijziging van de configuratie omhoog gaat"));
        return 0;
}

/* --- what starts from, and what copies, an event of a type --- */

static void config_count(const struct config *config, struct config_index *index, size_t *region_norms) {
        for (size_t i = 0; i < config->protocols.n; i++) {
                const struct protocol *p = config->protocols.items[i];

                for (size_t j = 0; j < p->n_norms; j++) {
                        if (p->norms[j].starts_protocol)
                                (*region_norms)++;
                        else
                                index[p->norms[j].starts.type->index].n_norms++;
                }
                for (size_t j = 0; j < p->n_routes; j++)
                        index[p->routes[j].type->index].n_routes++;
        }
}

static void config_fill(struct config *config, struct config_index *index) {
        for (size_t i = 0; i < config->protocols.n; i++) {
                const struct protocol *p = config->protocols.items[i];

                for (size_t j = 0; j < p->n_norms; j++) {
                        const struct norm *norm = &p->norms[j];
                        struct config_index *of = norm->starts_protocol ? NULL : &index[norm->starts.type->index];

                        if (of)
                                of->norms[of->n_norms++] = norm;
                        else
                                config->region_norms[config->n_region_norms++] = norm;
                }
                for (size_t j = 0; j < p->n_routes; j++) {
                        struct config_index *of = &index[p->routes[j].type->index];

                        of->routes[of->n_routes++] = &p->routes[j];
                }
        }
}

static int config_make_index(struct config *config) {
        size_t n = event_types_count(config->types), region_norms = 0;
        struct config_index *index = arena_calloc(config->arena, n ? n : 1, sizeof(*index));

        if (!index)
                return -ENOMEM;
        config_count(config, index, &region_norms);
        config->region_norms = arena_calloc(config->arena, region_norms + 1, sizeof(*config->region_norms));
        if (!config->region_norms)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                index[i].norms = arena_calloc(config->arena, index[i].n_norms + 1, sizeof(*index[i].norms));
                index[i].routes = arena_calloc(config->arena, index[i].n_routes + 1, sizeof(*index[i].routes));
                if (!index[i].norms || !index[i].routes)
                        return -ENOMEM;
                index[i].n_norms = index[i].n_routes = 0;
        }
        config_fill(config, index);
        config->index = index;
        return 0;
}

/* Where a part of the configuration stands: in its folder, unless something stands in for it. */
static const char *config_part_path(const struct config_stand_in *stand_in, int part, const char *folder, const char *name, char ret[PATH_TEXT_MAX],
                                    struct mistakes *mistakes) {
        return stand_in && (int)stand_in->part == part ? stand_in->path : config_path(folder, name, ret, mistakes);
}

static int config_read_all(struct config *config, const char *folder, const char *schemas_dir, const struct config_stand_in *stand_in,
                           struct mistakes *mistakes) {
        const char *protocol = stand_in && stand_in->part == CONFIG_PART_PROTOCOL ? stand_in->path : NULL;
        char text[PATH_TEXT_MAX];
        const char *path;
        int e = 0;

        if ((path = config_part_path(stand_in, CONFIG_PART_VERSION, folder, "version", text, mistakes)))
                e = config_read_version(path, &config->version, mistakes);
        if (e == 0 && (path = config_part_path(stand_in, CONFIG_PART_CALENDAR, folder, "calendar.yaml", text, mistakes)))
                e = config_go_on(calendar_read(path, &config->calendar, mistakes));
        if (e == 0 && (path = config_part_path(stand_in, CONFIG_PART_ORGANISATIONS, folder, "organisations.yaml", text, mistakes)))
                e = config_go_on(organisations_read(path, &config->organisations, mistakes));
        if (e == 0)
                e = config_go_on(event_types_read(schemas_dir, &config->types, mistakes));
        if (e == 0 && config->types)
                event_types_check_outputs(config->types, schemas_dir, mistakes);
        /* Without the words of a protocol, every one of them would be a mistake. */
        if (e == 0 && config->types && config->organisations && (path = config_path(folder, "protocols", text, mistakes)))
                e = config_go_on(protocols_read(path, protocol, config->types, config->organisations, config->arena, &config->protocols, mistakes));
        return e;
}

int config_read_with(const char *config_dir, const char *schemas_dir, const struct config_stand_in *stand_in, struct config **ret,
                     struct mistakes *mistakes) {
        CLEANUP(config_free_p) struct config *config = calloc(1, sizeof(*config));
        size_t before = mistakes->n;
        int e;

        assert(config_dir && schemas_dir);
        *ret = NULL;
        if (!config)
                return error_trace(-ENOMEM, &mistakes->failure);
        e = arena_new(&config->arena, CONFIG_ARENA_MAX);
        if (e)
                return error_trace(e, &mistakes->failure);
        e = config_read_all(config, config_dir, schemas_dir, stand_in, mistakes);
        if (e)
                return error_trace(e, &mistakes->failure);
        if (mistakes->n != before)
                return -EINVAL;
        e = stand_in ? 0 : imprint_read(config_dir, schemas_dir, config->arena, &config->imprint, mistakes);
        if (e)
                return error_trace(e, &mistakes->failure);
        e = config_make_index(config);
        if (e)
                return error_trace(e, &mistakes->failure);
        *ret = TAKE(config);
        return 0;
}

int config_read(const char *config_dir, const char *schemas_dir, struct config **ret, struct mistakes *mistakes) {
        return config_read_with(config_dir, schemas_dir, NULL, ret, mistakes);
}
