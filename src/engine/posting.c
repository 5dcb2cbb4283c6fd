/* SPDX-License-Identifier: EUPL-1.2 */

/* Says what became of a record in an inbox. */

#include "engine/posting.h"

#include <string.h>

#include "calendar/explain.h"

const char *const posting_state_names[POSTING_STATES] = {
        [POSTING_WAITS] = "waiting",     [POSTING_UNREAD] = "unread", [POSTING_COLLECTED] = "collected", [POSTING_DELIVERED] = "delivered",
        [POSTING_REFUSED] = "refused", [POSTING_PARKED] = "parked", [POSTING_AGAIN] = "sent-again",
};

const char *const posting_cause_names[POSTING_CAUSES] = {
        [POSTING_NOT_RUNNING] = "not-running", [POSTING_STOPPED] = "stopped", [POSTING_PAUSED] = "paused"};

const struct posting *postings_find(const struct postings *postings, const struct uuid *event_id, struct text organisation) {
        for (size_t i = postings->n; i-- > 0;) {
                const struct posting *posting = postings->items[i];

                if (uuid_equal(&posting->event_id, event_id) && text_is(organisation, posting->organisation))
                        return posting;
        }
        return NULL;
}

/* --- for a person --- */

#define POSTING_SAY(en, nl) IN_LANGUAGE(language, en, nl)

static void posting_say_instant(const char *before, instant_t at, enum language language, struct buffer *out) {
        buffer_add_text(out, before);
        instant_print(at, language, out);
}

static void posting_say_tries(int attempts, enum language language, struct buffer *out) {
        buffer_printf(out, "%d %s", attempts, attempts == 1 ? POSTING_SAY("try", "poging") : POSTING_SAY("tries", "pogingen"));
}

static void posting_say_delivered(const struct posting_outcome *o, enum language language, struct buffer *out) {
        posting_say_instant(POSTING_SAY("delivered on ", "afgeleverd op "), o->at, language, out);
        buffer_add_text(out, " (");
        if (o->status)
                buffer_printf(out, "%d, ", o->status);
        posting_say_tries(o->attempts, language, out);
        buffer_add_text(out, ")");
}

static void posting_say_parked(const struct posting_outcome *o, enum language language, struct buffer *out) {
        if (o->attempts == 0) {
                posting_say_instant(POSTING_SAY("unreadable, put aside on ", "onleesbaar, opzij gelegd op "), o->at, language, out);
                return;
        }
        buffer_add_text(out, POSTING_SAY("not delivered: given up after ", "niet afgeleverd: opgegeven na "));
        posting_say_tries(o->attempts, language, out);
        if (o->status)
                buffer_printf(out, " (%d)", o->status);
        posting_say_instant(POSTING_SAY(" on ", " op "), o->at, language, out);
}

static void posting_say_cause(const struct posting_outcome *o, enum language language, struct buffer *out) {
        static const char *const nl[POSTING_CAUSES] = {[POSTING_NOT_RUNNING] = "draait niet",
                                                       [POSTING_STOPPED] = "staat stil: de ontvanger wil geen berichten meer (410)",
                                                       [POSTING_PAUSED] = "is door beheer gepauzeerd"};
        static const char *const en[POSTING_CAUSES] = {[POSTING_NOT_RUNNING] = "does not run",
                                                       [POSTING_STOPPED] = "stands still: the receiver wants no more messages (410)",
                                                       [POSTING_PAUSED] = "was paused by an operator"};

        buffer_printf(out, "; %s %s", o->by, POSTING_SAY(en[o->cause], nl[o->cause]));
}

static const char *posting_by(enum posting_state state, enum language language) {
        switch (state) {
        case POSTING_WAITS:
                return POSTING_SAY("for", "op");
        case POSTING_AGAIN:
                return POSTING_SAY("to", "aan");
        case POSTING_UNREAD:
        case POSTING_COLLECTED:
        case POSTING_DELIVERED:
        case POSTING_REFUSED:
        case POSTING_PARKED:
        case POSTING_STATES:
                break;
        }
        return POSTING_SAY("by", "door");
}

