/* SPDX-License-Identifier: EUPL-1.2 */

/* Judges and prints how the chain stands. Knows no broker. */

#include "survey/status.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "base/vector.h"

#define SENTENCE_MAX 400
#define AGE_TEXT 32
#define FINGERPRINT_TEXT 16
#define NAMED_MAX 3 /* of what a sentence counts */

const char *const status_kind_names[STATUS_KINDS] = {"rules", "connector", "organisation"};
const char *const status_trouble_names[STATUS_TROUBLES] = {"LEADERLESS", "UNDER_REPLICATED", "UNDECIDED"};

static int64_t status_age_s(const struct status_whole *s, instant_t since) {
        return since > 0 && since < s->at ? (s->at - since) / 1000 : 0;
}

/* 45 s, 12 min, 3 h, 9 days: the largest unit of which there are two. */
static const char *status_age_words(int64_t seconds, enum language language, char ret[AGE_TEXT]) {
        if (seconds < 120)
                (void) snprintf(ret, AGE_TEXT, "%" PRId64 " s", seconds);
        else if (seconds < 2 * 3600)
                (void) snprintf(ret, AGE_TEXT, "%" PRId64 " min", seconds / 60);
        else if (seconds < 2 * 86400)
                (void) snprintf(ret, AGE_TEXT, IN_LANGUAGE(language, "%" PRId64 " h", "%" PRId64 " uur"), seconds / 3600);
        else
                (void) snprintf(ret, AGE_TEXT, IN_LANGUAGE(language, "%" PRId64 " days", "%" PRId64 " dagen"), seconds / 86400);
        return ret;
}

static const char *status_age_text(int64_t seconds, char ret[AGE_TEXT]) {
        return status_age_words(seconds, LANGUAGE_EN, ret);
}

struct status_part status_sum(const struct status_consumer *consumer) {
        struct status_part all = {.owned = true};

        for (size_t i = 0; i < consumer->parts_n; i++) {
                const struct status_part *part = &consumer->parts[i];

                all.waiting += part->waiting;
                all.lost += part->lost;
                all.more |= part->more;
                if (part->oldest && (!all.oldest || part->oldest < all.oldest))
                        all.oldest = part->oldest;
        }
        return all;
}

size_t status_unowned(const struct status_consumer *consumer) {
        size_t n = 0;

        for (size_t i = 0; i < consumer->parts_n; i++)
                n += !consumer->parts[i].owned;
        return n;
}

/* -- Judging -- */

struct judging {
        const struct status_whole *status;
        const struct status_limits *limits;
        enum language language;
        struct arena *arena;
        VECTOR(struct status_problem) found;
        bool failed; /* out of memory */
};

#define IN_JUDGING(j, en, nl) IN_LANGUAGE((j)->language, en, nl)

static void judging_tell(struct judging *j, const char *code, const char *about, const char *fmt, ...) PRINTF_LIKE(4, 5);

static void judging_tell(struct judging *j, const char *code, const char *about, const char *fmt, ...) {
        char text[SENTENCE_MAX];
        const char *kept;
        va_list args;

        va_start(args, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, args);
        va_end(args);
        kept = arena_printf(j->arena, "%s", text);
        if (!kept || vector_push(&j->found, (struct status_problem){.code = code, .about = about, .sentence = kept}))
                j->failed = true;
}

/* How long it is since then, in the language of the sentence. */
static const char *judging_age(const struct judging *j, instant_t since, char ret[AGE_TEXT]) {
        return status_age_words(status_age_s(j->status, since), j->language, ret);
}

static void judging_absent(struct judging *j) {
        CLEANUP(buffer_done) struct buffer names = BUFFER_INIT(SENTENCE_MAX);
        size_t n = j->status->absent_n;

        if (n == 0)
                return;
        for (size_t i = 0; i < n && i < NAMED_MAX; i++)
                buffer_printf(&names, "%s%s", i ? ", " : "", j->status->absent[i]);
        if (n > NAMED_MAX)
                buffer_printf(&names, IN_JUDGING(j, " and %zu more", " en nog %zu"), n - NAMED_MAX);
        judging_tell(j, "NO_TOPIC", j->status->absent[0],
                     IN_JUDGING(j, "the broker lacks %zu topic(s): %s; make them with ketenwacht topics apply",
                                "de broker mist %zu topic(s): %s; maak ze met ketenwacht topics apply"), n, buffer_text(&names));
}

