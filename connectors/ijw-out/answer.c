/* SPDX-License-Identifier: EUPL-1.2 */

/* Makes a JW319 of referral-answered: "under investigation", or rejected and why. */

#include "connectors/ijw-out/answer.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "calendar/date.h"
#include "channel/ijw.h"

#define SPACE_319 "http://www.istandaarden.nl/ijw/3_2/jw319/schema"
#define CODE_319 "488"
#define REFERENCE_CHARACTERS 36
#define REFERENCE_BYTES (REFERENCE_CHARACTERS * 4)
#define REASON_RESIDENCE "8"
#define MUNICIPALITY_DIGITS 4

static bool answer_says(const struct event *event, const char *field, const char *symbol) {
        const struct slot *slot = event_slot(event, field, SLOT_INT);

        return slot && slot->i == layout_symbol(&event->type->layout->fields[slot - event->slots], text_of(symbol));
}

/* "gm0014": "0014"; NULL: it is no municipality's id. */
static const char *municipality_code(struct text id, char ret[MUNICIPALITY_DIGITS + 1]) {
        if (id.n != 2 + MUNICIPALITY_DIGITS || memcmp(id.s, "gm", 2) != 0)
                return NULL;
        memcpy(ret, id.s + 2, MUNICIPALITY_DIGITS);
        ret[MUNICIPALITY_DIGITS] = '\0';
        return ret;
}

static int hex_digit(char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The ReferentieAanbieder that an event's reference stands for: as it is, or in hex behind x:. false: it cannot be had back. */
static bool reference_decode(struct text t, char ret[REFERENCE_BYTES], size_t *ret_n) {
        bool hex = t.n > 2 && memcmp(t.s, "x:", 2) == 0;
        size_t n = hex ? (t.n - 2) / 2 : t.n;

        if ((t.n > 2 && memcmp(t.s, "h:", 2) == 0) || (hex && t.n % 2) || n == 0 || n > REFERENCE_BYTES)
                return false;
        for (size_t i = 0; i < n; i++) {
                int high = hex ? hex_digit(t.s[2 + 2 * i]) : 0, low = hex ? hex_digit(t.s[3 + 2 * i]) : 0;

                if (high < 0 || low < 0)
                        return false;
                ret[i] = hex ? (char)(high * 16 + low) : t.s[i];
        }
        *ret_n = n;
        return utf8_valid(ret, n) && utf8_count(ret, n) <= REFERENCE_CHARACTERS;
}

static void answer_put_header(const struct answer_from *from, const char *municipality, const char *identification, struct buffer *out) {
        char dated[DATE_TEXT + 1];

        date_format(date_of_instant(from->event->slots[SLOT_RECORDED_AT].i), dated);
        buffer_add_text(out, "<jw319:Header>\r\n");
        ijw_put(out, "jw319", "BerichtCode", TEXT_OF(CODE_319));
        ijw_put(out, "jw319", "BerichtVersie", TEXT_OF("3"));
        ijw_put(out, "jw319", "BerichtSubversie", TEXT_OF("2"));
        ijw_put(out, "jw319", "Afzender", text_of(municipality));
        ijw_put(out, "jw319", "Ontvanger", text_of(from->agb));
        buffer_add_text(out, "<jw319:BerichtIdentificatie>\r\n");
        ijw_put(out, "ijw", "Identificatie", text_of(identification));
        ijw_put(out, "ijw", "Dagtekening", text_of(dated));
        buffer_add_text(out, "</jw319:BerichtIdentificatie>\r\n<jw319:XsdVersie>\r\n");
        ijw_put(out, "ijw", "BasisschemaXsdVersie", text_of(from->xsd_version));
        ijw_put(out, "ijw", "BerichtXsdVersie", text_of(from->xsd_version));
        buffer_add_text(out, "</jw319:XsdVersie>\r\n</jw319:Header>\r\n");
}

static void answer_put_answer(const struct answer_from *from, struct text reference, struct buffer *out) {
        bool investigated = answer_says(from->event, "outcome", "UNDER_INVESTIGATION"), residence = answer_says(from->event, "reason", "RESIDENCE");
        char municipality[MUNICIPALITY_DIGITS + 1];
        const char *code = municipality_code(event_text(from->event, "responsible_municipality"), municipality);

        buffer_add_text(out, "<jw319:Antwoord>\r\n");
        ijw_put(out, "jw319", "ReferentieAanbieder", reference);
        ijw_put(out, "jw319", "VerzoekAntwoord", text_of(investigated ? "2" : "1"));
        if (!investigated)
                ijw_put(out, "jw319", "RedenAfwijzingVerzoek", text_of(residence ? REASON_RESIDENCE : from->rejection));
        if (!investigated && residence && code) {
                buffer_add_text(out, "<jw319:Woonplaatsbeginsel>\r\n");
                ijw_put(out, "jw319", "Gemeente", text_of(code));
                buffer_add_text(out, "</jw319:Woonplaatsbeginsel>\r\n");
        }
        buffer_add_text(out, "</jw319:Antwoord>\r\n");
}

enum answer_made answer_make(const struct answer_from *from, struct buffer *out, char ret_name[ANSWER_NAME_MAX], struct error *err) {
        const struct slot *said = event_slot(from->event, "reference", SLOT_STRING);
        char code[MUNICIPALITY_DIGITS + 1], identification[IJW_IDENTIFICATION + 1], reference[REFERENCE_BYTES];
        const char *municipality = municipality_code(from->event->slots[SLOT_SOURCE].s, code);
        size_t n;

        if (answer_says(from->event, "outcome", "ALLOCATED") || !said)
                return ANSWER_NONE;
        if (!municipality) {
                error_set(err, "the answer is of an organisation that is no municipality with a CBS code; a JW319 comes from one");
                return ANSWER_REFUSED;
        }
        if (!reference_decode(said->s, reference, &n)) {
                error_set(err, "the reference is kept as a hash, or is no ReferentieAanbieder; the request cannot be named");
                return ANSWER_REFUSED;
        }
        ijw_identification(from->prefix, &from->delivery_id, identification);
        buffer_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<jw319:Bericht xmlns:jw319=\"%s\" xmlns:ijw=\"%s\">\r\n", SPACE_319, IJW_SPACE_BASE);
        answer_put_header(from, municipality, identification, out);
        answer_put_answer(from, (struct text){reference, n}, out);
        buffer_add_text(out, "</jw319:Bericht>\r\n");
        (void) snprintf(ret_name, ANSWER_NAME_MAX, "JW319-%s-%s.xml", municipality, identification);
        return ANSWER_MADE;
}
