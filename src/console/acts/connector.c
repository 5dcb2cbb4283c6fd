/* SPDX-License-Identifier: EUPL-1.2 */

/* Forms of a connector, and what is done with them. */

#include "console/acts/connector.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/act.h"
#include "console/acts/acts.h"

#define CONNECTOR_LOCATION_MAX 128
#define CONNECTOR_NOTICE_MAX 512
_Static_assert(ACTS_REASON_MAX <= ORDER_REASON_MAX && PERSON_NAME_MAX <= ORDER_BY_MAX, "who and why can be kept");

static bool connector_is_theirs(const struct exchange *x, const struct connector_row *row) {
        return exchange_may(x, ROLE_BEHEER) && (!x->person->organisation || strcmp(x->person->organisation->id, row->organisation) == 0);
}

/* Of one of several inboxes only that; and whoever belongs to an organisation never touches those of others, which a connector may deliver unseen. */
static bool connector_acts_alone(const struct exchange *x, const struct connector_row *row) {
        return row->organisation[0] && (row->many || x->person->organisation);
}

void connector_pause_form(const struct exchange *x, struct html *h, const struct connector_row *row) {
        if (!connector_is_theirs(x, row) || row->order.pauses)
                return;
        part_act_begin(h, "/verbindingen/pauzeren", x->token);
        part_hidden(h, "connector", row->name);
        acts_put_reason(x, h, NULL);
        part_act_end(h, SAY(x, "Pause", "Pauzeer"), true);
}

void connector_resume_form(const struct exchange *x, struct html *h, const struct connector_row *row) {
        if (!connector_is_theirs(x, row) || (!row->order.pauses && !row->stopped_at) || (row->whole.pauses && x->person->organisation))
                return;
        part_act_begin(h, "/verbindingen/hervatten", x->token);
        part_hidden(h, "connector", row->name);
        acts_put_reason(x, h, NULL);
        part_act_end(h, SAY(x, "Let it go on", "Laat verdergaan"), false);
}

/* -- Doing it -- */

/* What was asked, of a connector that is there for who asks. NULL: it was answered; else the reason. */
static const char *connector_read(struct exchange *x, struct connector_row *ret) {
        const char *name = web_form(x->request, "connector"), *reason = acts_reason(x);

        if (!name || !connectors_find(x->console->connectors, name, ret) || !connector_is_theirs(x, ret)) {
                exchange_not_found(x);
                return NULL;
        }
        if (!reason)
                acts_refuse_reason(x);
        return reason;
}

/* To where it is seen how it stands. */
static void connector_answer(struct exchange *x, const struct connector_row *row, const char *said) {
        char location[CONNECTOR_LOCATION_MAX], notice[CONNECTOR_NOTICE_MAX];

        (void) snprintf(location, sizeof(location), "/organisaties/%s", row->organisation);
        (void) snprintf(notice, sizeof(notice), "%s: %s", row->name, said);
        exchange_done(x, row->organisation[0] ? location : "/", notice);
}

static void connector_do(struct exchange *x, const struct connector_row *row, const char *reason, bool pauses) {
        char roles[PERSON_ROLES_TEXT];
        /* A pause of all that a connector does is taken off by who may do that, whichever of its inboxes they see. */
        const bool whole = !pauses && row->whole.pauses && !x->person->organisation;
        const struct connector_act act = {
                .bus = x->console->bus,
                .types = x->console->config->types,
                .connector = row->connector,
                .organisation = row->organisation[0] && !(whole && row->many) ? row->organisation : NULL,
                .alone = !whole && connector_acts_alone(x, row),
                .roles = person_roles_text(x->person->roles, roles),
                .of = x->person->organisation ? x->person->organisation->id : NULL,
                .address = x->person->address,
                .by = x->person->name,
                .reason = reason,
                .clock = x->console->clock,
        };
        struct act_resumed resumed;
        struct error err = {0};
        int r = pauses ? act_pause(&act, &err) : act_resume(&act, &resumed, &err);

        if (r == ACT_E_NOTHING)
                exchange_problem(x, 409, pauses ? SAY(x, "It is paused already.", "Die staat al stil.")
                                                : SAY(x, "It is neither paused, nor stopped by its receiver.",
                                                      "Die staat niet stil, en is niet gestopt door de ontvanger."));
        else if (r)
                exchange_problem(x, 503, SAY(x, "The broker did not take the order, nor the record in the audit; nothing was done. Try again in a moment.",
                                             "De broker nam de opdracht en de regel in het logboek niet aan; er is niets gedaan. Probeer het zo weer."));
        else
                connector_answer(x, row, pauses ? SAY(x, "pauses within seconds.", "staat binnen enkele seconden stil.")
                                                : SAY(x, "goes on.", "gaat verder."));
}

void connector_act_pause(struct exchange *x) {
        struct connector_row row;
        const char *reason = connector_read(x, &row);

        if (reason)
                connector_do(x, &row, reason, true);
}

void connector_act_resume(struct exchange *x) {
        struct connector_row row;
        const char *reason = connector_read(x, &row);

        if (reason)
                connector_do(x, &row, reason, false);
}