static void judging_owners(struct judging *j, const struct status_consumer *consumer) {
        size_t unowned = status_unowned(consumer);

        if (consumer->kind == STATUS_ORGANISATION)
                return; /* others come and go as they like; what counts is what waits for them */
        if (consumer->members == 0)
                judging_tell(j, "NO_OWNER", consumer->group, IN_JUDGING(j, "nobody reads for %s: start %s", "niemand leest voor %s: start %s"), consumer->group,
                             consumer->kind == STATUS_RULES ? "ketenwacht rules"
                                                            : IN_JUDGING(j, "ketenwacht connect with its file", "ketenwacht connect met zijn bestand"));
        else if (unowned > 0)
                judging_tell(j, "NO_OWNER", consumer->group,
                             IN_JUDGING(j, "%zu of %zu partitions of %s have no owner; its members are joining, or cannot: see their logs",
                                        "%zu van %zu partities van %s hebben geen lezer; zijn leden melden zich aan, of kunnen dat niet: zie hun logs"),
                             unowned, consumer->partitions, consumer->group);
}

/* Of a connector that delivers several inboxes: in which of them it is late; else nothing. */
static void judging_where(const struct judging *j, const struct status_consumer *consumer, int64_t limit, struct buffer *out) {
        size_t n = 0;

        if (consumer->kind != STATUS_CONNECTOR || consumer->partitions <= STATUS_ONE_INBOX)
                return;
        for (size_t i = 0; i < consumer->parts_n; i++) {
                const struct status_part *part = &consumer->parts[i];

                if (part->waiting > 0 && status_age_s(j->status, part->oldest) > limit && n++ < NAMED_MAX)
                        buffer_printf(out, "%s%s", n == 1 ? "; in " : ", ", part->topic);
        }
        if (n > NAMED_MAX)
                buffer_printf(out, IN_JUDGING(j, " and %zu more", " en nog %zu"), n - NAMED_MAX);
}

static void judging_consumer(struct judging *j, const struct status_consumer *consumer) {
        const struct status_part all = status_sum(consumer);
        int64_t limit = consumer->kind == STATUS_ORGANISATION ? j->limits->collect_s : j->limits->late_s;
        CLEANUP(buffer_done) struct buffer where = BUFFER_INIT(SENTENCE_MAX);
        char text[AGE_TEXT];

        judging_owners(j, consumer);
        judging_where(j, consumer, limit, &where);
        if (all.waiting > 0 && status_age_s(j->status, all.oldest) > limit)
                judging_tell(j, "LATE", consumer->group,
                             IN_JUDGING(j, "%" PRId64 " records wait for %s, the oldest since %s%s; look at its log and its readyz",
                                        "%" PRId64 " records wachten op %s, het oudste al %s%s; kijk in zijn log en naar zijn readyz"),
                             all.waiting, consumer->group, judging_age(j, all.oldest, text), buffer_text(&where));
        if (all.lost > 0)
                judging_tell(j, "LOST", consumer->group,
                             IN_JUDGING(j, "up to %" PRId64 " records were removed before %s had read them; lengthen the retention, and publish them again",
                                        "tot %" PRId64 " records zijn verwijderd voordat %s ze las; verleng de bewaartermijn, en publiceer ze opnieuw"),
                             all.lost, consumer->group);
}

