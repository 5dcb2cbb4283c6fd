/* SPDX-License-Identifier: EUPL-1.2 */

/* Filters of dead letters: read, kept and written. */

#include "console/letters_query.h"

#include <assert.h>
#include <string.h>

#include "web/html.h"

enum letters_query_field { QUERY_CODE, QUERY_STAGE, QUERY_TOPIC, QUERY_ORGANISATION, QUERY_FROM, QUERY_SENT, QUERY_LETTER };
static const char *const letters_query_names[LETTERS_QUERY_FIELDS] = {"code", "stage", "topic", "organisation", "from", "sent", "letter"};
_Static_assert(QUERY_LETTER + 1 == LETTERS_QUERY_FIELDS, "each field has a name");

bool letters_place_read(const char *text, int32_t *ret_partition, int64_t *ret_offset) {
        const char *slash = strchr(text, '/');
        int64_t partition = 0;

        if (slash && !text_to_int64((struct text){text, (size_t)(slash - text)}, &partition))
                return false;
        *ret_partition = (int32_t)partition;
        return text_to_int64(text_of(slash ? slash + 1 : text), ret_offset) && *ret_offset >= 0 && partition >= 0 && partition < BUS_PARTITIONS_MAX;
}

static const char *letters_query_given(const struct letters_query *query, enum letters_query_field field) {
        return query->texts[field][0] ? query->texts[field] : NULL;
}

/* Return: NULL; or the name of the field that cannot be. */
static const char *letters_query_understand(struct letters_query *query) {
        struct letters_filter *filter = &query->filter;
        const char *from = letters_query_given(query, QUERY_FROM), *sent = letters_query_given(query, QUERY_SENT);
        const char *place = letters_query_given(query, QUERY_LETTER);
        day_t day;

        *filter = (struct letters_filter){
                .code = letters_query_given(query, QUERY_CODE),
                .stage = letters_query_given(query, QUERY_STAGE),
                .topic = letters_query_given(query, QUERY_TOPIC),
                .organisation = letters_query_given(query, QUERY_ORGANISATION),
        };
        if (from && !instant_parse(text_of(from), &filter->from)) {
                if (!date_parse(text_of(from), &day))
                        return letters_query_names[QUERY_FROM];
                filter->from = date_begin(day);
        }
        if (sent && strcmp(sent, "no") != 0 && strcmp(sent, "back") != 0)
                return letters_query_names[QUERY_SENT];
        filter->unsent = sent && strcmp(sent, "no") == 0;
        filter->returned = sent && strcmp(sent, "back") == 0;
        if (place && !letters_place_read(place, &filter->partition, &filter->offset))
                return letters_query_names[QUERY_LETTER];
        filter->one = place != NULL;
        return NULL;
}

const char *letters_query_read(const struct web_request *request, letters_query_value *value, struct letters_query *ret) {
        *ret = (struct letters_query){0};
        for (size_t i = 0; i < LETTERS_QUERY_FIELDS; i++) {
                const char *given = value(request, letters_query_names[i]);

                if (given && strlen(given) >= sizeof(ret->texts[i]))
                        return letters_query_names[i];
                if (given)
                        memcpy(ret->texts[i], given, strlen(given) + 1);
        }
        return letters_query_understand(ret);
}

void letters_query_copy(const struct letters_query *query, struct letters_query *ret) {
        const instant_t until = query->filter.until;
        const char *wrong;

        memcpy(ret->texts, query->texts, sizeof(ret->texts));
        wrong = letters_query_understand(ret);
        assert(!wrong);
        (void) wrong;
        ret->filter.until = until;
}

bool letters_query_text(const struct letters_query *query, char ret[LETTERS_QUERY_TEXT_MAX]) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(LETTERS_QUERY_TEXT_MAX - 1);
        const char *text;

        for (size_t i = 0; i < LETTERS_QUERY_FIELDS; i++) {
                if (!query->texts[i][0])
                        continue;
                buffer_printf(&out, "%s%s=", out.n > 0 ? "&" : "", letters_query_names[i]);
                html_percent(&out, text_of(query->texts[i]));
        }
        text = out.failed ? "" : buffer_text(&out);
        memcpy(ret, text, strlen(text) + 1);
        return !out.failed;
}

void letters_query_hidden(const struct letters_query *query, struct html *h) {
        for (size_t i = 0; i < LETTERS_QUERY_FIELDS; i++) {
                if (query->texts[i][0])
                        part_hidden(h, letters_query_names[i], query->texts[i]);
        }
}

void letters_query_fields(const struct exchange *x, const struct letters_query *query, struct html *h) {
        const struct part_choice sent[] = {
                {"", SAY(x, "all", "alle")},
                {"no", SAY(x, "not sent again", "niet opnieuw verstuurd")},
                {"back", SAY(x, "came back after being sent again", "teruggekomen na opnieuw versturen")},
        };

        part_field(h, letters_query_names[QUERY_CODE], SAY(x, "Code", "Code"), letters_query_given(query, QUERY_CODE));
        part_field(h, letters_query_names[QUERY_TOPIC], SAY(x, "Topic", "Topic"), letters_query_given(query, QUERY_TOPIC));
        part_field(h, letters_query_names[QUERY_ORGANISATION], SAY(x, "Source or receiver", "Bron of ontvanger"),
                   letters_query_given(query, QUERY_ORGANISATION));
        part_field(h, letters_query_names[QUERY_STAGE], SAY(x, "Stage", "Stap"), letters_query_given(query, QUERY_STAGE));
        part_field(h, letters_query_names[QUERY_FROM], SAY(x, "Since (date)", "Sinds (datum)"), letters_query_given(query, QUERY_FROM));
        part_select(h, letters_query_names[QUERY_SENT], SAY(x, "Which", "Welke"), query->texts[QUERY_SENT], sent, ELEMENTS(sent));
}
