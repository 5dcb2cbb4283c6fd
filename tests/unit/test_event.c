/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a schema is all that an event type needs, and events are checked as the contract says.
 * Method: the project's own schemas with the organisations of the examples; tables of small changes to one
 * good event; schemas written at run time.
 */

#include <errno.h>
#include <inttypes.h>

#include "avro/canonical.h"
#include "base/file.h"
#include "base/json.h"
#include "engine/facts.h"
#include "model/event_json.h"
#include "model/row_schema.h"
#include "model_fixture.h"

#define ARENA_MAX ((size_t)1 << 20)

static struct organisations *orgs;
static struct event_types *types;
static struct arena *arena;

static void setup(void) {
        struct mistakes mistakes = MISTAKES_INIT;
        char path[SCRATCH_PATH];

        ck_assert_int_eq(arena_new(&arena, ARENA_MAX), 0);
        ck_assert_int_eq(organisations_read(project_path("tests/stories/examples/config/organisations.yaml", path), &orgs, &mistakes), 0);
        ck_assert_msg(event_types_read(project_path("schemas", path), &types, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
}

static void teardown(void) {
        types = event_types_free(types);
        orgs = organisations_free(orgs);
        arena = arena_free(arena);
}

/* --- event types --- */

START_TEST(test_what_the_schemas_say) {
        const struct event_type *started = event_types_find(types, text_of("measure-started"));
        const struct event_type *residence = event_types_find(types, text_of("residence-changed"));
        const struct event_type *meeting = event_types_find(types, text_of("meeting-held"));
        const struct event_type *due = event_types_known(types, TYPE_PLAN_DUE);

        ck_assert_ptr_eq(started, event_types_known(types, TYPE_MEASURE_STARTED));
        ck_assert_ptr_eq(event_types_at(types, started->index), started);
        ck_assert_int_eq(started->identity, layout_slot(started->layout, "measure_id"));
        ck_assert_int_eq(started->identity, started->links[LINK_MEASURE]);
        ck_assert_int_eq(started->links[LINK_REFERRAL], -1);
        ck_assert_int_eq(started->own_date, layout_slot(started->layout, "informed_date"));
        ck_assert_uint_eq(started->publishers, 1u << KIND_GI);
        ck_assert_int_eq(started->own[KIND_GI], started->fields[FIELD_GI]);
        ck_assert_uint_eq(started->personal, (uint64_t)1 << layout_slot(started->layout, "birth_date") | (uint64_t)1 << layout_slot(started->layout,
                "reference"));
        ck_assert(event_type_is_organisation(started, started->fields[FIELD_MUNICIPALITY]) && event_type_is_organisation(started, SLOT_SOURCE));
        ck_assert(!event_type_is_organisation(started, layout_slot(started->layout, "kind")));
        ck_assert(event_type_is_date(started, layout_slot(started->layout, "ends_on")) && !event_type_is_date(started, SLOT_OCCURRED_AT));

        ck_assert_int_eq(residence->own_date, layout_slot(residence->layout, "valid_from"));
        ck_assert_int_eq(residence->own[KIND_MUNICIPALITY], residence->fields[FIELD_MUNICIPALITY]);
        ck_assert_int_eq(residence->own[KIND_GI], -1);
        ck_assert(meeting->region && !started->region);
        ck_assert_uint_eq(meeting->publishers, (1u << KINDS) - 1);
        ck_assert(due->output && due->publishers == 0);
        ck_assert_int_eq(event_types_known(types, TYPE_ALERT_ACKNOWLEDGED)->own_date, -1);
        ck_assert_ptr_nonnull(event_types_other(types, "deliveries"));
        ck_assert_ptr_null(event_types_find(types, text_of("deliveries")));
        for (size_t i = 1; i < event_types_count(types); i++)
                ck_assert_int_lt(strcmp(event_types_at(types, i - 1)->name, event_types_at(types, i)->name), 0);
}
END_TEST

/* The rows outlive every version: these figures stand in state topics and may never change. */
START_TEST(test_rows_are_derived_and_their_fingerprints_stand) {
        const struct event_type *type = event_types_find(types, text_of("measure-started")), *found;
        const struct program *program;

        ck_assert_str_eq(type->row->name, "nl.ketenwacht.row.MeasureStarted");
        ck_assert_uint_eq(type->row->n, type->layout->n - ROW_SKIPPED + ROW_ADDED);
        ck_assert_uint_eq(row_copies_slot(type), type->row->n - 2);
        ck_assert_str_eq(type->row->fields[row_copies_slot(type)].name, "copies");
        ck_assert_str_eq(type->row->fields[row_told_at_slot(type)].name, "told_at");
        ck_assert_int_eq(type->row->fields[row_told_at_slot(type)].type, LAYOUT_TIMESTAMP);
        for (size_t i = ROW_SKIPPED; i < type->layout->n; i++) {
                const struct layout_field *event = &type->layout->fields[i], *row = &type->row->fields[i - ROW_SKIPPED];

                ck_assert_str_eq(event->name, row->name);
                ck_assert_str_eq(event->field->doc, row->field->doc);
                ck_assert_int_eq(event->nullable, row->nullable);
                ck_assert_int_eq(event->type == LAYOUT_UUID ? LAYOUT_UUID_FIXED : event->type, row->type);
                ck_assert_uint_eq(event->n_symbols, row->n_symbols);
                ck_assert_int_eq(json_is_true(schema_property(row->field->properties, "ketenwacht.personal")), (int)(type->personal >> i & 1));
        }
        ck_assert_uint_eq(type->row->fingerprint, UINT64_C(7765225834891364889));
        ck_assert(event_types_row_decoder(types, type->row->fingerprint, &found, &program) && found == type);
        ck_assert(event_types_decoder(types, type->layout->fingerprint, &found, &program) && found == type);
        ck_assert(!event_types_decoder(types, type->row->fingerprint, &found, &program));
}
END_TEST

/* An event becomes its row by its slots alone, and comes back. */
START_TEST(test_event_through_its_row) {
        static const char json[] = "{\"event_id\":\"710ed87f-df94-5dfb-9028-3f31e9f6091b\",\"case_id\":\"b8244458-a76f-553d-a59f-dba100c12ab7\","
                "\"source\":\"gi-duin\","
                                   "\"occurred_at\":\"2024-09-02T10:00:00+02:00\",\"recorded_at\":\"2024-09-02T10:00:00+02:00\","
                                   "\"date\":\"2024-09-02\",\"kind\":\"JOINT\","
                                   "\"concern_id\":\"860f31b5-d24e-5ec8-bebd-7c58ca9c2ac8\",\"with_family\":true,\"with_network\":false,"
                                   "\"with_professionals\":true,"
                                   "\"with_local_team\":true,\"roles_named\":true}";
        const struct event_type *type = event_types_find(types, text_of("plan-made")), *found;
        const struct program *program;
        struct buffer b = BUFFER_INIT(4096);
        struct slot row[LAYOUT_SLOTS_MAX], back[LAYOUT_SLOTS_MAX];
        const char *field;
        struct event event;
        struct error err;
        json_t *object = json_loads(json, 0, NULL);

        ck_assert_msg(event_from_json(type, orgs, object, NULL, arena, &event, &field, &err) == REFUSAL_NONE, "%s", err.text);
        memcpy(row, event.slots + ROW_SKIPPED, (type->layout->n - ROW_SKIPPED) * sizeof(*row));
        row[row_copies_slot(type)] = (struct slot){.kind = SLOT_STRING, .s = text_of("gm0375 municipality")};
        row[row_told_at_slot(type)] = (struct slot){.kind = SLOT_NULL};
        record_encode(type->row, row, &b);
        ck_assert(event_types_row_decoder(types, type->row->fingerprint, &found, &program));
        ck_assert_int_eq(record_decode(program, b.bytes, b.n, back, &err), 0);
        for (size_t i = 0; i < type->row->n; i++)
                ck_assert(slot_equal(&row[i], &back[i]));
        json_decref(object);
        buffer_done(&b);
}
END_TEST

#define ENVELOPE \
        "{\"name\":\"event_id\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"}},{\"name\":\"case_id\",\"type\":{\"type\":\"string\"," \
        "\"logicalType\":\"uuid\"}}," \
        "{\"name\":\"source\",\"type\":\"string\"},{\"name\":\"occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}}," \
        "{\"name\":\"recorded_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}}," \
        "{\"name\":\"replaces\",\"type\":[\"null\",{\"type\":\"string\",\"logicalType\":\"uuid\"}],\"default\":null}"
#define UUID(name) "{\"name\":\"" name "\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"}}"
#define DATE(name) "{\"name\":\"" name "\",\"type\":{\"type\":\"int\",\"logicalType\":\"date\"}}"
#define UUID_TYPE "{\"type\":\"string\",\"logicalType\":\"uuid\"}"
#define DATE_TYPE "{\"type\":\"int\",\"logicalType\":\"date\"}"
/* A field of which the schema says something. */
#define SAID(name, type, property, value) "{\"name\":\"" name "\",\"type\":" type ",\"ketenwacht." property "\":" value "}"
#define SCHEMA(properties, fields) \
        "{\"type\":\"record\",\"name\":\"TalkHeld\",\"namespace\":\"nl.ketenwacht.event\"," properties "\"fields\":[" ENVELOPE "," fields "]}"

#define RECORD(name, space, fields) \
        "{\"type\":\"record\",\"name\":\"" name "\",\"namespace\":\"" space "\",\"fields\":[" ENVELOPE "," fields "]}"

static const struct {
        const char *name, *schema, *mistake;
} bad_schemas[] = {
        {"talk-held.avsc", SCHEMA("\"ketenwacht.idenity\":\"talk_id\",", UUID("talk_id")),
         "talk-held.avsc: the record: no property is called 'ketenwacht.idenity' (did you mean 'ketenwacht.identity'?)"},
        {"talk-held.avsc", SCHEMA("\"ketenwacht.identity\":\"talk\",", UUID("talk_id")),
                 "talk-held.avsc: ketenwacht.identity: no field is called 'talk' (did you mean 'talk_id'?)"},
        {"talk-held.avsc", SCHEMA("\"ketenwacht.identity\":\"date\",", DATE("date")),
         "talk-held.avsc: ketenwacht.identity: date must be a uuid or a string of the event's own that is never null"},
        {"talk-held.avsc", SCHEMA("\"ketenwacht.publishers\":[\"gy\"],", DATE("date")),
                 "talk-held.avsc: ketenwacht.publishers: no kind of organisation is called 'gy' (did you mean 'gi'?); it can be "
                 "municipality, gi, provider, region, council, veilig-thuis, purchaser, inspectorate, operators, other"},
        {"talk-held.avsc", SCHEMA("\"ketenwacht.publishers\":[],", DATE("date")),
         "talk-held.avsc: ketenwacht.publishers must be a list of kinds of organisations; leave it out when any may publish this"},
        {"talk-held.avsc", SCHEMA("\"ketenwacht.own\":{\"gi\":\"gl\"},", "{\"name\":\"gi\",\"type\":\"string\"}"),
                 "talk-held.avsc: ketenwacht.own: no field is called 'gl' (did you mean 'gi'?)"},
        {"talk-held.avsc", SCHEMA("\"ketenwacht.own\":{\"gi\":\"date\"},", DATE("date")),
                 "talk-held.avsc: ketenwacht.own: date is not a string and cannot name an organisation"},
        {"talk-held.avsc", SCHEMA("\"ketenwacht.publishers\":[\"council\"],\"ketenwacht.own\":{\"gi\":\"gi\"},", "{\"name\":\"gi\",\"type\":\"string\"}"),
         "talk-held.avsc: ketenwacht.own: a gi may not publish this at all"},
        {"talk-held.avsc", SCHEMA("\"ketenwacht.ends\":\"talk-hold\",", DATE("date")),
         "talk-held.avsc: ketenwacht.ends must be a list of events; leave it out when this ends nothing"},
        {"talk-held.avsc", SCHEMA("\"ketenwacht.ends\":[\"talk-hell\"],", UUID("measure_id")),
         "talk-held.avsc: ketenwacht.ends: no event is called 'talk-hell' (did you mean 'talk-held'?)"},
        {"talk-held.avsc", SCHEMA("\"ketenwacht.ends\":[\"talk-held\"],", UUID("measure_id")),
         "talk-held.avsc: ketenwacht.ends: talk-held cannot end talk-held: a fact ends others, by an id that both types have"},
        {"talk-held.avsc", SCHEMA("", "{\"name\":\"note\",\"type\":\"string\",\"ketenwacht.personal\":true}"),
         "talk-held.avsc: note is personal, so it must be nullable: copies leave it out"},
        {"talk-held.avsc", SCHEMA("", "{\"name\":\"note\",\"type\":[\"null\",\"string\"],\"default\":null,\"ketenwacht.persoonlijk\":true}"),
         "talk-held.avsc: note: no property is called 'ketenwacht.persoonlijk' (did you mean 'ketenwacht.personal'?)"},
        {"talk-held.avsc", SCHEMA("", "{\"name\":\"measure_id\",\"type\":\"string\"}"), "talk-held.avsc: measure_id must be a uuid in every event that has it"},
        {"talk-held.avsc", SCHEMA("", "{\"name\":\"date\",\"type\":\"string\"}"), "talk-held.avsc: date must be a date in every event that has it"},
        {"talk-held.avsc", SCHEMA("", DATE("date") ",{\"name\":\"region\",\"type\":\"string\"}"),
         "talk-held.avsc: region must be a string and the first field after the envelope"},
        {"talk-help.avsc", SCHEMA("", DATE("date")),
                 "talk-help.avsc: the record of talk-help must be called nl.ketenwacht.event.TalkHelp, not nl.ketenwacht.event.TalkHeld"},
        /* What is no event and none of ketenwacht's own records would be nobody's. */
        {"talk-held.avsc", RECORD("TalkHeld", "nl.voorbeeld", DATE("date")),
         "talk-held.avsc: the record of talk-held must be called nl.ketenwacht.event.TalkHeld, not nl.voorbeeld.TalkHeld"},
        {"talk-held.avsc", RECORD("TalkHeld", "nl.ketenwacht.events", DATE("date")),
         "talk-held.avsc: the record of talk-held must be called nl.ketenwacht.event.TalkHeld, not nl.ketenwacht.events.TalkHeld"},
        {"talk-held.avsc", RECORD("TalkHeld", "", DATE("date")),
         "talk-held.avsc: the record of talk-held must be called nl.ketenwacht.event.TalkHeld, not TalkHeld"},
        {"audit.avsc", RECORD("Audit", "nl.ketenwacht.event", DATE("date")),
         "audit.avsc: the record of audit must be called nl.ketenwacht.audit.Audit, not nl.ketenwacht.event.Audit"},
        /* What Avro would pass over without a word. */
        {"talk-held.avsc", SCHEMA("", "{\"name\":\"note\",\"type\":[\"null\",\"string\"],\"defualt\":null}"),
         "talk-held.avsc: note: Avro knows no 'defualt' (did you mean 'default'?), and would pass over it"},
        {"talk-held.avsc", SCHEMA("", "{\"name\":\"visit\",\"type\":{\"type\":\"string\",\"logicaltype\":\"uuid\"}}"),
         "talk-held.avsc: visit: Avro knows no 'logicaltype' (did you mean 'logicalType'?), and would pass over it"},
        {"talk-held.avsc", SCHEMA("\"docs\":\"x\",", DATE("date")),
         "talk-held.avsc: the record: Avro knows no 'docs' (did you mean 'doc'?), and would pass over it"},
        {"talk-held.avsc", SCHEMA("", "{\"name\":\"note\",\"type\":[\"null\",{\"type\":\"string\",\"ketenwacht.personal\":true}],\"default\":null}"),
         "talk-held.avsc: note: 'ketenwacht.personal' stands on its type, where nobody looks: put it beside the name"},
        {"talk-held.avsc", SCHEMA("", "{\"name\":\"key\",\"type\":\"string\"}"),
         "talk-held.avsc: key: ketenwacht uses this name itself beside the fields; call the field something else"},
        /* An enum is called after its record and field, in its namespace. */
        {"talk-held.avsc", SCHEMA("", "{\"name\":\"room_kind\",\"type\":[\"null\",{\"type\":\"enum\",\"name\":\"RoomKind\",\"symbols\":[\"A\"]}],"
                                      "\"default\":null}"),
         "talk-held.avsc: room_kind: its enum must be called nl.ketenwacht.event.TalkHeldRoomKind, not nl.ketenwacht.event.RoomKind"},
        {"talk-held.avsc",
         SCHEMA("", "{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"TalkHeldKind\",\"namespace\":\"nl.voorbeeld\",\"symbols\":[\"A\"]}}"),
         "talk-held.avsc: kind: its enum must be called nl.ketenwacht.event.TalkHeldKind, not nl.voorbeeld.TalkHeldKind"},
        {"dead-letters.avsc", RECORD("DeadLetters", "nl.ketenwacht.event", DATE("date")),
         "dead-letters.avsc: an event cannot be called dead-letters: that is a topic of ketenwacht itself"},
        {"Talk.avsc", SCHEMA("", DATE("date")), "Talk.avsc: an event is called by lower-case words with hyphens: measure-started.avsc"},
        {"talk-held.avsc", "{\"type\":\"record\",\"name\":\"TalkHeld\",\"namespace\":\"nl.ketenwacht.event\",\"fields\":[" UUID("event_id") "," UUID("case_id")
         ",{\"name\":\"source\",\"type\":[\"null\",\"string\"],\"default\":null},{\"name\":\"occurred_at\",\"type\":{\"type\":\"long\","
         "\"logicalType\":\"timestamp-millis\"}},"
         "{\"name\":\"recorded_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},"
         "{\"name\":\"replaces\",\"type\":[\"null\",{\"type\":\"string\",\"logicalType\":\"uuid\"}],\"default\":null}]}",
         "talk-held.avsc: source of the envelope has another type"},
        {"talk-held.avsc", "\"string\"", "talk-held.avsc: the schema of an event must be a record"},
        {"talk-held.avsc", SCHEMA("\"ketenwacht.past\":1,", DATE("date")), "talk-held.avsc: the record: ketenwacht.past must be true or false"},
        {"talk-held.avsc", SCHEMA("\"ketenwacht.past\":true,", DATE("valid_from")),
         "talk-held.avsc: ketenwacht.past: what is valid from a day on decides about what is to come"},
        {"talk-held.avsc", SCHEMA("", SAID("kind", "\"string\"", "date", "true")), "talk-held.avsc: kind: ketenwacht.date: it is not a date"},
        {"talk-held.avsc", SCHEMA("", SAID("one", DATE_TYPE, "date", "true") "," SAID("two", DATE_TYPE, "date", "true")),
         "talk-held.avsc: two: ketenwacht.date: one is the own date of this event already"},
        {"talk-held.avsc", SCHEMA("", SAID("one", DATE_TYPE, "date", "1")), "talk-held.avsc: one: ketenwacht.date must be true or false"},
        {"talk-held.avsc", SCHEMA("", SAID("care_provider", "\"int\"", "organisation", "true")),
         "talk-held.avsc: care_provider: ketenwacht.organisation: only a string names an organisation"},
        {"talk-held.avsc", SCHEMA("", SAID("plan", "\"string\"", "outsiders", "true")),
         "talk-held.avsc: plan: ketenwacht.outsiders: it is not a field that names an organisation"},
        {"talk-held.avsc", SCHEMA("", SAID("plan_id", "\"string\"", "link", "\"plan\"")),
         "talk-held.avsc: plan_id: ketenwacht.link: facts join by a uuid of the event's own"},
        {"talk-held.avsc", SCHEMA("", SAID("plan_id", UUID_TYPE, "link", "true")),
         "talk-held.avsc: plan_id: ketenwacht.link must be the name by which facts join, as measure_id, or false"},
        {"talk-held.avsc", SCHEMA("", SAID("plan_id", UUID_TYPE, "link", "\"plan\"") "," SAID("other_id", UUID_TYPE, "link", "\"plan\"")),
         "talk-held.avsc: other_id: ketenwacht.link: two fields join as plan"},
};

START_TEST(test_bad_schemas) {
        struct scratch s = scratch_new();
        struct event_types *bad = NULL;
        struct mistakes mistakes = MISTAKES_INIT;

        scratch_write(&s, bad_schemas[_i].name, bad_schemas[_i].schema);
        ck_assert_int_eq(event_types_read(s.path, &bad, &mistakes), -EINVAL);
        assert_report(&s, &mistakes, bad_schemas[_i].mistake);
        ck_assert_ptr_null(bad);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

/* What others add for themselves is theirs, and an enum may stand at two fields; one that was published keeps its name. */
START_TEST(test_words_of_others_are_theirs) {
        static const char own[] = SCHEMA("\"connect.name\":\"x\",",
                                         "{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"TalkHeldKind\",\"symbols\":[\"A\"],\"notes\":\"y\"}},"
                                         "{\"name\":\"again\",\"type\":[\"null\",\"TalkHeldKind\"],\"default\":null,\"note\":\"z\"},"
                                         "{\"name\":\"text\",\"type\":{\"type\":\"string\",\"avro.java.string\":\"String\"}}");
        static const char published[] = SCHEMA("", "{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"Kind\",\"symbols\":[\"A\"]}}");
        struct scratch s = scratch_new();
        struct event_types *read = NULL;
        struct mistakes mistakes = MISTAKES_INIT;

        scratch_write(&s, "talk-held.avsc", own);
        ck_assert_msg(event_types_read(s.path, &read, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        read = event_types_free(read);
        scratch_folder(&s, "history");
        scratch_folder(&s, "history/talk-held");
        scratch_write(&s, "history/talk-held/1.avsc", published);
        scratch_write(&s, "talk-held.avsc", published);
        ck_assert_msg(event_types_read(s.path, &read, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        event_types_free(read);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

/* --- what the schema says of its fields, whatever they are called --- */

#define TALK                                                                                                                                         \
        SCHEMA("", UUID("measure_id") "," SAID("plan_id", UUID_TYPE, "link", "\"plan\"") "," DATE("date") "," SAID("talked_on", DATE_TYPE, "date", "true") \
               "," SAID("care_provider", "\"string\"", "organisation", "true") "," SAID("provider", "\"string\"", "organisation", "false")              \
               ",{\"name\":\"gi\",\"type\":\"string\"}")

START_TEST(test_the_schema_says_what_fields_are) {
        struct scratch s = scratch_new();
        struct event_types *read = NULL;
        struct mistakes mistakes = MISTAKES_INIT;
        struct buffer line = BUFFER_INIT(4096);
        struct slot slots[2][LAYOUT_SLOTS_MAX] = {0};
        const struct event_type *type;
        struct fact facts[2];
        int plan;

        scratch_write(&s, "talk-held.avsc", TALK);
        ck_assert_msg(event_types_read(s.path, &read, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        type = event_types_find(read, text_of("talk-held"));
        plan = layout_slot(type->layout, "plan_id");
        ck_assert_int_eq(type->own_date, layout_slot(type->layout, "talked_on"));
        ck_assert(event_type_is_organisation(type, layout_slot(type->layout, "care_provider")));
        ck_assert(!event_type_is_organisation(type, layout_slot(type->layout, "provider")));
        ck_assert(event_type_is_link(type, plan) && event_type_is_link(type, type->links[LINK_MEASURE]) && !event_type_is_link(type, SLOT_CASE_ID));
        event_type_write_taken(type, LANGUAGE_EN, &line);
        ck_assert_str_eq(buffer_text(&line), "talk-held: own date talked_on; organisations care_provider, gi (by its name); "
                                             "joins by measure_id (by its name), plan_id\n");
        /* Facts join by what the schema calls a link. */
        for (size_t i = 0; i < ELEMENTS(facts); i++) {
                facts[i] = (struct fact){.type = type, .slots = slots[i]};
                slots[i][type->links[LINK_MEASURE]] = slots[i][plan] = (struct slot){.kind = SLOT_UUID, .u = {{1}}};
        }
        ck_assert(facts_join(&facts[0], &facts[1]));
        slots[1][plan].u.bytes[0] = 2;
        ck_assert(!facts_join(&facts[0], &facts[1]));
        event_types_free(read);
        buffer_done(&line);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

#define VISIT(role, value)                                                                                                                 \
        "protocol: proef\nregion: any\nvalid: {from: 2015-01-01}\nroutes:\n"                                                              \
        "  - {event: talk-held, when: {care_provider: " value "}, to: [" role "], basis: proef}\nnorms:\n"                                  \
        "  - norm: proefnorm\n    basis: {kind: agreement, ref: proef}\n    starts: talk-held\n    per: plan_id\n    term: 5 days\n"          \
        "    met_by: [talk-held]\n"

static const struct {
        const char *protocol, *mistake;
} visits[] = {
        {VISIT("talk-held.care_provider", "provider-de-haven"), NULL},
        {VISIT("talk-held.provider", "provider-de-haven"), "config/protocols/proef.yaml:5:71: provider of talk-held does not name an organisation"},
        {VISIT("talk-held.care_provider", "provider-de-have"),
         "config/protocols/proef.yaml:5:46: care_provider: no organisation 'provider-de-have' (did you mean 'provider-de-haven'?)"},
};

START_TEST(test_a_protocol_goes_by_what_the_schema_says) {
        static const struct {
                const char *from, *to;
        } copied[] = {
                {"tests/stories/examples/config/organisations.yaml", "config/organisations.yaml"},
                {"tests/stories/examples/config/calendar.yaml", "config/calendar.yaml"},
                {"schemas/plan-due.avsc", "schemas/plan-due.avsc"},
                {"schemas/escalation-raised.avsc", "schemas/escalation-raised.avsc"},
                {"schemas/escalation-resolved.avsc", "schemas/escalation-resolved.avsc"},
        };
        struct scratch s = scratch_new();
        char folder[SCRATCH_PATH], schemas[SCRATCH_PATH], path[SCRATCH_PATH], *text;
        struct mistakes mistakes = MISTAKES_INIT;
        struct config *config = NULL;
        struct error err;
        size_t n;

        scratch_folder(&s, "schemas");
        scratch_folder(&s, "config");
        scratch_folder(&s, "config/protocols");
        scratch_write(&s, "schemas/talk-held.avsc", TALK);
        scratch_write(&s, "config/protocols/proef.yaml", visits[_i].protocol);
        for (size_t i = 0; i < ELEMENTS(copied); i++) {
                ck_assert_int_eq(file_read(project_path(copied[i].from, path), &text, &n, &err), 0);
                scratch_write(&s, copied[i].to, text);
                free(text);
        }
        if (visits[_i].mistake) {
                ck_assert_int_eq(config_read(scratch_path(&s, "config", folder), scratch_path(&s, "schemas", schemas), &config, &mistakes), -EINVAL);
                assert_report(&s, &mistakes, visits[_i].mistake);
        } else {
                ck_assert_msg(config_read(scratch_path(&s, "config", folder), scratch_path(&s, "schemas", schemas), &config, &mistakes) == 0, "%s",
                              buffer_text(&mistakes.text));
                ck_assert_int_eq(config->protocols.items[0]->routes[0].to.items[0].kind, ROLE_FIELD);
                config_free(config);
        }
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

#define KIND(symbols) "{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"TalkHeldKind\",\"symbols\":[" symbols "]}}"
#define NOTE "{\"name\":\"note\",\"type\":[\"null\",\"string\"],\"default\":null}"
#define FIELD(name, type, more) "{\"name\":\"" name "\",\"type\":" type more "}"
#define KIND_OF(name, more) FIELD("kind", "{\"type\":\"enum\",\"name\":\"" name "\",\"symbols\":[\"A\",\"B\"]" more "}", "")

static const struct {
        const char *published, *current, *says; /* says: NULL when compatible, else a part of the mistake */
} histories[] = {
        {SCHEMA("", DATE("date")), SCHEMA("", DATE("date")), NULL},
        {SCHEMA("", DATE("date")), SCHEMA("", DATE("date") "," NOTE), NULL},
        {SCHEMA("", DATE("date") "," NOTE), SCHEMA("", DATE("date")), NULL},
        {SCHEMA("", DATE("date")), SCHEMA("", DATE("date") "," UUID("talk_id")), "what it wrote cannot be read now"},
        {SCHEMA("", DATE("date") "," UUID("talk_id")), SCHEMA("", DATE("date")),
         "its readers cannot read what is written now: field 'talk_id' is not written and has no default"},
        {SCHEMA("", KIND("\"A\"")), SCHEMA("", KIND("\"A\",\"B\"")),
         "its readers cannot read what is written now: field 'kind' may be written as B, which the reader does not know and has no default for"},
        {SCHEMA("", KIND("\"A\",\"B\"")), SCHEMA("", KIND("\"A\"")), "what it wrote cannot be read now"},
        {SCHEMA("", DATE("date")), SCHEMA("", "{\"name\":\"date\",\"type\":\"int\"}"), "date"},
        {SCHEMA("", "{\"name\":\"n\",\"type\":\"int\"}"), SCHEMA("", "{\"name\":\"n\",\"type\":\"long\"}"), "n was published as int and is long"},
        /* a default that goes, or turns round, or becomes another; one that comes is welcome */
        {SCHEMA("", NOTE), SCHEMA("", FIELD("note", "[\"null\",\"string\"]", "")), "1.avsc: note was published with the default null and has none now"},
        {SCHEMA("", NOTE), SCHEMA("", FIELD("note", "[\"string\",\"null\"]", ",\"default\":\"\"")),
         "1.avsc: note was published with the default null and has \"\" now"},
        {SCHEMA("", FIELD("n", "\"int\"", ",\"default\":5")), SCHEMA("", FIELD("n", "\"int\"", "")), "n was published with the default 5 and has none now"},
        {SCHEMA("", FIELD("n", "\"int\"", ",\"default\":5")), SCHEMA("", FIELD("n", "\"int\"", ",\"default\":6")), "with the default 5 and has 6 now"},
        {SCHEMA("", FIELD("n", "\"int\"", "")), SCHEMA("", FIELD("n", "\"int\"", ",\"default\":5")), NULL},
        {SCHEMA("", KIND_OF("TalkHeldKind", ",\"default\":\"B\"")), SCHEMA("", KIND_OF("TalkHeldKind", "")),
         "1.avsc: the enum of kind was published with the default B and has none now"},
        {SCHEMA("", KIND_OF("TalkHeldKind", ",\"default\":\"B\"")), SCHEMA("", KIND_OF("TalkHeldKind", ",\"default\":\"A\"")),
         "the enum of kind was published with the default B and has A now"},
        {SCHEMA("", KIND_OF("TalkHeldKind", "")), SCHEMA("", KIND_OF("TalkHeldKind", ",\"default\":\"A\"")), NULL},
        {SCHEMA("", KIND_OF("TalkHeldKind", "")), SCHEMA("", KIND_OF("nl.voorbeeld.TalkHeldKind", "")),
         "the type of kind was published as nl.ketenwacht.event.TalkHeldKind and is called nl.voorbeeld.TalkHeldKind now"},
        /* an alias that goes; under another name a field still means what it meant */
        {SCHEMA("", FIELD("remark", "[\"null\",\"string\"]", ",\"default\":null,\"aliases\":[\"note\"]")),
         SCHEMA("", FIELD("remark", "[\"null\",\"string\"]", ",\"default\":null")), "remark was published with the alias note and has it no more"},
        {SCHEMA("", FIELD("remark", "[\"null\",\"string\"]", ",\"default\":null,\"aliases\":[\"note\"]")),
         SCHEMA("", FIELD("note", "[\"null\",\"string\"]", ",\"default\":null,\"aliases\":[\"remark\"]")), NULL},
        {SCHEMA("", FIELD("ends", "[\"null\",\"int\"]", ",\"default\":null")),
         SCHEMA("", FIELD("ended", "[\"null\"," DATE_TYPE "]", ",\"default\":null,\"aliases\":[\"ends\"]")), "ends was published as int and is date now"},
};

START_TEST(test_history) {
        struct scratch s = scratch_new();
        struct event_types *read = NULL;
        struct mistakes mistakes = MISTAKES_INIT;
        int r;

        scratch_folder(&s, "history");
        scratch_folder(&s, "history/talk-held");
        scratch_write(&s, "history/talk-held/1.avsc", histories[_i].published);
        scratch_write(&s, "talk-held.avsc", histories[_i].current);
        r = event_types_read(s.path, &read, &mistakes);
        if (histories[_i].says) {
                ck_assert_int_eq(r, -EINVAL);
                ck_assert_msg(strstr(buffer_text(&mistakes.text), histories[_i].says) != NULL, "%s", buffer_text(&mistakes.text));
        } else {
                ck_assert_msg(r == 0, "%s", buffer_text(&mistakes.text));
        }
        event_types_free(read);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

static const struct {
        const char *files[12], *says; /* beside talk-held.avsc; NULL: nothing is wrong */
} published_folders[] = {
        {{"history/talk-held/1.avsc", "history/talk-held/2.avsc", "history/talk-held/3.avsc", "history/talk-held/4.avsc", "history/talk-held/5.avsc",
          "history/talk-held/6.avsc", "history/talk-held/7.avsc", "history/talk-held/8.avsc", "history/talk-held/9.avsc", "history/talk-held/10.avsc",
          "history/README.md", "history/talk-held/README.md"}, NULL},
        {{"history/talk-held/1.avsc", "history/talk-held/3.avsc"}, "history/talk-held: 2.avsc is missing before 3.avsc: versions are numbered from 1"},
        {{"history/talk-held/2.avsc"}, "history/talk-held: 1.avsc is missing before 2.avsc"},
        {{"history/talk-held/1.avsc", "history/talk-held/01.avsc"}, "history/talk-held/01.avsc: a published version is called by its number"},
        {{"history/talk-held/1.avsc", "history/talk-held/2.json"}, "history/talk-held/2.json: a published version is called by its number"},
        {{"history/talk-hold/1.avsc"}, "history/talk-hold: these are published versions, and talk-hold.avsc is missing"},
        {{"history/talk/1.avsc"}, "history/talk: these are published versions, and talk.avsc is missing"},
        {{"history/talk-held.avsc"}, "history/talk-held.avsc: stands beside the versions: they are history/<event>/<n>.avsc"},
        {{"history/talk-held"}, "history/talk-held: stands beside the versions"},
};

START_TEST(test_the_folder_of_what_was_published) {
        static const char *const folders[] = {"history", "history/talk-held", "history/talk-hold", "history/talk"};
        struct scratch s = scratch_new();
        struct event_types *read = NULL;
        struct mistakes mistakes = MISTAKES_INIT;
        int r;

        for (size_t i = 0; i < ELEMENTS(folders); i++) {
                if (!published_folders[_i].files[0] || strcmp(folders[i], published_folders[_i].files[0]) != 0)
                        scratch_folder(&s, folders[i]);
        }
        scratch_write(&s, "talk-held.avsc", SCHEMA("", DATE("date")));
        for (size_t i = 0; i < ELEMENTS(published_folders[_i].files) && published_folders[_i].files[i]; i++)
                scratch_write(&s, published_folders[_i].files[i], SCHEMA("", DATE("date")));
        r = event_types_read(s.path, &read, &mistakes);
        if (published_folders[_i].says)
                ck_assert_msg(r == -EINVAL && strstr(buffer_text(&mistakes.text), published_folders[_i].says), "%s", buffer_text(&mistakes.text));
        else
                ck_assert_msg(r == 0, "%s", buffer_text(&mistakes.text));
        event_types_free(read);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

/* Its own records are held to what was published of them, too; and one that is broken is told once, not as if it were gone. */
START_TEST(test_other_records_and_twins) {
        static const struct {
                const char *name, *schema, *says;
        } rows[] = {
                {"audit.avsc", "{\"type\":\"record\",\"name\":\"nl.ketenwacht.audit.Audit\",\"fields\":[" DATE("other") "]}",
                 "history/audit/1.avsc: audit.avsc is not compatible with this published version"},
                {"audit.avsc", "{", "audit.avsc:1:1: this is not JSON"},
                {"talk-1.avsc", RECORD("Talk1", "nl.ketenwacht.event", DATE("date")), "talk1.avsc: talk-1.avsc has a record nl.ketenwacht.event.Talk1 as well"},
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                struct scratch s = scratch_new();
                struct event_types *read = NULL;
                struct mistakes mistakes = MISTAKES_INIT;

                scratch_folder(&s, "history");
                scratch_folder(&s, "history/audit");
                scratch_write(&s, "history/audit/1.avsc", "{\"type\":\"record\",\"name\":\"nl.ketenwacht.audit.Audit\",\"fields\":[" DATE("day") "]}");
                scratch_write(&s, "audit.avsc", "{\"type\":\"record\",\"name\":\"nl.ketenwacht.audit.Audit\",\"fields\":[" DATE("day") "]}");
                scratch_write(&s, "talk1.avsc", RECORD("Talk1", "nl.ketenwacht.event", UUID("measure_id")));
                scratch_write(&s, rows[i].name, rows[i].schema);
                ck_assert_int_eq(event_types_read(s.path, &read, &mistakes), -EINVAL);
                ck_assert_msg(strstr(buffer_text(&mistakes.text), rows[i].says) != NULL, "%s", buffer_text(&mistakes.text));
                ck_assert_msg(!strstr(buffer_text(&mistakes.text), "is missing"), "%s", buffer_text(&mistakes.text));
                mistakes_done(&mistakes);
                scratch_remove(&s);
        }
}
END_TEST

/* A body and a row of a published version are read by the current one. */
START_TEST(test_old_bodies_and_rows_are_read) {
        struct scratch s = scratch_new();
        struct event_types *then = NULL, *now = NULL;
        struct mistakes mistakes = MISTAKES_INIT;
        const struct event_type *old, *new, *found;
        const struct program *program, *same;
        struct canonical_fingerprint spellings[SPELLINGS];
        struct buffer known = BUFFER_INIT(256);
        char expected[128];
        struct slot slots[LAYOUT_SLOTS_MAX] = {0}, back[LAYOUT_SLOTS_MAX];
        struct buffer body = BUFFER_INIT(4096), row = BUFFER_INIT(4096);

        scratch_write(&s, "talk-held.avsc", SCHEMA("", DATE("date")));
        ck_assert_int_eq(event_types_read(s.path, &then, &mistakes), 0);
        scratch_folder(&s, "history");
        scratch_folder(&s, "history/talk-held");
        scratch_write(&s, "history/talk-held/1.avsc", SCHEMA("", DATE("date")));
        scratch_write(&s, "talk-held.avsc", SCHEMA("", NOTE "," DATE("date")));
        ck_assert_int_eq(event_types_read(s.path, &now, &mistakes), 0);
        old = event_types_at(then, 0);
        new = event_types_at(now, 0);

        slots[SLOT_EVENT_ID].kind = slots[SLOT_CASE_ID].kind = SLOT_UUID;
        slots[SLOT_SOURCE] = (struct slot){.kind = SLOT_STRING, .s = text_of("gi-duin")};
        slots[SLOT_OCCURRED_AT].kind = slots[SLOT_RECORDED_AT].kind = SLOT_INT;
        slots[ENVELOPE_SLOTS] = (struct slot){.kind = SLOT_INT, .i = 19000};
        record_encode(old->layout, slots, &body);
        ck_assert(event_types_decoder(now, old->layout->fingerprint, &found, &program) && found == new);
        event_types_write_fingerprints(now, new, &known);
        snprintf(expected, sizeof(expected), "%016" PRIx64 " (now), %016" PRIx64 " (1)", new->layout->fingerprint, old->layout->fingerprint);
        ck_assert_str_eq(buffer_text(&known), expected);
        buffer_done(&known);
        ck_assert_int_eq(canonical_fingerprints(schema_root(old->file), spellings), 0); /* by whatever library it was written */
        for (unsigned i = 0; i < SPELLINGS; i++) {
                ck_assert(spellings[i].known && event_types_decoder(now, spellings[i].value, &found, &same) && found == new && same == program);
                ck_assert(i == SPELLING_RUST || i == 0 || spellings[i].value != spellings[i - 1].value);
        }
        ck_assert_int_eq(record_decode(program, body.bytes, body.n, back, NULL), 0);
        ck_assert_int_eq(back[layout_slot(new->layout, "date")].i, 19000);
        ck_assert_int_eq(back[layout_slot(new->layout, "note")].kind, SLOT_NULL);

        record_encode(old->row, slots + ROW_SKIPPED, &row);
        ck_assert(event_types_row_decoder(now, old->row->fingerprint, &found, &program) && found == new);
        ck_assert_int_eq(record_decode(program, row.bytes, row.n, back, NULL), 0);
        ck_assert_int_eq(back[layout_slot(new->row, "date")].i, 19000);
        buffer_done(&body);
        buffer_done(&row);
        event_types_free(then);
        event_types_free(now);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

/* --- events --- */

#define GOOD \
        "\"event_id\":\"9e3c7d36-343b-5e6c-abbb-495e4fd1fa09\",\"case_id\":\"b8244458-a76f-553d-a59f-dba100c12ab7\",\"source\":\"gi-noordzee\"," \
        "\"occurred_at\":\"2024-09-03T11:00:00+02:00\",\"recorded_at\":\"2024-09-03T11:00:00.250+02:00\",\"verdict_date\":\"2024-09-03\"," \
        "\"informed_date\":\"2024-09-03\",\"gi\":\"gi-noordzee\",\"kind\":\"OTS\",\"municipality\":\"gm0375\"," \
        "\"measure_id\":\"f88be69b-d3f4-5295-abeb-89ac8df1dc40\""

/* The good event with one key set to another value (NULL: left out), as the rest of an object. */
static json_t *changed(const char *key, const char *value) {
        json_t *object = json_loads("{" GOOD "}", 0, NULL);

        ck_assert_ptr_nonnull(object);
        if (key && value)
                ck_assert_int_eq(json_object_set_new(object, key, json_loads(value, JSON_DECODE_ANY, NULL)), 0);
        else if (key)
                ck_assert_int_eq(json_object_del(object, key), 0);
        return object;
}

static enum refusal check_all(const char *type, json_t *object, const char **ret_field, struct error *err) {
        static const char *const also[] = {"event", "key", NULL};
        struct event event;
        enum refusal refusal = event_from_json(event_types_find(types, text_of(type)), orgs, object, also, arena, &event, ret_field, err);

        if (refusal == REFUSAL_NONE)
                refusal = event_check_publisher(&event, orgs, ret_field, err);
        if (refusal == REFUSAL_NONE)
                refusal = event_check_key(&event, orgs, text_of(json_string_value(json_object_get(object, "case_id"))), err);
        return refusal;
}

#define KINDS_TEXT \
        "OTS, VOTS, VOOGDIJ, VOORLOPIGE_VOOGDIJ, TIJDELIJKE_VOOGDIJ, PREVENTIEF, JR_GEDWONGEN, JR_VRIJWILLIG, ITB_HARDE_KERN, ITB_CRIEM, STP, " \
        "GBM, GBM_VOORBEREIDING"

static const struct {
        const char *key, *value;
        enum refusal refusal;
        const char *field, *sentence;
} changes[] = {
        {"informed_date", "\"03-09-2024\"", REFUSAL_BAD_VALUE, "informed_date",
                 "informed_date: '03-09-2024' is not a date: YYYY-MM-DD, of the years 1900 to 2200"},
        {"informed_date", "\"2024-02-30\"", REFUSAL_BAD_VALUE, "informed_date",
                 "informed_date: '2024-02-30' is not a date: YYYY-MM-DD, of the years 1900 to 2200"},
        {"informed_date", "\"1899-12-31\"", REFUSAL_BAD_VALUE, "informed_date",
                 "informed_date: '1899-12-31' is not a date: YYYY-MM-DD, of the years 1900 to 2200"},
        {"informed_date", "20240903", REFUSAL_BAD_VALUE, "informed_date", "informed_date: must be a string"},
        {"informed_date", NULL, REFUSAL_BAD_VALUE, "informed_date", "informed_date: is missing"},
        {"informed_date", "null", REFUSAL_BAD_VALUE, "informed_date", "informed_date: may not be null"},
        {"ends_on", "null", REFUSAL_NONE, NULL, ""},
        {"ends_on", "\"2025-09-03\"", REFUSAL_NONE, NULL, ""},
        {"kind", "\"OTZ\"", REFUSAL_BAD_VALUE, "kind", "kind: 'OTZ' is none of its values (did you mean 'OTS'?); it can be " KINDS_TEXT},
        {"kind", "\"ots\"", REFUSAL_BAD_VALUE, "kind", "kind: 'ots' is none of its values (did you mean 'OTS'?); it can be " KINDS_TEXT},
        {"occurred_at", "\"2024-09-03T11:00:00\"", REFUSAL_BAD_VALUE, "occurred_at",
         "occurred_at: '2024-09-03T11:00:00' is not an instant: RFC 3339 with an offset, of the years 2000 to 2200"},
        {"occurred_at", "\"1999-12-31T23:59:59Z\"", REFUSAL_BAD_VALUE, "occurred_at",
         "occurred_at: '1999-12-31T23:59:59Z' is not an instant: RFC 3339 with an offset, of the years 2000 to 2200"},
        {"occurred_at", "\"2024-09-04T11:00:00.250+02:00\"", REFUSAL_NONE, NULL, ""},
        {"occurred_at", "\"2024-09-04T11:00:00.251+02:00\"", REFUSAL_BAD_VALUE, "occurred_at",
         "occurred_at: lies more than a day after recorded_at; measure-started reports what happened: send it when it has"},
        {"event_id", "\"9E3C7D36-343b-5e6c-abbb-495e4fd1fa09\"", REFUSAL_BAD_VALUE, "event_id",
         "event_id: '9E3C7D36-343b-5e6c-abbb-495e4fd1fa09' is not a uuid: 36 characters, lower case"},
        {"municipality", "\"gm 0375\"", REFUSAL_BAD_VALUE, "municipality", "municipality: must be 1 to 64 of A-Z a-z 0-9 . _ : / # -"},
        {"municipality", "\"\"", REFUSAL_BAD_VALUE, "municipality", "municipality: must be 1 to 64 of A-Z a-z 0-9 . _ : / # -"},
        {"municipality", "\"nowhere\"", REFUSAL_BAD_VALUE, "municipality", "municipality: no organisation is called 'nowhere'"},
        {"municipality", "\"0375\"", REFUSAL_BAD_VALUE, "municipality", "municipality: no organisation is called '0375' (did you mean 'gm0375'?)"},
        {"municipality", "\"375\"", REFUSAL_BAD_VALUE, "municipality", "municipality: no organisation is called '375' (did you mean 'gm0375'?)"},
        {"municipality", "\"GM0375\"", REFUSAL_BAD_VALUE, "municipality", "municipality: no organisation is called 'GM0375' (did you mean 'gm0375'?)"},
        {"municipality", "\"Beverwijk\"", REFUSAL_BAD_VALUE, "municipality",
         "municipality: no organisation is called 'Beverwijk' (did you mean 'gm0375'?)"},
        {"municipality", "\"999990019\"", REFUSAL_BAD_VALUE, "municipality", "municipality: no organisation is called that"}, /* a BSN is not repeated */
        {"event_id", "\"bsn:99990019\"", REFUSAL_BAD_VALUE, "event_id", "event_id: is not a uuid: 36 characters, lower case"},
        {"event_id", "\"1234567-9999900190\"", REFUSAL_BAD_VALUE, "event_id", "event_id: '1234567-9999900190' is not a uuid: 36 characters, lower case"},
        {"999990019", "1", REFUSAL_BAD_VALUE, NULL, "measure-started has a field that its schema does not know"},
        {"gi", "\"GI-Noordzee\"", REFUSAL_BAD_VALUE, "gi", "gi: no organisation is called 'GI-Noordzee' (did you mean 'gi-noordzee'?)"},
        {"muncipality", "\"gm0375\"", REFUSAL_BAD_VALUE, NULL, "measure-started has no field 'muncipality' (did you mean 'municipality'?)"},
        {"not a name!", "1", REFUSAL_BAD_VALUE, NULL, "measure-started has a field that its schema does not know"},
        {"key", "\"x\"", REFUSAL_NONE, NULL, ""},
        {"birth_date", "\"Jan-Jansen-2010\"", REFUSAL_BAD_VALUE, "birth_date", "birth_date: is not a date: YYYY-MM-DD, of the years 1900 to 2200"},
        {"reference", "\"Jan Jansen\"", REFUSAL_BAD_VALUE, "reference", "reference: must be 1 to 64 of A-Z a-z 0-9 . _ : / # -"},
        {"source", "\"gi-noordze\"", REFUSAL_UNKNOWN_ORGANISATION, "source", "source: no organisation 'gi-noordze' (did you mean 'gi-noordzee'?)"},
        {"gi", "\"gi-duin\"", REFUSAL_NOT_ALLOWED, "gi", "gi: must be gi-noordzee itself, the source"},
        {"source", "\"gm0375\"", REFUSAL_NOT_ALLOWED, "source", "source: gm0375 may not publish measure-started: it is of kind municipality"},
        {"source", "\"gi-duin\"", REFUSAL_NOT_ALLOWED, "gi", "gi: must be gi-duin itself, the source"},
        {NULL, NULL, REFUSAL_NONE, NULL, ""},
};

START_TEST(test_events) {
        json_t *object = changed(changes[_i].key, changes[_i].value);
        const char *field = NULL;
        struct error err = {0};

        ck_assert_int_eq(check_all("measure-started", object, &field, &err), changes[_i].refusal);
        ck_assert_str_eq(err.text, changes[_i].sentence);
        ck_assert_pstr_eq(field, changes[_i].field);
        json_decref(object);
}
END_TEST

START_TEST(test_event_must_be_an_object_and_no_output) {
        json_t *array = json_array(), *text = json_loads("{\"a\":1}", 0, NULL);
        const char *field = NULL;
        struct event event = {.type = event_types_known(types, TYPE_PLAN_DUE)};
        struct error err = {0};

        ck_assert_int_eq(check_all("measure-started", array, &field, &err), REFUSAL_MALFORMED);
        event.slots = arena_calloc(arena, event.type->layout->n, sizeof(*event.slots));
        event.slots[SLOT_SOURCE] = (struct slot){.kind = SLOT_STRING, .s = text_of("gi-nergens")};
        ck_assert_int_eq(event_check_publisher(&event, orgs, &field, &err), REFUSAL_UNKNOWN_ORGANISATION); /* in the order of the codes */
        event.slots[SLOT_SOURCE].s = text_of("gi-noordzee");
        ck_assert_int_eq(event_check_publisher(&event, orgs, &field, &err), REFUSAL_NOT_ALLOWED);
        ck_assert_str_eq(err.text, "nobody publishes plan-due: the broker tells it");
        json_decref(array);
        json_decref(text);
}
END_TEST

START_TEST(test_keys_and_regions) {
        static const char meeting[] =
                "{\"event_id\":\"9e3c7d36-343b-5e6c-abbb-495e4fd1fa09\",\"case_id\":\"%s\",\"source\":\"region-gooi\","
                "\"occurred_at\":\"2024-09-03T11:00:00+02:00\","
                "\"recorded_at\":\"2024-09-03T11:00:00+02:00\",\"region\":\"%s\",\"date\":\"2024-09-03\",\"kind\":\"BOARD\"}";
        static const char gooi[] = "8b825536-292b-5419-8b89-e996029302f9";
        char text[1024];
        const char *field = NULL;
        struct error err = {0};
        struct event event;
        json_t *object;

        (void) snprintf(text, sizeof(text), meeting, gooi, "gooi-en-vechtstreek");
        object = json_loads(text, 0, NULL);
        ck_assert_int_eq(event_from_json(event_types_find(types, text_of("meeting-held")), orgs, object, NULL, arena, &event, &field, &err), REFUSAL_NONE);
        ck_assert_int_eq(event_check_key(&event, orgs, text_of(gooi), &err), REFUSAL_NONE);
        ck_assert_int_eq(event_check_key(&event, orgs, text_of("8B825536-292b-5419-8b89-e996029302f9"), &err), REFUSAL_KEY_MISMATCH);
        ck_assert_int_eq(event_check_key(&event, orgs, (struct text){gooi, 35}, &err), REFUSAL_KEY_MISMATCH);
        ck_assert_int_eq(event_check_key(&event, orgs, (struct text){0}, &err), REFUSAL_KEY_MISMATCH);
        json_decref(object);

        (void) snprintf(text, sizeof(text), meeting, gooi, "amstelland");
        object = json_loads(text, 0, NULL);
        ck_assert_int_eq(check_all("meeting-held", object, &field, &err), REFUSAL_KEY_MISMATCH);
        json_decref(object);

        (void) snprintf(text, sizeof(text), meeting, gooi, "amsteland");
        object = json_loads(text, 0, NULL);
        ck_assert_int_eq(check_all("meeting-held", object, &field, &err), REFUSAL_BAD_VALUE);
        ck_assert_str_eq(err.text, "region: no region is called 'amsteland' (did you mean 'amstelland'?)");
        ck_assert_str_eq(field, "region");
        json_decref(object);
}
END_TEST

/* What came as Avro is checked in the same way. */
START_TEST(test_values_of_slots) {
        json_t *object = changed(NULL, NULL);
        const char *field = NULL;
        struct error err = {0};
        struct event event;
        struct slot good, recorded;
        static const struct {
                int slot;
                int64_t value;
                bool ok;
        } rows[] = {
                {SLOT_OCCURRED_AT, INT64_C(946684800000), true},   {SLOT_OCCURRED_AT, INT64_C(946684799999), false},
                {SLOT_OCCURRED_AT, INT64_C(7289654399999), true},  {SLOT_OCCURRED_AT, INT64_C(7289654400000), false},
                {ENVELOPE_SLOTS + 2, -25567, true},                {ENVELOPE_SLOTS + 2, -25568, false},
                {ENVELOPE_SLOTS + 2, 84370, true},                 {ENVELOPE_SLOTS + 2, 84371, false},
        };

        ck_assert_int_eq(event_from_json(event_types_find(types, text_of("measure-started")), orgs, object, NULL, arena, &event, &field, &err), REFUSAL_NONE);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                good = event.slots[rows[i].slot];
                recorded = event.slots[SLOT_RECORDED_AT];
                event.slots[rows[i].slot].i = rows[i].value;
                if (rows[i].slot == SLOT_OCCURRED_AT) /* not dated ahead */
                        event.slots[SLOT_RECORDED_AT].i = rows[i].value;
                ck_assert_int_eq(event_check_values(&event, orgs, &field, &err), rows[i].ok ? REFUSAL_NONE : REFUSAL_BAD_VALUE);
                event.slots[rows[i].slot] = good;
                event.slots[SLOT_RECORDED_AT] = recorded;
        }
        event.slots[SLOT_SOURCE].s = (struct text){"gi\0x", 4};
        ck_assert_int_eq(event_check_values(&event, orgs, &field, &err), REFUSAL_BAD_VALUE);
        ck_assert_str_eq(field, "source");
        json_decref(object);
}
END_TEST

START_TEST(test_round_trip_and_mask) {
        json_t *object = changed("birth_date", "\"2012-02-29\""), *back;
        struct buffer b = BUFFER_INIT(4096);
        struct json_writer w = JSON_WRITER(&b);
        const char *field;
        struct error err = {0};
        struct event event, again;

        ck_assert_int_eq(event_from_json(event_types_find(types, text_of("measure-started")), orgs, object, NULL, arena, &event, &field, &err), REFUSAL_NONE);
        jsonw_open_object(&w);
        event_to_json(&event, false, &w);
        jsonw_close_object(&w);
        back = json_loads(buffer_text(&b), 0, NULL);
        ck_assert_int_eq(event_from_json(event.type, orgs, back, NULL, arena, &again, &field, &err), REFUSAL_NONE);
        for (size_t i = 0; i < event.type->layout->n; i++)
                ck_assert(slot_equal(&event.slots[i], &again.slots[i]));
        ck_assert_ptr_nonnull(strstr(buffer_text(&b), "\"birth_date\":\"2012-02-29\""));
        ck_assert_ptr_nonnull(strstr(buffer_text(&b), "\"recorded_at\":\"2024-09-03T11:00:00.250+02:00\""));
        buffer_clear(&b);
        w = (struct json_writer)JSON_WRITER(&b);
        jsonw_open_object(&w);
        event_to_json(&event, true, &w);
        jsonw_close_object(&w);
        ck_assert_ptr_nonnull(strstr(buffer_text(&b), "\"birth_date\":null,\"reference\":null"));
        json_decref(object);
        json_decref(back);
        buffer_done(&b);
}
END_TEST

START_TEST(test_refusal_codes_are_those_of_the_contract) {
        static const char *const codes[] = {"", "MALFORMED", "UNKNOWN_EVENT", "BAD_VALUE", "UNKNOWN_ORGANISATION", "NOT_ALLOWED", "KEY_MISMATCH",
                "DUPLICATE_ID"};

        for (size_t i = 0; i < ELEMENTS(codes); i++)
                ck_assert_str_eq(refusal_codes[i], codes[i]);
        for (size_t i = 0; i < REFUSALS; i++)
                ck_assert(refusal_codes[i] && refusal_meanings[i]);
}
END_TEST

/* A type that no C knows: written at run time, usable at once. */
START_TEST(test_a_new_schema_is_a_new_type) {
        struct scratch s = scratch_new();
        struct event_types *read = NULL;
        struct mistakes mistakes = MISTAKES_INIT;
        json_t *object = json_loads("{\"event_id\":\"9e3c7d36-343b-5e6c-abbb-495e4fd1fa09\",\"case_id\":\"b8244458-a76f-553d-a59f-dba100c12ab7\","
                "\"source\":\"rvdk\","
                                    "\"occurred_at\":\"2024-09-03T11:00:00Z\",\"recorded_at\":\"2024-09-03T11:00:00Z\",\"date\":\"2024-09-03\","
                                    "\"n\":3,\"x\":0.5,\"f\":1.5,"
                                    "\"big\":4611686018427387904}", 0, NULL);
        const char *field;
        struct error err = {0};
        struct event event;

        scratch_write(&s, "talk-held.avsc", SCHEMA("\"ketenwacht.publishers\":[\"council\"],",
                DATE("date") ",{\"name\":\"n\",\"type\":\"int\"},{\"name\":\"x\",\"type\":\"double\"},"
                                                   "{\"name\":\"f\",\"type\":[\"null\",\"float\"],\"default\":null},{\"name\":\"big\",\"type\":\"long\"}"));
        ck_assert_msg(event_types_read(s.path, &read, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        ck_assert_msg(event_from_json(event_types_find(read, text_of("talk-held")), orgs, object, NULL, arena, &event, &field, &err) == REFUSAL_NONE,
                "%s", err.text);
        ck_assert_int_eq(event_check_publisher(&event, orgs, &field, &err), REFUSAL_NONE);
        ck_assert_int_eq(event.slots[event.type->own_date].i, date_from_ymd(2024, 9, 3));
        ck_assert_int_eq(event.slots[layout_slot(event.type->layout, "big")].i, INT64_C(4611686018427387904));
        ck_assert_int_eq(json_object_set_new(object, "n", json_integer(INT64_C(3000000000))), 0);
        ck_assert_int_eq(event_from_json(event.type, orgs, object, NULL, arena, &event, &field, &err), REFUSAL_BAD_VALUE);
        ck_assert_str_eq(err.text, "n: must be a whole number of 32 bits");
        json_decref(object);
        event_types_free(read);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("event");
        TCase *tcase = tcase_create("event");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, test_what_the_schemas_say);
        tcase_add_test(tcase, test_rows_are_derived_and_their_fingerprints_stand);
        tcase_add_test(tcase, test_event_through_its_row);
        tcase_add_loop_test(tcase, test_bad_schemas, 0, ELEMENTS(bad_schemas));
        tcase_add_test(tcase, test_words_of_others_are_theirs);
        tcase_add_test(tcase, test_the_schema_says_what_fields_are);
        tcase_add_loop_test(tcase, test_a_protocol_goes_by_what_the_schema_says, 0, ELEMENTS(visits));
        tcase_add_loop_test(tcase, test_history, 0, ELEMENTS(histories));
        tcase_add_loop_test(tcase, test_the_folder_of_what_was_published, 0, (int)ELEMENTS(published_folders));
        tcase_add_test(tcase, test_other_records_and_twins);
        tcase_add_test(tcase, test_old_bodies_and_rows_are_read);
        tcase_add_loop_test(tcase, test_events, 0, ELEMENTS(changes));
        tcase_add_test(tcase, test_event_must_be_an_object_and_no_output);
        tcase_add_test(tcase, test_keys_and_regions);
        tcase_add_test(tcase, test_values_of_slots);
        tcase_add_test(tcase, test_round_trip_and_mask);
        tcase_add_test(tcase, test_refusal_codes_are_those_of_the_contract);
        tcase_add_test(tcase, test_a_new_schema_is_a_new_type);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