static void judging_boxes(struct judging *j) {
        const struct status_whole *s = j->status;
        char text[AGE_TEXT];

        for (size_t i = 0; i < s->inboxes_n; i++) {
                const struct status_box *inbox = &s->inboxes[i];

                if (inbox->waiting > 0 && status_age_s(s, inbox->oldest) > j->limits->collect_s)
                        judging_tell(j, "NOT_COLLECTED", inbox->organisation,
                                     IN_JUDGING(j, "nobody ever collected the inbox of %s: %" PRId64 " records, the oldest since %s; let it read, or give it "
                                                "a webhook",
                                                "niemand heeft de inbox van %s ooit opgehaald: %" PRId64 " records, het oudste al %s; laat hem lezen, of "
                                                "geef hem een webhook"),
                                     inbox->organisation, inbox->waiting, judging_age(j, inbox->oldest, text));
        }
        for (size_t i = 0; i < s->outboxes_n; i++) { /* ours to read, as soon as anything stands there */
                const struct status_box *outbox = &s->outboxes[i];

                if (outbox->waiting > 0 && status_age_s(s, outbox->oldest) > j->limits->late_s)
                        judging_tell(j, "NOT_ADMITTED", outbox->organisation,
                                     IN_JUDGING(j, "nobody ever read the outbox of %s: %" PRId64 " records, the oldest since %s; start ketenwacht connect "
                                                "with the file of admission, or start it again when the organisation is new",
                                                "niemand heeft de outbox van %s ooit gelezen: %" PRId64 " records, het oudste al %s; start ketenwacht connect "
                                                "met het bestand van admission, of start het opnieuw als de organisatie nieuw is"),
                                     outbox->organisation, outbox->waiting, judging_age(j, outbox->oldest, text));
        }
}

static void judging_letters(struct judging *j) {
        int64_t n = 0;

        for (size_t i = 0; i < j->status->letters_n; i++)
                n += j->status->letters[i].n;
        if (n > j->limits->letters)
                judging_tell(j, "DEAD_LETTERS", "dead-letters",
                             IN_JUDGING(j, "%" PRId64 " records were refused since yesterday; ketenwacht dead-letters list says why",
                                        "%" PRId64 " records zijn sinds gisteren geweigerd; ketenwacht dead-letters list zegt waarom"), n);
}

static void judging_stops(struct judging *j) {
        char text[AGE_TEXT];

        for (size_t i = 0; i < j->status->stops_n; i++) {
                const struct status_stop *stop = &j->status->stops[i];

                judging_tell(j, "STOPPED", stop->connector,
                             IN_JUDGING(j, "the deliveries of %s have been stopped for %s; ketenwacht connect --resume FILE goes on",
                                        "de leveringen van %s staan al %s stil; ketenwacht connect --resume FILE gaat verder"),
                             stop->connector, judging_age(j, stop->since, text));
        }
}

/* What was paused on purpose is easily forgotten: so it is wrong until it is resumed. */
static void judging_pauses(struct judging *j) {
        char text[AGE_TEXT];

        for (size_t i = 0; i < j->status->pauses_n; i++) {
                const struct status_pause *pause = &j->status->pauses[i];

                judging_tell(j, "PAUSED", pause->connector,
                             IN_JUDGING(j, "%s was paused by %s %s ago (%.200s); ketenwacht connect --resume FILE lets it go on",
                                        "%s is door %s %s geleden gepauzeerd (%.200s); ketenwacht connect --resume FILE laat hem verder gaan"),
                             pause->connector, pause->by, judging_age(j, pause->since, text), pause->reason);
        }
}

/* Whether the configuration that wrote a partition last said which text it was. */
static bool status_says_fingerprint(const struct status_whole *s, size_t partition) {
        return s->imprints && s->imprints[partition].is_known && s->imprints[partition].version == s->versions[partition];
}

static void judging_version(struct judging *j) {
        const struct status_whole *s = j->status;
        int64_t highest = -1;

        for (size_t i = 0; i < s->versions_n; i++)
                highest = s->versions[i] > highest ? s->versions[i] : highest;
        if (highest > s->version)
                judging_tell(j, "VERSION", "case-state",
                             IN_JUDGING(j, "workers write by version %" PRId64 " of the configuration, and the one at hand is %" PRId64 ": it is an old one",
                                        "workers schrijven volgens versie %" PRId64 " van de configuratie, en die hier is %" PRId64 ": dat is een oude"),
                             highest, s->version);
        for (size_t i = 0; i < s->versions_n; i++) {
                if (s->versions[i] != s->version || !status_says_fingerprint(s, i) || s->imprints[i].fingerprint == s->fingerprint)
                        continue;
                judging_tell(j, "VERSION", "case-state",
                             IN_JUDGING(j, "partition %zu was written by another configuration of version %" PRId64
                                        " than the one at hand: raise config/version, or bring it up to date",
                                        "partitie %zu is geschreven door een andere configuratie van versie %" PRId64
                                        " dan die hier: verhoog config/version, of breng hem bij"), i, s->version);
                return;
        }
}

