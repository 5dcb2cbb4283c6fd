/* SPDX-License-Identifier: EUPL-1.2 */

/* Answers a message that was taken, or refused as a whole. */

#include "connectors/ijw/receipt.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "channel/ijw.h"

#define RECEIPT_SPACE "http://www.istandaarden.nl/ijw/3_2/jw%d/schema"

static struct text receipt_text(const struct ijw_message *m, const struct xml_element *in, const char *name) {
        const struct xml_element *e = in ? xml_find(in, IJW_SPACE_BASE, name) : NULL;

        return e ? xml_trimmed(m->xml, e) : (struct text){0};
}

static void receipt_put_versions(const struct ijw_message *m, const char *prefix, const char *name, struct buffer *out) {
        const struct xml_element *root = xml_root(m->xml), *versions = xml_find(xml_first(root), xml_space(root), "XsdVersie");

        buffer_printf(out, "<%s:%s>\r\n", prefix, name);
        ijw_put(out, "ijw", "BasisschemaXsdVersie", receipt_text(m, versions, "BasisschemaXsdVersie"));
        ijw_put(out, "ijw", "BerichtXsdVersie", receipt_text(m, versions, "BerichtXsdVersie"));
        buffer_printf(out, "</%s:%s>\r\n", prefix, name);
}

/* Known by what it answers and how, so that it is the same message however often that comes. */
static void receipt_identify(const struct ijw_message *m, const char *prefix, const char *code, char ret[IJW_IDENTIFICATION + 1]) {
        char name[128];
        int n = snprintf(name, sizeof(name), "ijw|return|%d|%.*s|%.*s%s%s", ijw_message_code(m), (int)m->sender.n, m->sender.s, (int)m->identification.n,
                         m->identification.s, code ? "|" : "", code ? code : "");
        struct uuid id = uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n < sizeof(name) ? (size_t)n : sizeof(name) - 1);

        ijw_identification(prefix, &id, ret);
}

static void receipt_put_code(const char *prefix, const char *code, struct buffer *out) {
        buffer_printf(out, "<%s:RetourCodes>\r\n", prefix);
        ijw_put(out, prefix, "RetourCode", text_of(code));
        buffer_printf(out, "</%s:RetourCodes>\r\n", prefix);
}

const char *receipt_code(const struct ijw_refusal *refusal) {
        if (refusal->level != 2)
                return NULL;
        return strcmp(refusal->rule, RECEIPT_FUTURE) == 0 ? RECEIPT_FUTURE : RECEIPT_RULES;
}

bool receipt_make(const struct ijw_message *m, const char *prefix, day_t today, const char *fault, struct buffer *out, char ret_name[RECEIPT_NAME_MAX]) {
        char space[80], ns[16], code[16], dated[DATE_TEXT + 1], identification[IJW_IDENTIFICATION + 1];
        int number = m->kind->number + 1;

        if (m->answer)
                return false;
        (void) snprintf(space, sizeof(space), RECEIPT_SPACE, number);
        (void) snprintf(ns, sizeof(ns), "jw%d", number);
        (void) snprintf(code, sizeof(code), "%d", m->kind->code + 1);
        buffer_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<%s:Bericht xmlns:%s=\"%s\" xmlns:ijw=\"%s\">\r\n<%s:Header>\r\n", ns, ns, space,
                      IJW_SPACE_BASE, ns);
        ijw_put(out, ns, "BerichtCode", text_of(code));
        ijw_put(out, ns, "BerichtVersie", TEXT_OF("3"));
        ijw_put(out, ns, "BerichtSubversie", TEXT_OF("2"));
        ijw_put(out, ns, "Afzender", m->sender);
        ijw_put(out, ns, "Ontvanger", m->receiver);
        buffer_printf(out, "<%s:BerichtIdentificatie>\r\n", ns);
        ijw_put(out, "ijw", "Identificatie", m->identification);
        date_format(m->dated, dated);
        ijw_put(out, "ijw", "Dagtekening", text_of(dated));
        buffer_printf(out, "</%s:BerichtIdentificatie>\r\n", ns);
        receipt_put_versions(m, ns, "XsdVersie", out);
        receipt_identify(m, prefix, fault, identification);
        ijw_put(out, ns, "IdentificatieRetour", text_of(identification));
        date_format(today, dated);
        ijw_put(out, ns, "DagtekeningRetour", text_of(dated));
        receipt_put_versions(m, ns, "XsdVersieRetour", out);
        if (fault)
                receipt_put_code(ns, fault, out);
        buffer_printf(out, "</%s:Header>\r\n</%s:Bericht>\r\n", ns, ns);
        (void) snprintf(ret_name, RECEIPT_NAME_MAX, "JW%d-%s.xml", number, identification);
        return true;
}
