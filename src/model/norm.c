/* SPDX-License-Identifier: EUPL-1.2 */

/* What a norm refers to: the one table of keys, and the one visitor that goes by it. */

#include "model/norm.h"

#include <assert.h>
#include <stddef.h>

#include "model/protocol.h"

const char *const each_words[EACH_PART + 1] = {
        [EACH_NONE] = "", [EACH_MUNICIPALITY] = "municipality", [EACH_GI] = "gi", [EACH_PARTNER] = "partner", [EACH_PART] = "part",
};

const char *const key_mapping_names[KEY_MAPPINGS][LANGUAGES] = {
        [KEYS_PROTOCOL] = {"a protocol", "een protocol"}, [KEYS_VALID] = {"valid", "valid"},
        [KEYS_PARTNER] = {"a partner", "een partner"},    [KEYS_ROUTE] = {"a route", "een route"},
        [KEYS_NORM] = {"a norm", "een norm"},             [KEYS_BASIS] = {"basis", "basis"},
        [KEYS_LIMIT] = {"a limit", "een limiet"},         [KEYS_QUOTA] = {"quota", "quota"},
        [KEYS_NOT_BEFORE] = {"not_before", "not_before"}, [KEYS_REMINDER] = {"a reminder", "een herinnering"},
        [KEYS_RUNG] = {"a rung", "een trede"},
};

const struct protocol_key protocol_keys[] = {
#define KEY(mapping, word, meaning) {KEYS_##mapping, #word, meaning, FORM_NONE, 0},
#define REFERENCE(mapping, word, form, member, meaning) {KEYS_##mapping, #word, meaning, FORM_##form, offsetof(struct norm, member)},
#include "model/protocol_key.def"
#undef KEY
#undef REFERENCE
};
const size_t n_protocol_keys = ELEMENTS(protocol_keys);

struct norm_visiting {
        const struct norm *norm;
        const struct event_types *types;
        const struct protocol_key *key; /* at which it is */
        norm_visitor *visit;
        void *ctx;
};

static int visit_type(const struct norm_visiting *v, const struct event_type *type, const struct conditions *when, bool named) {
        const struct norm_reference reference = {.key = v->key, .type = type, .when = when, .named = named};

        return type ? v->visit(v->ctx, &reference) : 0;
}

static int visit_conditions(const struct norm_visiting *v, const struct conditions *when) {
        int r = 0;

        for (size_t i = 0; i < when->n && r == 0; i++) {
                if (when->items[i].subject != CONDITION_SELF)
                        r = visit_type(v, when->items[i].type, NULL, true);
        }
        return r;
}

static int visit_event(const struct norm_visiting *v, const struct event_ref *ref) {
        return visit_type(v, ref->type, &ref->when, true);
}

static int visit_events(const struct norm_visiting *v, const struct event_refs *refs) {
        int r = 0;

        for (size_t i = 0; i < refs->n && r == 0; i++)
                r = visit_event(v, &refs->items[i]);
        return r;
}

static int visit_limits(const struct norm_visiting *v) {
        int r = 0;

        for (size_t i = 0; i < v->norm->n_limits && r == 0; i++)
                r = visit_event(v, &v->norm->limits[i].event);
        return r;
}

/* A field of the starting fact says whom a role means. */
static int visit_roles(const struct norm_visiting *v, const struct roles *roles) {
        int r = 0;

        for (size_t i = 0; i < roles->n && r == 0; i++) {
                if (roles->items[i].kind == ROLE_FIELD)
                        r = visit_type(v, roles->items[i].type, &v->norm->when, true);
        }
        return r;
}

static int visit_reminders(const struct norm_visiting *v) {
        int r = 0;

        for (size_t i = 0; i < v->norm->n_reminders && r == 0; i++)
                r = visit_roles(v, &v->norm->reminders[i].to);
        return r;
}

static int visit_rungs(const struct norm_visiting *v) {
        int r = 0;

        for (size_t i = 0; i < v->norm->n_rungs && r == 0; i++)
                r = visit_conditions(v, &v->norm->rungs[i].when) ?: visit_roles(v, &v->norm->rungs[i].to);
        return r;
}

static int visit_versions(const struct norm_visiting *v) {
        const struct norm_reference reference = {.key = v->key};

        return v->norm->repeats ? v->visit(v->ctx, &reference) : 0;
}

static int visit_key(const struct norm_visiting *v) {
        const struct norm *norm = v->norm;
        const void *member = (const char *)norm + v->key->offset;

        switch (v->key->form) {
        case FORM_NONE:
                return 0;
        case FORM_START:
                return visit_type(v, norm->starts.type, &norm->when, true);
        case FORM_CONDITIONS:
                return visit_conditions(v, member);
        case FORM_EVENT:
                return visit_event(v, member);
        case FORM_EVENTS:
                return visit_events(v, member);
        case FORM_LIMITS:
                return visit_limits(v);
        case FORM_RUNGS:
                return visit_rungs(v);
        case FORM_REMINDERS:
                return visit_reminders(v);
        case FORM_ROLES:
                return visit_roles(v, member);
        case FORM_INSTANCE:
                return norm->per_case || norm->per >= 0 ? visit_type(v, norm->starts.type, NULL, false) : 0;
        case FORM_VERSIONS:
                return visit_versions(v);
        case FORM_AGREEMENTS:
                return norm->sooner ? visit_type(v, event_types_known(v->types, TYPE_TERM_AGREED), NULL, false) : 0;
        case FORM_ACKNOWLEDGEMENTS:
                return norm->protocol->has_hold ? visit_type(v, event_types_known(v->types, TYPE_ALERT_ACKNOWLEDGED), NULL, false) : 0;
        }
        assert(!"a form that is not in the list");
        return 0;
}

int norm_visit(const struct norm *norm, const struct event_types *types, const struct protocol_key *without, norm_visitor *visit, void *ctx) {
        struct norm_visiting v = {.norm = norm, .types = types, .visit = visit, .ctx = ctx};
        int r = 0;

        assert(norm->protocol && visit);
        for (size_t i = 0; i < n_protocol_keys && r == 0; i++) {
                v.key = &protocol_keys[i];
                if (v.key != without)
                        r = visit_key(&v);
        }
        return r;
}

static int norm_add_named(void *ctx, const struct norm_reference *reference) {
        *(size_t *)ctx += reference->named;
        return 0;
}

size_t norm_count_named(const struct norm *norm, const struct event_types *types, const struct protocol_key *without) {
        size_t n = 0;

        if (norm_visit(norm, types, without, norm_add_named, &n))
                assert(!"counting does not fail");
        return n;
}

const char *role_dutch(const char *name) {
        static const struct { const char *name, *dutch; } built_in[] = {
                {ROLE_WORD_GI, "GI"}, {ROLE_WORD_GIS, "GI's"}, {"municipality", "gemeente"},  {"previous-municipality", "vorige gemeente"},
                {"operators", "beheer"}, {"local-team", "lokaal team"}, {"management", "directie"}, {"region", "regio"},
                {"partner", "partner"}, {"part", "deelregio"},
        };

        for (size_t i = 0; i < ELEMENTS(built_in); i++) {
                if (strcmp(built_in[i].name, name) == 0)
                        return built_in[i].dutch;
        }
        return name;
}