static void judging_calendar(struct judging *j) {
        int64_t days = j->status->calendar_until - date_of_instant(j->status->at);
        char until[DATE_TEXT + 1];

        if (days > j->limits->calendar_days)
                return;
        date_format(j->status->calendar_until, until);
        judging_tell(j, "CALENDAR", "calendar.yaml",
                     IN_JUDGING(j, "the calendar knows no working days from %s on, so terms that end later have no due date; add the year",
                                "de kalender kent vanaf %s geen werkdagen, dus termijnen die later eindigen hebben geen datum; voeg het jaar toe"), until);
}

/* Whether a trouble is one already: transactions are open all the time, for a while. */
static bool judging_counts(const struct judging *j, const struct status_trouble *trouble, enum status_trouble_kind kind) {
        return trouble->kind == kind && (kind != STATUS_UNDECIDED || status_age_s(j->status, trouble->since) > j->limits->hanging_s);
}

static void judging_tell_trouble(struct judging *j, enum status_trouble_kind kind, const char *about, size_t n, const char *places, const char *age) {
        switch (kind) {
        case STATUS_LEADERLESS:
                judging_tell(j, "LEADERLESS", about,
                             IN_JUDGING(j, "%zu partition(s) have no leader, so nobody can read or write them: %s; is a broker down?",
                                        "%zu partitie(s) hebben geen leider, dus niemand kan er lezen of schrijven: %s; ligt er een broker uit?"), n, places);
                break;
        case STATUS_UNDER_REPLICATED:
                judging_tell(j, "UNDER_REPLICATED", about,
                             IN_JUDGING(j, "%zu partition(s) have fewer copies in step than they should: %s; is a broker down, or slow?",
                                        "%zu partitie(s) hebben minder bijgewerkte kopieën dan nodig: %s; ligt er een broker uit, of is hij traag?"),
                             n, places);
                break;
        case STATUS_UNDECIDED:
                judging_tell(j, "HANGING", about,
                             IN_JUDGING(j, "a transaction hangs in %zu partition(s), so nobody reads on there: %s; the oldest since %s; end its writer, or "
                                        "kafka-transactions.sh abort",
                                        "er hangt een transactie in %zu partitie(s), dus niemand leest daar verder: %s; de oudste al %s; stop de schrijver, of "
                                        "kafka-transactions.sh abort"), n, places, age);
                break;
        }
}

static void judging_troubles(struct judging *j, enum status_trouble_kind kind) {
        CLEANUP(buffer_done) struct buffer places = BUFFER_INIT(SENTENCE_MAX);
        const struct status_whole *s = j->status;
        const char *about = NULL;
        instant_t oldest = 0;
        char age[AGE_TEXT];
        size_t n = 0;

        for (size_t i = 0; i < s->troubles_n; i++) {
                const struct status_trouble *trouble = &s->troubles[i];

                if (!judging_counts(j, trouble, kind))
                        continue;
                about = about ? about : trouble->topic;
                oldest = !oldest || trouble->since < oldest ? trouble->since : oldest;
                if (n++ < NAMED_MAX)
                        buffer_printf(&places, "%s%.60s %d", n > 1 ? ", " : "", trouble->topic, (int)trouble->partition);
        }
        if (n > 0)
                judging_tell_trouble(j, kind, about, n, buffer_text(&places), judging_age(j, oldest, age));
}

