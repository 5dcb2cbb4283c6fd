/* SPDX-License-Identifier: EUPL-1.2 */

/* Says steps of trails. */

#include "survey/trail_say.h"

#include <inttypes.h>

#include "calendar/explain.h"
#include "model/norm.h"

/* -- For a person -- */

#define STEP_SAY(en, nl) IN_LANGUAGE(language, en, nl)

static void step_say_type(const struct trail_step *step, enum language language, struct buffer *out) {
        if (!step->type)
                buffer_add_text(out, STEP_SAY("a message that cannot be read", "een bericht dat niet te lezen is"));
        else if (language == LANGUAGE_NL)
                event_type_print_dutch(step->type, out);
        else
                buffer_add_text(out, step->type->name);
}

static void step_say_organisation(const struct organisation *org, const struct organisations *orgs, enum language language, struct buffer *out) {
        if (org)
                organisations_print(orgs, text_of(org->id), out);
        else
                buffer_add_text(out, STEP_SAY("an unknown organisation", "een onbekende organisatie"));
}

static void step_say_redriven(const struct trail_step *step, enum language language, struct buffer *out) {
        if (step->redriven)
                buffer_printf(out, STEP_SAY(", sent again for the %" PRId64 ". time", ", voor de %" PRId64 "e keer opnieuw ingezonden"), step->redriven);
}

static void step_say_refusal(const struct trail_step *step, struct buffer *out) {
        if (step->code)
                buffer_printf(out, " (%s): %s", step->code, step->text ? step->text : "");
}

static void step_say_published(const struct trail_step *step, const struct organisations *orgs, enum language language, struct buffer *out) {
        static const char *const nl[FATE_STATES] = {
                [FATE_WAITING] = "wacht op de regels", [FATE_FACT] = "aanvaard", [FATE_DUPLICATE] = "herhaling, zonder gevolg", [FATE_REFUSED] = "geweigerd"};
        static const char *const en[FATE_STATES] = {[FATE_WAITING] = "waits for the rules", [FATE_FACT] = "accepted",
                                                    [FATE_DUPLICATE] = "a repetition, without effect", [FATE_REFUSED] = "refused"};

        buffer_add_text(out, STEP_SAY("came in: ", "ingekomen: "));
        step_say_type(step, language, out);
        buffer_add_text(out, STEP_SAY(" of ", " van "));
        step_say_organisation(step->source, orgs, language, out);
        step_say_redriven(step, language, out);
        if (step->judged)
                buffer_printf(out, ": %s", STEP_SAY(en[step->state], nl[step->state]));
        step_say_refusal(step, out);
}

static void step_say_written(const struct trail_step *step, const struct organisations *orgs, enum language language, struct buffer *out) {
        buffer_add_text(out, STEP_SAY("in the outbox of ", "in het uitvak van "));
        step_say_organisation(step->source, orgs, language, out);
        buffer_add_text(out, ": ");
        step_say_type(step, language, out);
        step_say_redriven(step, language, out);
        if (step->judged && step->admitted)
                buffer_add_text(out, STEP_SAY("; admission has read it", "; de toelating heeft het gelezen"));
        else if (step->judged)
                buffer_add_text(out, STEP_SAY("; waits for admission", "; wacht op toelating"));
}

static void step_say_told(const struct trail_step *step, const struct organisations *orgs, enum language language, struct buffer *out) {
        const struct posting *posting = step->posting;

        buffer_add_text(out, STEP_SAY("in the inbox of ", "in het postvak van "));
        step_say_organisation(step->receiver, orgs, language, out);
        if (step->role)
                buffer_printf(out, STEP_SAY(", as %s", ", als %s"), STEP_SAY(step->role, role_dutch(step->role)));
        buffer_add_text(out, ": ");
        step_say_type(step, language, out);
        if (posting->norm)
                buffer_printf(out, STEP_SAY(", norm %s, instance %s", ", norm %s, kenmerk %s"), posting->norm, posting->instance);
        if (step->rung)
                buffer_printf(out, STEP_SAY(", rung %" PRId64, ", trede %" PRId64), step->rung);
        if (step->word)
                buffer_printf(out, ", %s", step->word);
        step_say_refusal(step, out);
        for (size_t i = 0; i < posting->n; i++) {
                if (posting->outcomes[i].state > POSTING_COLLECTED)
                        continue; /* that is a step of its own */
                buffer_add_text(out, "; ");
                posting_outcome_print(&posting->outcomes[i], true, language, out);
        }
}

