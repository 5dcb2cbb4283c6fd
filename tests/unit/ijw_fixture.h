/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Messages of iJw for tests: children, providers and numbers are invented; m: is the message's namespace, i: the basic schema's
 */

#include "base/buffer.h"
#include "connectors/ijw/tree.h"
#include "model_fixture.h"

#define AGB_PROVIDER "98900001"
#define AGB_GI "98900002"
#define BSN "999910012"
#define REF "b7a1f0de-0001"

#define PERSON "<m:Bsn>" BSN "</m:Bsn><m:Geboortedatum><i:Datum>2014-05-01</i:Datum></m:Geboortedatum><m:Geslacht>0</m:Geslacht>"
#define SHORT_NAME "<m:Naam><i:Geslachtsnaam><i:Achternaam>Testkind</i:Achternaam></i:Geslachtsnaam></m:Naam>"
#define CLIENT PERSON SHORT_NAME
#define FULL_NAME "<m:Naam><i:Geslachtsnaam><i:Achternaam>Testkind</i:Achternaam></i:Geslachtsnaam><i:NaamGebruik>1</i:NaamGebruik></m:Naam>"
#define CONTACT \
        "<m:Contactgegevens><m:Contact><m:Soort>01</m:Soort><m:Adres><i:Huis><i:Huisnummer>1</i:Huisnummer></i:Huis><i:Postcode>9999XX</i:Postcode>" \
        "<i:LandCode>NL</i:LandCode></m:Adres></m:Contact></m:Contactgegevens>"
#define CATEGORY(c) "<m:Product><i:Categorie>" c "</i:Categorie></m:Product>"

/* Products; what varies is an argument. */
#define REQUESTED(reference, category, referrer) \
        "<m:AangevraagdProduct><m:ReferentieAanbieder>" reference "</m:ReferentieAanbieder>" CATEGORY(category) \
        "<m:ToewijzingIngangsdatum>2026-03-09</m:ToewijzingIngangsdatum><m:Verwijzer><i:Type>" referrer \
        "</i:Type><i:Naam>GI Voorbeeld</i:Naam></m:Verwijzer></m:AangevraagdProduct>"
#define ALLOCATED(number, reference, category, dates) \
        "<m:ToegewezenProduct><m:ToewijzingNummer>" number "</m:ToewijzingNummer>" reference CATEGORY(category) \
        "<m:Toewijzingsdatum>2026-03-05</m:Toewijzingsdatum><m:Toewijzingstijd>10:15:00</m:Toewijzingstijd>" dates "</m:ToegewezenProduct>"
#define REFERENCE(r) "<m:ReferentieAanbieder>" r "</m:ReferentieAanbieder>"
#define FROM "<m:Ingangsdatum>2026-03-09</m:Ingangsdatum>"
#define STARTED(number, category, begins, status) \
        "<m:StartProduct><m:ToewijzingNummer>" number "</m:ToewijzingNummer>" CATEGORY(category) "<m:Begindatum>" begins \
        "</m:Begindatum><m:StatusAanlevering>" status "</m:StatusAanlevering></m:StartProduct>"
#define STOPPED(number, category, begins, reason, ends, status) \
        "<m:StopProduct><m:ToewijzingNummer>" number "</m:ToewijzingNummer>" CATEGORY(category) "<m:Begindatum>" begins \
        "</m:Begindatum><m:RedenBeeindiging>" reason "</m:RedenBeeindiging><m:Einddatum>" ends "</m:Einddatum><m:StatusAanlevering>" status \
        "</m:StatusAanlevering></m:StopProduct>"