int status_judge(const struct status_whole *status, const struct status_limits *limits, enum language language, struct arena *arena,
                 struct status_problems *ret) {
        struct judging j = {.status = status, .limits = limits, .language = language, .arena = arena};
        struct status_problem *items;

        for (enum status_trouble_kind kind = 0; kind < STATUS_TROUBLES; kind++)
                judging_troubles(&j, kind);
        judging_absent(&j);
        for (size_t i = 0; i < status->consumers_n; i++)
                judging_consumer(&j, &status->consumers[i]);
        judging_boxes(&j);
        judging_letters(&j);
        judging_stops(&j);
        judging_pauses(&j);
        judging_version(&j);
        judging_calendar(&j);
        items = arena_calloc(arena, j.found.n + 1, sizeof(*items));
        if (items && j.found.n > 0)
                memcpy(items, j.found.items, j.found.n * sizeof(*items));
        *ret = (struct status_problems){items, j.found.n};
        vector_done(&j.found);
        return items && !j.failed ? 0 : -ENOMEM;
}

/* -- JSON -- */

/* What waits; the age only when something does. */
static void status_put_waiting(struct json_writer *w, const struct status_whole *s, const struct status_part *part) {
        jsonw_put_int(w, "waiting", part->waiting);
        if (part->more)
                jsonw_put_bool(w, "estimated", true);
        if (part->oldest)
                jsonw_put_int(w, "oldest_seconds", status_age_s(s, part->oldest));
        if (part->lost)
                jsonw_put_int(w, "lost", part->lost);
}