static void step_say_letter(const struct trail_step *step, enum language language, struct buffer *out) {
        if (step->kind == TRAIL_SENT_AGAIN) {
                buffer_add_text(out, STEP_SAY("dead letter sent again; by whom and why stands in audit",
                                              "dode letter opnieuw ingezonden; door wie en waarom staat in audit"));
                return;
        }
        buffer_add_text(out, STEP_SAY("dead letter: ", "dode letter: "));
        step_say_type(step, language, out);
        if (step->code)
                buffer_printf(out, ", %s (%s): %s", step->code, step->stage, step->text);
}

void trail_say_step(const struct trail_step *step, const struct organisations *organisations, enum language language, struct buffer *out) {
        switch (step->kind) {
        case TRAIL_WRITTEN:
                step_say_written(step, organisations, language, out);
                return;
        case TRAIL_PUBLISHED:
                step_say_published(step, organisations, language, out);
                return;
        case TRAIL_FACT:
                buffer_add_text(out, STEP_SAY("recorded as a fact: ", "vastgelegd als feit: "));
                step_say_type(step, language, out);
                return;
        case TRAIL_TOLD:
                step_say_told(step, organisations, language, out);
                return;
        case TRAIL_DELIVERY:
                buffer_add_text(out, STEP_SAY("delivery to ", "bezorging aan "));
                step_say_organisation(step->receiver, organisations, language, out);
                buffer_add_text(out, ": ");
                posting_outcome_print(&step->outcome, true, language, out);
                return;
        case TRAIL_LETTER:
        case TRAIL_SENT_AGAIN:
                step_say_letter(step, language, out);
                return;
        case TRAIL_KINDS:
                return;
        }
}

void trail_say_place(const struct trail_step *step, struct buffer *out) {
        buffer_printf(out, "%s/%" PRId32 "/%" PRId64, step->topic, step->partition, step->offset);
}

/* -- For a program -- */

static void say_put_uuid(struct json_writer *w, const char *key, const struct uuid *id) {
        const struct uuid none = {{0}};
        char text[UUID_TEXT + 1];

        uuid_format(id, text);
        if (!uuid_equal(id, &none))
                jsonw_put_string(w, key, text);
}

static void say_put_string(struct json_writer *w, const char *key, const char *value) {
        if (value)
                jsonw_put_string(w, key, value);
}

static void say_put_told(const struct trail_step *step, struct json_writer *w) {
        const struct posting *posting = step->posting;
        char date[DATE_TEXT + 1];

        say_put_string(w, "role", step->role);
        say_put_string(w, "protocol", posting->protocol);
        say_put_string(w, "norm", posting->norm);
        say_put_string(w, "instance", posting->instance);
        say_put_uuid(w, "alert_id", &posting->alert_id);
        if (posting->norm) {
                date_format(posting->due_date, date);
                jsonw_put_string(w, "due_date", date);
        }
        if (step->rung)
                jsonw_put_int(w, "rung", step->rung);
        say_put_string(w, step->rung ? "reason" : "stage", step->word);
        say_put_uuid(w, "refused", &step->refused);
        posting_put(posting, w);
}

static void say_put_delivery(const struct posting_outcome *outcome, struct json_writer *w) {
        jsonw_put_string(w, "state", posting_state_names[outcome->state]);
        say_put_string(w, "by", outcome->by);
        if (outcome->status)
                jsonw_put_int(w, "status", outcome->status);
        jsonw_put_int(w, "attempts", outcome->attempts);
}

void trail_put_step(const struct trail_step *step, struct json_writer *w) {
        char at[INSTANT_TEXT + 1];

        instant_format_exact(step->at, at);
        jsonw_open_object(w);
        jsonw_put_string(w, "step", trail_kind_names[step->kind]);
        jsonw_put_string(w, "at", at);
        say_put_string(w, "event", step->type ? step->type->name : NULL);
        say_put_uuid(w, "event_id", &step->event_id);
        say_put_uuid(w, "case_id", &step->case_id);
        say_put_string(w, "source", step->source ? step->source->id : NULL);
        say_put_string(w, "to", step->receiver ? step->receiver->id : NULL);
        jsonw_put_string(w, "topic", step->topic);
        jsonw_put_int(w, "partition", step->partition);
        jsonw_put_int(w, "offset", step->offset);
        if (step->judged)
                jsonw_put_string(w, "state", step->kind == TRAIL_PUBLISHED ? fate_state_names[step->state] : step->admitted ? "read" : "waiting");
        if (step->redriven)
                jsonw_put_int(w, "redriven", step->redriven);
        say_put_string(w, "stage", step->stage);
        say_put_string(w, "code", step->code);
        say_put_string(w, "text", step->text);
        if (step->kind == TRAIL_TOLD)
                say_put_told(step, w);
        if (step->kind == TRAIL_DELIVERY)
                say_put_delivery(&step->outcome, w);
        jsonw_close_object(w);
}
