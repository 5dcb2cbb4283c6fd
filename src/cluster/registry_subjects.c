/* SPDX-License-Identifier: EUPL-1.2 */

/* A subject is looked at, made, and looked at again. */

#include "cluster/registry_subjects.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"

#define PATH_BYTES_MAX 4096

static void subject_name(const struct registry_subjects *s, const struct event_type *type, char ret[REGISTRY_SUBJECT_MAX]) {
        if (s->config->naming == REGISTRY_BY_RECORD)
                (void) snprintf(ret, REGISTRY_SUBJECT_MAX, "%s", type->layout->name);
        else
                (void) snprintf(ret, REGISTRY_SUBJECT_MAX, "%s%s-value", s->prefix, type->name);
}

/* One request about a subject: "/subjects/NAME/versions" of "/subjects/", "/versions". Takes @body over. */
static int subject_ask(const struct registry_subjects *s, const char *method, const char *before, const char *name, const char *behind, json_t *body,
                       json_t **ret, struct error *err) {
        CLEANUP(buffer_done) struct buffer path = BUFFER_INIT(PATH_BYTES_MAX);
        int r;

        buffer_add_text(&path, before);
        registry_path_add(&path, name);
        buffer_add_text(&path, behind);
        r = path.failed ? -ENOMEM : registry_client_ask(s->client, method, buffer_text(&path), body, ret, err);
        json_decref(body);
        return r == REGISTRY_E_NO_PAGE ? REGISTRY_E_AWAY : r;
}

static json_t *subject_body(const struct event_type *type) {
        return json_pack("{s:s}", "schema", schema_json(type->file));
}

/* Whether what stands there is ours, by its fingerprint. */
static int subject_compare(const struct event_type *type, const json_t *served, struct registry_subject *ret, struct error *err) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;
        const char *text = json_string_value(json_object_get(served, "schema"));
        json_int_t id = json_integer_value(json_object_get(served, "id"));
        json_t *theirs, *ours;
        struct error why;

        if (!text || id < 1 || id > UINT32_MAX || schema_parse(ret->name, text, strlen(text), LANGUAGE_EN, &file, &why) ||
            schema_fingerprint(file) != schema_fingerprint(type->file)) {
                error_set(err, "under the subject %s the registry has another schema as ours; look what stands between", ret->name);
                return REGISTRY_E_REFUSED;
        }
        theirs = json_loads(text, 0, NULL);
        ours = json_loads(schema_json(type->file), 0, NULL);
        ret->id = (uint32_t)id;
        ret->older = !json_equal(theirs, ours);
        json_decref(theirs);
        json_decref(ours);
        return 0;
}

int registry_subject_look(const struct registry_subjects *s, const struct event_type *type, struct registry_subject *ret, struct error *err) {
        json_t *served = NULL;
        const char *level;
        int r;

        *ret = (struct registry_subject){0};
        subject_name(s, type, ret->name);
        r = subject_ask(s, "GET", "/config/", ret->name, "", NULL, &served, err);
        if (r && r != REGISTRY_E_ABSENT)
                return r;
        level = r == 0 ? json_string_value(json_object_get(served, "compatibilityLevel")) : NULL;
        ret->guarded = level && strcmp(level, REGISTRY_LEVEL) == 0;
        json_decref(served);
        served = NULL;
        r = subject_ask(s, "POST", "/subjects/", ret->name, "", subject_body(type), &served, err);
        if (r == 0)
                r = subject_compare(type, served, ret, err);
        json_decref(served);
        return r == REGISTRY_E_ABSENT ? 0 : r;
}

/* Return: also REGISTRY_E_ABSENT: some registries guard no subject that there is not yet. */
static int subject_guard(const struct registry_subjects *s, const struct registry_subject *subject, struct error *err) {
        json_t *answer = NULL;
        int r = subject_ask(s, "PUT", "/config/", subject->name, "", json_pack("{s:s}", "compatibility", REGISTRY_LEVEL), &answer, err);

        json_decref(answer);
        return r;
}

int registry_subject_register(const struct registry_subjects *s, const struct event_type *type, struct registry_subject *subject, struct error *err) {
        json_t *answer = NULL;
        int r = subject->guarded ? 0 : subject_guard(s, subject, err);
        bool late = r == REGISTRY_E_ABSENT;

        if (r && !late)
                return r;
        if (subject->id == 0) {
                r = subject_ask(s, "POST", "/subjects/", subject->name, "/versions", subject_body(type), &answer, err);
                json_decref(answer);
                if (r) {
                        error_prefix(err, "%s", subject->name);
                        return r == REGISTRY_E_ABSENT ? REGISTRY_E_REFUSED : r;
                }
        }
        r = late ? subject_guard(s, subject, err) : 0;
        if (r == 0)
                r = registry_subject_look(s, type, subject, err);
        if (r == 0 && (subject->id == 0 || !subject->guarded)) {
                error_set(err, "the registry took %s and does not show it", subject->name);
                r = REGISTRY_E_REFUSED;
        }
        return r == REGISTRY_E_ABSENT ? REGISTRY_E_REFUSED : r;
}