static void status_put_consumer(struct json_writer *w, const struct status_whole *s, const struct status_consumer *consumer) {
        const struct status_part all = status_sum(consumer);

        jsonw_open_object(w);
        jsonw_put_string(w, "group", consumer->group);
        jsonw_put_string(w, "kind", status_kind_names[consumer->kind]);
        jsonw_put_int(w, "members", (int64_t)consumer->members);
        jsonw_put_int(w, "partitions", (int64_t)consumer->partitions);
        jsonw_put_int(w, "unowned", (int64_t)status_unowned(consumer));
        status_put_waiting(w, s, &all);
        jsonw_key(w, "parts");
        jsonw_open_array(w);
        for (size_t i = 0; i < consumer->parts_n; i++) {
                const struct status_part *part = &consumer->parts[i];

                if (part->waiting == 0 && part->lost == 0)
                        continue;
                jsonw_open_object(w);
                jsonw_put_string(w, "topic", part->topic);
                jsonw_put_int(w, "partition", part->partition);
                status_put_waiting(w, s, part);
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
        jsonw_close_object(w);
}

static void status_put_counts(struct json_writer *w, const char *key, const struct status_count *counts, size_t n) {
        jsonw_key(w, key);
        jsonw_open_object(w);
        for (size_t i = 0; i < n; i++)
                jsonw_put_int(w, counts[i].name, counts[i].n);
        jsonw_close_object(w);
}

static void status_put_problems(struct json_writer *w, const struct status_problems *problems) {
        jsonw_put_bool(w, "ok", problems->n == 0);
        jsonw_key(w, "problems");
        jsonw_open_array(w);
        for (size_t i = 0; i < problems->n; i++) {
                jsonw_open_object(w);
                jsonw_put_string(w, "code", problems->items[i].code);
                jsonw_put_string(w, "about", problems->items[i].about);
                jsonw_put_string(w, "problem", problems->items[i].sentence);
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
}

static void status_put_pauses(struct json_writer *w, const struct status_whole *s) {
        jsonw_key(w, "paused");
        jsonw_open_array(w);
        for (size_t i = 0; i < s->pauses_n; i++) {
                jsonw_open_object(w);
                jsonw_put_string(w, "connector", s->pauses[i].connector);
                instant_put(w, "since", s->pauses[i].since);
                jsonw_put_string(w, "by", s->pauses[i].by);
                jsonw_put_string(w, "reason", s->pauses[i].reason);
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
}

static void status_put_boxes(struct json_writer *w, const struct status_whole *s, const char *key, const struct status_box *boxes, size_t n) {
        jsonw_key(w, key);
        jsonw_open_array(w);
        for (size_t i = 0; i < n; i++) {
                jsonw_open_object(w);
                jsonw_put_string(w, "organisation", boxes[i].organisation);
                status_put_waiting(w, s, &(struct status_part){.waiting = boxes[i].waiting, .oldest = boxes[i].oldest, .more = boxes[i].more});
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
}

/* Of partitions that are not well, what Kafka says; an open transaction is none as long as it is young. */
static void status_put_troubles(struct json_writer *w, const struct status_whole *s) {
        jsonw_key(w, "partitions_in_trouble");
        jsonw_open_array(w);
        for (size_t i = 0; i < s->troubles_n; i++) {
                const struct status_trouble *trouble = &s->troubles[i];

                jsonw_open_object(w);
                jsonw_put_string(w, "topic", trouble->topic);
                jsonw_put_int(w, "partition", trouble->partition);
                jsonw_put_string(w, "trouble", status_trouble_names[trouble->kind]);
                jsonw_put_int(w, "replicas", trouble->replicas);
                jsonw_put_int(w, "in_sync", trouble->in_sync);
                if (trouble->since)
                        jsonw_put_int(w, "open_seconds", status_age_s(s, trouble->since));
                if (trouble->held)
                        jsonw_put_int(w, "held", trouble->held);
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
}

static void status_put_lists(struct json_writer *w, const struct status_whole *s) {
        jsonw_key(w, "consumers");
        jsonw_open_array(w);
        for (size_t i = 0; i < s->consumers_n; i++)
                status_put_consumer(w, s, &s->consumers[i]);
        jsonw_close_array(w);
        status_put_boxes(w, s, "not_collected", s->inboxes, s->inboxes_n);
        status_put_boxes(w, s, "not_admitted", s->outboxes, s->outboxes_n);
        jsonw_key(w, "stopped");
        jsonw_open_array(w);
        for (size_t i = 0; i < s->stops_n; i++) {
                jsonw_open_object(w);
                jsonw_put_string(w, "connector", s->stops[i].connector);
                instant_put(w, "since", s->stops[i].since);
                jsonw_put_int(w, "inbox_offset", s->stops[i].offset);
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
        status_put_pauses(w, s);
        status_put_troubles(w, s);
}

/* "" and false when it is not known. */
static bool status_fingerprint(const struct status_whole *s, size_t partition, char ret[FINGERPRINT_TEXT + 1]) {
        ret[0] = '\0';
        if (!status_says_fingerprint(s, partition))
                return false;
        (void) snprintf(ret, FINGERPRINT_TEXT + 1, "%016" PRIx64, s->imprints[partition].fingerprint);
        return true;
}

static void status_put_fingerprints(struct json_writer *w, const struct status_whole *s) {
        char text[FINGERPRINT_TEXT + 1];

        (void) snprintf(text, sizeof(text), "%016" PRIx64, s->fingerprint);
        jsonw_put_string(w, "fingerprint", text);
        jsonw_key(w, "fingerprints");
        jsonw_open_array(w);
        for (size_t i = 0; i < s->versions_n; i++) {
                if (status_fingerprint(s, i, text))
                        jsonw_string(w, text);
                else
                        jsonw_null(w);
        }
        jsonw_close_array(w);
}

void status_put_json(const struct status_whole *s, const struct status_problems *problems, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);
        char until[DATE_TEXT + 1];

        date_format(s->calendar_until, until);
        jsonw_open_object(&w);
        instant_put(&w, "at", s->at);
        status_put_problems(&w, problems);
        status_put_lists(&w, s);
        status_put_counts(&w, "open_alerts", s->alerts, s->alerts_n);
        instant_put(&w, "dead_letters_since", s->letters_since);
        status_put_counts(&w, "dead_letters", s->letters, s->letters_n);
        jsonw_put_int(&w, "version", s->version);
        jsonw_key(&w, "versions");
        jsonw_open_array(&w);
        for (size_t i = 0; i < s->versions_n; i++) {
                if (s->versions[i] < 0)
                        jsonw_null(&w);
                else
                        jsonw_int(&w, s->versions[i]);
        }
        jsonw_close_array(&w);
        status_put_fingerprints(&w, s);
        jsonw_put_string(&w, "calendar_until", until);
        jsonw_close_object(&w);
}

/* -- Text -- */

static void status_line_waiting(const struct status_whole *s, const struct status_part *part, struct buffer *out) {
        char text[AGE_TEXT];

        buffer_printf(out, "%s%" PRId64 " waiting", part->more ? "about " : "", part->waiting);
        if (part->oldest)
                buffer_printf(out, ", the oldest since %s", status_age_text(status_age_s(s, part->oldest), text));
        buffer_printf(out, "\n");
}

static void status_line_boxes(const struct status_whole *s, const char *title, const struct status_box *boxes, size_t n, struct buffer *out) {
        for (size_t i = 0; i < n; i++) {
                buffer_printf(out, "%s: %s, ", title, boxes[i].organisation);
                status_line_waiting(s, &(struct status_part){.waiting = boxes[i].waiting, .oldest = boxes[i].oldest, .more = boxes[i].more}, out);
        }
}

static void status_line_counts(const char *title, const struct status_count *counts, size_t n, struct buffer *out) {
        buffer_printf(out, "%s:", title);
        for (size_t i = 0; i < n; i++)
                buffer_printf(out, "%s %s %" PRId64, i ? "," : "", counts[i].name, counts[i].n);
        buffer_printf(out, "%s\n", n ? "" : " none");
}

static void status_line_versions(const struct status_whole *s, struct buffer *out) {
        char text[FINGERPRINT_TEXT + 1];

        buffer_printf(out, "configuration: version %" PRId64 "/%016" PRIx64 " here; by partition of case-state:", s->version, s->fingerprint);
        for (size_t i = 0; i < s->versions_n; i++) {
                if (s->versions[i] < 0)
                        buffer_printf(out, " -");
                else
                        buffer_printf(out, " %" PRId64 "%s%s", s->versions[i], status_fingerprint(s, i, text) ? "/" : "", text);
        }
        buffer_printf(out, "\n");
}

void status_put_text(const struct status_whole *s, const struct status_problems *problems, struct buffer *out) {
        char date[DATE_TEXT + 1], text[AGE_TEXT];

        if (problems->n == 0)
                buffer_printf(out, "all is well\n");
        for (size_t i = 0; i < problems->n; i++)
                buffer_printf(out, "wrong: %s (%s)\n", problems->items[i].sentence, problems->items[i].code);
        for (size_t i = 0; i < s->consumers_n; i++) {
                const struct status_consumer *consumer = &s->consumers[i];
                const struct status_part all = status_sum(consumer);

                buffer_printf(out, "%s %s: %zu member%s, ", status_kind_names[consumer->kind], consumer->group, consumer->members,
                              consumer->members == 1 ? "" : "s");
                if (status_unowned(consumer) > 0)
                        buffer_printf(out, "%zu of %zu partitions without an owner, ", status_unowned(consumer), consumer->partitions);
                status_line_waiting(s, &all, out);
        }
        status_line_boxes(s, "never collected", s->inboxes, s->inboxes_n, out);
        status_line_boxes(s, "never admitted", s->outboxes, s->outboxes_n, out);
        for (size_t i = 0; i < s->stops_n; i++)
                buffer_printf(out, "stopped: %s since %s, at inbox offset %" PRId64 "\n", s->stops[i].connector,
                              status_age_text(status_age_s(s, s->stops[i].since), text), s->stops[i].offset);
        for (size_t i = 0; i < s->pauses_n; i++)
                buffer_printf(out, "paused: %s since %s, by %s: %s\n", s->pauses[i].connector,
                              status_age_text(status_age_s(s, s->pauses[i].since), text), s->pauses[i].by, s->pauses[i].reason);
        for (size_t i = 0; i < s->troubles_n; i++)
                buffer_printf(out, "%s: %s partition %d, %d of %d copies in step\n", status_trouble_names[s->troubles[i].kind], s->troubles[i].topic,
                              (int)s->troubles[i].partition, s->troubles[i].in_sync, s->troubles[i].replicas);
        status_line_counts("open alerts", s->alerts, s->alerts_n, out);
        status_line_counts("dead letters since yesterday", s->letters, s->letters_n, out);
        status_line_versions(s, out);
        date_format(s->calendar_until, date);
        buffer_printf(out, "the calendar lacks the year from %s on\n", date);
}
