/* SPDX-License-Identifier: EUPL-1.2 */

/* Makes event-refused: the Dutch sentence of each code, and the id by which a repetition is known. */

#include "cluster/event_refused.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "model/telling.h"

/* Dutch, for a person; the technical sentence comes behind it. */
static const char *const event_refused_phrases[REFUSALS] = {
        [REFUSAL_MALFORMED] = "Het bericht is niet leesbaar",
        [REFUSAL_UNKNOWN_EVENT] = "Deze berichtsoort is niet bekend",
        [REFUSAL_BAD_VALUE] = "Een veld heeft een waarde die niet kan",
        [REFUSAL_UNKNOWN_ORGANISATION] = "De afzender is niet bekend",
        [REFUSAL_NOT_ALLOWED] = "De afzender mag dit niet melden",
        [REFUSAL_KEY_MISMATCH] = "De sleutel van het bericht is niet die van de zaak",
        [REFUSAL_DUPLICATE_ID] = "Dit kenmerk is al gebruikt voor een ander bericht",
        [REFUSAL_CASE_FULL] = "De zaak heeft het hoogste aantal berichten bereikt",
        [REFUSAL_CASE_CLOSED] = "De zaak is afgesloten en de bewaartermijn is voorbij",
        [REFUSAL_UNKNOWN_SCHEMA] = "Het schema van het bericht is niet bekend",
        [REFUSAL_UNDECODABLE] = "Het bericht is niet te ontcijferen",
        [REFUSAL_TOO_LARGE] = "Het bericht is te groot",
        [REFUSAL_WITHDRAWN] = "Dit bericht is ingetrokken en telt niet meer mee",
        [REFUSAL_REPLACED] = "Dit bericht is vervangen en telt niet meer mee",
        [REFUSAL_ACK_UNKNOWN] = "Dit signaal is in deze zaak niet gegeven",
        [REFUSAL_ACK_NOT_YOURS] = "Dit signaal is aan een ander gegeven",
        [REFUSAL_ACK_OVER] = "Dit signaal is al voorbij",
        [REFUSAL_ACK_EARLY] = "Dit signaal was er op dat tijdstip nog niet",
};

struct uuid event_refused_id(const char *topic, int32_t partition, int64_t offset, const struct uuid *event_id) {
        char name[BUS_NAME_MAX + 64 + UUID_TEXT], id[UUID_TEXT + 1];
        int n;

        uuid_format(event_id, id);
        n = snprintf(name, sizeof(name), "refused|%s|%" PRId32 "|%" PRId64 "|%s", topic, partition, offset, id);
        return uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n);
}

int event_refused_make(const struct event_types *types, const struct event_refused *what, struct arena *arena, struct event *ret) {
        const struct event_type *type = event_types_known(types, TYPE_EVENT_REFUSED);
        const struct bus_record *record = what->record;
        struct telling told = {.recorded_at = what->at, .occurred_at = what->at, .case_id = what->case_id};

        assert(what->code > REFUSAL_NONE && what->code < REFUSALS);
        if (!type)
                return EVENT_REFUSED_E_UNTOLD;
        told.event_id = event_refused_id(record->topic, record->partition, record->offset, &what->event_id);
        told.source = TEXT_OF(ORGANISATION_BROKER);
        told.refused = what->event_id;
        told.code = text_of(refusal_codes[what->code]);
        told.text = text_of(arena_printf(arena, "%s: %s", event_refused_phrases[what->code], what->sentence));
        *ret = (struct event){.type = type, .slots = arena_calloc(arena, type->layout->n, sizeof(*ret->slots))};
        if (!ret->slots || !told.text.s)
                return -ENOMEM;
        telling_to_slots(&told, &type->told, type->layout, ret->slots);
        return 0;
}