/* Bodies. */
#define BODY_315(products) "<m:Client>" CLIENT "<m:AangevraagdeProducten>" products "</m:AangevraagdeProducten></m:Client>"
#define BODY_301(products) "<m:Client>" PERSON FULL_NAME CONTACT "<m:ToegewezenProducten>" products "</m:ToegewezenProducten></m:Client>"
#define BODY_305(products) "<m:Client>" CLIENT "<m:StartProducten>" products "</m:StartProducten></m:Client>"
#define BODY_307(products) "<m:Client>" CLIENT "<m:StopProducten>" products "</m:StopProducten></m:Client>"
#define BODY_317(reference, lists) \
        "<m:Client><m:Bsn>" BSN "</m:Bsn><m:Verzoek>" REFERENCE(reference) "<m:RedenVerzoek>1</m:RedenVerzoek>" lists "</m:Verzoek></m:Client>"
#define BODY_319(reference, rest) "<m:Antwoord>" REFERENCE(reference) rest "</m:Antwoord>"
#define REJECTED_HERE "<m:VerzoekAntwoord>1</m:VerzoekAntwoord><m:RedenAfwijzingVerzoek>8</m:RedenAfwijzingVerzoek>" \
        "<m:Woonplaatsbeginsel><m:Gemeente>0037</m:Gemeente></m:Woonplaatsbeginsel>"
#define NUMBER_LIST(number) "<m:TeWijzigenProducten><m:TeWijzigenProduct><m:ToewijzingNummer>" number \
        "</m:ToewijzingNummer><m:GewensteIngangsdatum>2026-04-01</m:GewensteIngangsdatum></m:TeWijzigenProduct></m:TeWijzigenProducten>"

/* One whole message in @out, cleared first. @sender NULL: gm0014 or the provider. @answered NULL: no return message; else the day, and @codes. */
struct ijw_text {
        int number;
        const char *identification, *dated, *body, *sender, *answered, *codes;
};

static inline const char *ijw_write(const struct ijw_text *t, struct buffer *out) {
        static const int codes[][2] = {{301, 436}, {305, 438}, {307, 440}, {315, 446}, {317, 486}, {319, 488}};
        bool answer = t->answered != NULL;
        int asked = t->number - answer, code = 0;
        bool municipality = asked == 301 || asked == 319;
        const char *sender = t->sender ? t->sender : municipality ? "0014" : AGB_PROVIDER;

        for (size_t i = 0; i < ELEMENTS(codes); i++)
                code = codes[i][0] == asked ? codes[i][1] + answer : code;
        buffer_clear(out);
        buffer_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<m:Bericht xmlns:m=\"http://www.istandaarden.nl/ijw/3_2/jw%d/schema\" xmlns:i=\"%s\">"
                           "<m:Header><m:BerichtCode>%d</m:BerichtCode><m:BerichtVersie>3</m:BerichtVersie><m:BerichtSubversie>2</m:BerichtSubversie>"
                           "<m:Afzender>%s</m:Afzender><m:Ontvanger>%s</m:Ontvanger><m:BerichtIdentificatie><i:Identificatie>%s</i:Identificatie>"
                           "<i:Dagtekening>%s</i:Dagtekening></m:BerichtIdentificatie><m:XsdVersie><i:BasisschemaXsdVersie>0.1.0</i:BasisschemaXsdVersie>"
                           "<i:BerichtXsdVersie>1.0.0</i:BerichtXsdVersie></m:XsdVersie>",
                      t->number, IJW_SPACE_BASE, code, sender, municipality ? AGB_PROVIDER : "0014", t->identification, t->dated);
        if (answer)
                buffer_printf(out, "<m:IdentificatieRetour>R1</m:IdentificatieRetour><m:DagtekeningRetour>%s</m:DagtekeningRetour><m:XsdVersieRetour>"
                                   "<i:BasisschemaXsdVersie>0.1.0</i:BasisschemaXsdVersie><i:BerichtXsdVersie>1.0.0</i:BerichtXsdVersie>"
                                   "</m:XsdVersieRetour>%s",
                              t->answered, t->codes ? t->codes : "");
        buffer_printf(out, "</m:Header>%s</m:Bericht>", t->body ? t->body : "");
        return buffer_text(out);
}

#define RETURN_CODE(c) "<m:RetourCodes><m:RetourCode>" c "</m:RetourCode></m:RetourCodes>"
