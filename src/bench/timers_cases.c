/* SPDX-License-Identifier: EUPL-1.2 */

/* Cases that start and then wait; see bench_timers.h. */

#include <errno.h>

#include "calendar/date.h"
#include "bench/timers.h"
#include "model/lines.h"

#define ARENA_MAX ((size_t)1 << 20)
#define FIRST_YEAR 2024
#define DAYS_OF_STARTS 5

static const struct organisation *any(const struct config *config, enum organisation_kind kind) {
        for (size_t i = 0; i < organisations_count(config->organisations); i++) {
                const struct organisation *org = organisations_at(config->organisations, i);

                if (org->kind == kind && !org->next && org->until == INT32_MAX)
                        return org;
        }
        return NULL;
}

static int read_template(struct timers_cases *cases, struct error *err) {
        const struct organisation *gi = any(cases->config, KIND_GI), *municipality = any(cases->config, KIND_MUNICIPALITY);
        struct line line = {0};
        const char *json;
        int r = 0;

        if (!gi || !municipality) {
                error_set(err, "the configuration has no GI or no municipality that is in force; give it one of each");
                return -EINVAL;
        }
        json = arena_printf(cases->arena,
                            "{\"event\":\"measure-started\",\"event_id\":\"00000000-0000-4000-8000-000000000000\","
                            "\"case_id\":\"00000000-0000-4000-8000-000000000001\",\"measure_id\":\"00000000-0000-4000-8000-000000000002\","
                            "\"source\":\"%s\",\"gi\":\"%s\",\"municipality\":\"%s\",\"kind\":\"OTS\",\"verdict_date\":\"2024-06-03\","
                            "\"informed_date\":\"2024-06-03\",\"occurred_at\":\"2024-06-03T10:00:00Z\",\"recorded_at\":\"2024-06-03T10:00:00Z\"}",
                            gi->id, gi->id, municipality->id);
        if (!json)
                return -ENOMEM;
        line_parse(cases->config->types, cases->config->organisations, text_of(json), cases->arena, &line);
        if (line.kind == LINE_EVENT) {
                cases->event = line.event;
                /* Strings may point into the line's JSON, which goes: those that stay are these. */
                cases->event.slots[SLOT_SOURCE].s = text_of(gi->id);
                if (line.event.type->fields[FIELD_GI] >= 0)
                        cases->event.slots[line.event.type->fields[FIELD_GI]].s = text_of(gi->id);
                if (line.event.type->fields[FIELD_MUNICIPALITY] >= 0)
                        cases->event.slots[line.event.type->fields[FIELD_MUNICIPALITY]].s = text_of(municipality->id);
        } else {
                error_set(err, "no measure-started can be made with these schemas: %s", line.error.text);
                r = -EINVAL;
        }
        line_done(&line);
        return r;
}

int timers_cases_init(struct timers_cases *cases, const struct config *config, struct error *err) {
        int r;

        *cases = (struct timers_cases){.config = config, .first_day = date_from_ymd(FIRST_YEAR, 6, 3)};
        cases->opened = timers_midnight(cases, DAYS_OF_STARTS - 1) + (instant_t)12 * 3600 * 1000;
        r = arena_new(&cases->arena, ARENA_MAX);
        if (r == 0)
                r = read_template(cases, err);
        if (r == -ENOMEM)
                error_set(err, "out of memory");
        if (r)
                return r;
        cases->measure = cases->event.type->links[LINK_MEASURE];
        cases->informed = layout_slot(cases->event.type->layout, "informed_date");
        cases->verdict = layout_slot(cases->event.type->layout, "verdict_date");
        if (cases->measure >= 0 && cases->informed >= 0 && cases->verdict >= 0)
                return 0;
        error_set(err, "measure-started.avsc lacks measure_id, informed_date or verdict_date; put back the file that ketenwacht ships");
        return -EINVAL;
}

void timers_cases_done(struct timers_cases *cases) {
        arena_free(cases->arena);
        *cases = (struct timers_cases){0};
}

/* Ids that look random, as version 4 ones do: the same for the same number. */
static struct uuid id_of(uint64_t number, uint64_t what) {
        uint8_t random[16];

        for (size_t half = 0; half < 2; half++) {
                uint64_t z = (number * 6 + what * 2 + half + 1) * UINT64_C(0x9e3779b97f4a7c15);

                z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
                z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
                z ^= z >> 31;
                memcpy(random + 8 * half, &z, sizeof(z));
        }
        return uuid_v4(random);
}

const struct event *timers_case(struct timers_cases *cases, uint64_t number) {
        struct slot *slots = cases->event.slots;
        day_t day = cases->first_day + (day_t)(number % DAYS_OF_STARTS);

        slots[SLOT_EVENT_ID].u = id_of(number, 0);
        slots[SLOT_CASE_ID].u = id_of(number, 1);
        slots[cases->measure].u = id_of(number, 2);
        slots[cases->informed].i = slots[cases->verdict].i = day;
        slots[SLOT_OCCURRED_AT].i = slots[SLOT_RECORDED_AT].i = date_begin(day) + (instant_t)9 * 3600 * 1000 + (instant_t)(number % 3600000);
        return &cases->event;
}

instant_t timers_midnight(const struct timers_cases *cases, int day) {
        return date_begin(cases->first_day + day);
}