void posting_outcome_print(const struct posting_outcome *o, bool with_reader, enum language language, struct buffer *out) {
        switch (o->state) {
        case POSTING_WAITS:
                posting_say_instant(POSTING_SAY("waits since ", "wacht sinds "), o->at, language, out);
                break;
        case POSTING_UNREAD:
                posting_say_instant(POSTING_SAY("waits since ", "wacht sinds "), o->at, language, out);
                buffer_add_text(out, POSTING_SAY("; nobody reads this inbox", "; niemand leest dit postvak"));
                return;
        case POSTING_COLLECTED:
                buffer_add_text(out, POSTING_SAY("collected", "opgehaald"));
                break;
        case POSTING_DELIVERED:
                posting_say_delivered(o, language, out);
                break;
        case POSTING_REFUSED:
                buffer_add_text(out, POSTING_SAY("refused", "geweigerd"));
                if (o->status)
                        buffer_printf(out, " (%d)", o->status);
                posting_say_instant(POSTING_SAY(" on ", " op "), o->at, language, out);
                break;
        case POSTING_PARKED:
                posting_say_parked(o, language, out);
                break;
        case POSTING_AGAIN:
                posting_say_instant(POSTING_SAY("offered again on ", "opnieuw aangeboden op "), o->at, language, out);
                break;
        case POSTING_STATES:
                break;
        }
        if (o->cause != POSTING_FLOWS && o->by)
                posting_say_cause(o, language, out);
        else if (with_reader && o->by)
                buffer_printf(out, " %s %s", posting_by(o->state, language), o->by);
}

/* Whether "waits since" says already since when it is in the inbox. */
static bool posting_only_waits(const struct posting *posting) {
        return posting->n == 1 && (posting->outcomes[0].state == POSTING_WAITS || posting->outcomes[0].state == POSTING_UNREAD);
}

void posting_print_dutch(const struct posting *posting, struct buffer *out) {
        bool only_waits = posting_only_waits(posting);

        if (!only_waits)
                posting_say_instant("in het postvak op ", posting->at, LANGUAGE_NL, out);
        for (size_t i = 0; i < posting->n; i++) {
                buffer_add_text(out, only_waits ? "" : i == 0 ? ", " : "; ");
                posting_outcome_print(&posting->outcomes[i], posting->n > 1 || posting->outcomes[i].state == POSTING_COLLECTED, LANGUAGE_NL, out);
        }
}

/* --- for a machine --- */

static void posting_put_instant(struct json_writer *w, const char *key, instant_t at) {
        if (at)
                instant_put_exact(w, key, at);
}

static void posting_put_outcome(const struct posting_outcome *o, struct json_writer *w) {
        bool waits = o->state == POSTING_WAITS || o->state == POSTING_UNREAD;

        jsonw_open_object(w);
        jsonw_put_string(w, "state", posting_state_names[o->state]);
        if (o->by)
                jsonw_put_string(w, "by", o->by);
        if (o->cause != POSTING_FLOWS)
                jsonw_put_string(w, "why", posting_cause_names[o->cause]);
        posting_put_instant(w, waits ? "since" : "at", o->at);
        if (o->status)
                jsonw_put_int(w, "status", o->status);
        if (o->attempts)
                jsonw_put_int(w, "attempts", o->attempts);
        jsonw_close_object(w);
}

void posting_put(const struct posting *posting, struct json_writer *w) {
        posting_put_instant(w, "in_inbox", posting->at);
        jsonw_key(w, "delivery");
        jsonw_open_array(w);
        for (size_t i = 0; i < posting->n; i++)
                posting_put_outcome(&posting->outcomes[i], w);
        jsonw_close_array(w);
}
