/* SPDX-License-Identifier: EUPL-1.2 */

/* Writes Bv03 and Fo03 of StUF 3.01, each in a SOAP 1.1 envelope. */

#include "connectors/corv/reply.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"

#define UNKNOWN_PARTY "onbekend" /* of a message whose stuurgegevens could not be read */
#define OPEN "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soap:Envelope xmlns:soap=\"" SOAP_SPACE "\" xmlns:StUF=\"" STUF_SPACE "\"><soap:Body>"
#define CLOSE "</soap:Body></soap:Envelope>\n"

static const struct {
        const char *code, *text;
} faults[] = {
        {REPLY_NOT_THE_INTERFACE, "Berichtbody is niet conform schema in sectormodel"},
        {REPLY_NOT_HANDLED, "Proces voor afhandelen bericht geeft fout"},
};

static void reply_put_element(const char *name, struct text value, struct buffer *out) {
        buffer_printf(out, "<StUF:%s>", name);
        xml_escape(value, out);
        buffer_printf(out, "</StUF:%s>", name);
}

static void reply_put_party(const char *name, struct text organisation, struct text application, struct buffer *out) {
        buffer_printf(out, "<StUF:%s>", name);
        reply_put_element("organisatie", organisation.n > 0 ? organisation : TEXT_OF(UNKNOWN_PARTY), out);
        reply_put_element("applicatie", application.n > 0 ? application : TEXT_OF(UNKNOWN_PARTY), out);
        buffer_printf(out, "</StUF:%s>", name);
}

/* YYYYMMDDhhmmss on Amsterdam's clock. */
static void reply_put_instant(instant_t at, struct buffer *out) {
        char text[INSTANT_TEXT + 1];

        instant_format(at, text);
        buffer_add_text(out, "<StUF:tijdstipBericht>");
        for (const char *c = text, *end = text + strlen("2026-03-11T10:30:00"); c < end && *c; c++) {
                if (*c >= '0' && *c <= '9')
                        buffer_add_byte(out, *c);
        }
        buffer_add_text(out, "</StUF:tijdstipBericht>");
}

static void reply_put_header(const struct notice *n, const char *code, instant_t at, struct buffer *out) {
        static const struct notice nobody = {0};
        const struct notice *of = n ? n : &nobody;
        char name[NOTICE_REFERENCE_MAX * 4 + 8], id[UUID_TEXT + 1];
        int length = snprintf(name, sizeof(name), "%s|%.*s", code, (int)of->reference.n, of->reference.s ? of->reference.s : "");
        struct uuid reference = uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)length);

        uuid_format(&reference, id);
        buffer_add_text(out, "<StUF:stuurgegevens>");
        reply_put_element("berichtcode", text_of(code), out);
        reply_put_party("zender", of->receiver, of->receiver_application, out);
        reply_put_party("ontvanger", of->sender, of->sender_application, out);
        reply_put_element("referentienummer", text_of(id), out);
        reply_put_instant(at, out);
        if (of->reference.n > 0)
                reply_put_element("crossRefnummer", of->reference, out);
        buffer_add_text(out, "</StUF:stuurgegevens>");
}

void reply_received(const struct notice *n, instant_t at, struct buffer *out) {
        buffer_add_text(out, OPEN "<StUF:Bv03Bericht>");
        reply_put_header(n, "Bv03", at, out);
        buffer_add_text(out, "</StUF:Bv03Bericht>" CLOSE);
}

void reply_fault(const struct notice *n, const char *code, enum reply_place place, const char *details, instant_t at, struct buffer *out) {
        const char *text = "";

        for (size_t i = 0; i < ELEMENTS(faults); i++) {
                if (strcmp(faults[i].code, code) == 0)
                        text = faults[i].text;
        }
        buffer_printf(out, OPEN "<soap:Fault><faultcode>soap:%s</faultcode><faultstring>%s</faultstring><detail><StUF:Fo03Bericht>",
                      place == REPLY_CLIENT ? "Client" : "Server", text);
        reply_put_header(n, "Fo03", at, out);
        buffer_add_text(out, "<StUF:body>");
        reply_put_element("code", text_of(code), out);
        reply_put_element("plek", text_of(place == REPLY_CLIENT ? "client" : "server"), out);
        reply_put_element("omschrijving", text_of(text), out);
        if (details && details[0])
                reply_put_element("details", text_of(details), out);
        buffer_add_text(out, "</StUF:body></StUF:Fo03Bericht></detail></soap:Fault>" CLOSE);
}
