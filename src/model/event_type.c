/* SPDX-License-Identifier: EUPL-1.2 */

/* The event types that were read: what is known of each, and by which program a body is decoded. */

#include "model/event_type.h"

#include <string.h>

#include "model/event_type_read.h"

const char *const link_fields[LINKS] = {
        [LINK_MEASURE] = "measure_id", [LINK_REFERRAL] = "referral_id", [LINK_OBSTRUCTION] = "obstruction_id",
        [LINK_INCIDENT] = "incident_id", [LINK_CONCERN] = "concern_id",
};

const char *const known_field_names[KNOWN_FIELDS] = {
        [FIELD_MUNICIPALITY] = "municipality", [FIELD_GI] = "gi", [FIELD_NORM] = "norm", [FIELD_INSTANCE] = "instance",
        [FIELD_UNTIL] = "until", [FIELD_BASIS] = "basis", [FIELD_DUE_DATE] = "due_date", [FIELD_ALERT_ID] = "alert_id",
        [FIELD_WITHDRAWN] = "withdrawn", [FIELD_ORGANISATION] = "organisation", [FIELD_PARTNER] = "partner",
        [FIELD_PROTOCOL] = "protocol", [FIELD_ROLE] = "role", [FIELD_RUNG] = "rung", [FIELD_STAGE] = "stage",
        [FIELD_REASON] = "reason", [FIELD_TEXT] = "text",
};

struct event_types *event_types_free(struct event_types *types) {
        if (!types)
                return NULL;
        table_done(&types->by_name);
        table_done(&types->others);
        table_done(&types->events);
        table_done(&types->rows);
        for (size_t i = 0; i < types->programs.n; i++)
                program_free(types->programs.items[i]);
        for (size_t i = 0; i < types->layouts.n; i++)
                layout_free(types->layouts.items[i]);
        for (size_t i = 0; i < types->files.n; i++)
                schema_free(types->files.items[i]);
        vector_done(&types->programs);
        vector_done(&types->layouts);
        vector_done(&types->files);
        vector_done(&types->all);
        arena_free(types->arena);
        free(types);
        return NULL;
}

size_t event_types_count(const struct event_types *types) {
        return types->all.n;
}

const struct event_type *event_types_at(const struct event_types *types, size_t index) {
        return types->all.items[index];
}

const struct event_type *event_types_find(const struct event_types *types, struct text name) {
        return table_get(&types->by_name, name.s, name.n);
}

const struct event_type *event_types_known(const struct event_types *types, enum known_type known) {
        return known == TYPE_OTHER ? NULL : types->known[known];
}

const struct layout *event_types_other(const struct event_types *types, const char *name) {
        return table_get(&types->others, name, strlen(name));
}

void event_types_nearest(const struct event_types *types, struct nearest *nearest) {
        for (size_t i = 0; i < types->all.n; i++) {
                if (!types->all.items[i]->output)
                        nearest_try(nearest, types->all.items[i]->name);
        }
}

static bool find_decoder(const struct table *table, uint64_t fingerprint, const struct event_type **ret_type, const struct program **ret_program) {
        const struct decoder *decoder = table_get(table, &fingerprint, sizeof(fingerprint));

        if (!decoder)
                return false;
        *ret_type = decoder->type;
        *ret_program = decoder->program;
        return true;
}

bool event_types_decoder(const struct event_types *types, uint64_t fingerprint, const struct event_type **ret_type, const struct program **ret_program) {
        return find_decoder(&types->events, fingerprint, ret_type, ret_program);
}

bool event_types_row_decoder(const struct event_types *types, uint64_t fingerprint, const struct event_type **ret_type, const struct program **ret_program) {
        return find_decoder(&types->rows, fingerprint, ret_type, ret_program);
}

bool event_type_is_date(const struct event_type *type, int slot) {
        return slot >= 0 && type->layout->fields[slot].type == LAYOUT_DATE;
}

/* Which strings name organisations follows from the names of the fields, as their types do. */
bool event_type_is_organisation(const struct event_type *type, int slot) {
        static const char *const whole[] = {"source", "gi", "provider", "municipality", "organisation", "partner"};
        static const char ending[] = "_municipality";
        const struct layout_field *field = &type->layout->fields[slot];
        size_t n = strlen(field->name);

        if (field->type != LAYOUT_STRING)
                return false;
        for (size_t i = 0; i < ELEMENTS(whole); i++) {
                if (strcmp(field->name, whole[i]) == 0)
                        return true;
        }
        return n >= sizeof(ending) && strcmp(field->name + n - (sizeof(ending) - 1), ending) == 0;
}
