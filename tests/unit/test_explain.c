/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: an explanation says why a date is what it is, for every way in which one comes about, and never contradicts itself; and of a norm
 * that asks nothing of the case why it does not, for every cause.
 * Method: for each way a norm of its own and the events that it needs, against the sentences and the JSON word for word; and
 * the two norms of the agreements in config that have a date for the child that is not the term's.
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/case.h"
#include "engine/explain.h"
#include "engine/replay.h"
#include "model/lines.h"

#define CHILD "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"
#define REGION "8b825536-292b-5419-8b89-e996029302f9" /* gooi-en-vechtstreek */
#define MEASURE "7f0a320f-7e2d-50ba-959b-4131a3834d5d"
#define TEXT_MAX 100000

/* The id ends in @n; @when: local date and time without an offset, of winter. */
#define EVENT(type, case_id, n, when, rest)                                                                                       \
        "{\"event\":\"" type "\",\"event_id\":\"00000000-0000-4000-8000-00000000000" n "\",\"case_id\":\"" case_id                 \
        "\",\"source\":\"gi-noordzee\",\"occurred_at\":\"" when ":00+01:00\",\"recorded_at\":\"" when ":00+01:00\"," rest "}\n"
#define STARTED_BORN(n, date, born)                                                                                               \
        EVENT("measure-started", CHILD, n, date "T10:00", "\"measure_id\":\"" MEASURE "\",\"kind\":\"OTS\",\"verdict_date\":\""    \
              date "\",\"informed_date\":\"" date "\",\"gi\":\"gi-noordzee\",\"municipality\":\"gm0375\",\"birth_date\":\"" born   \
              "\",\"reference\":\"dossier-1\"")
#define STARTED(n, date) STARTED_BORN(n, date, "2010-01-15")
#define HELP(n, date) EVENT("help-started", CHILD, n, date "T11:00", "\"measure_id\":\"" MEASURE "\",\"date\":\"" date "\",\"route\":\"REGULAR\"")
#define AGREED(n, date, due)                                                                                                      \
        EVENT("term-agreed", CHILD, n, date "T11:00", "\"norm\":\"proefnorm\",\"instance\":\"" MEASURE "\",\"due_date\":\"" due    \
              "\",\"date\":\"" date "\"")
#define CONTACT(n, date)                                                                                                          \
        EVENT("first-contact-held", CHILD, n, date "T12:00", "\"measure_id\":\"" MEASURE "\",\"date\":\"" date                 \
              "\",\"worker\":\"jb-40\",\"with_child\":true,\"with_parent\":true")
#define ASSIGNED(n, date)                                                                                                         \
        EVENT("protector-assigned", CHILD, n, date "T12:00", "\"measure_id\":\"" MEASURE "\",\"date\":\"" date                     \
              "\",\"worker\":\"jb-40\",\"role\":\"FIXED\",\"working_with_family\":true,\"reason\":\"TURNOVER\"")
#define MEETING(n, date)                                                                                                          \
        "{\"event\":\"meeting-held\",\"event_id\":\"00000000-0000-4000-8000-00000000000" n "\",\"case_id\":\"" REGION               \
        "\",\"source\":\"gm0402\",\"occurred_at\":\"" date "T10:00:00+01:00\",\"recorded_at\":\"" date "T10:00:00+01:00\","          \
        "\"region\":\"gooi-en-vechtstreek\",\"date\":\"" date "\",\"kind\":\"BOARD\"}\n"

#define BEGINS "Start van een kinderbeschermingsmaatregel of jeugdreclassering (measure-started)"
#define BEGUN "  begonnen met " BEGINS " van GI Noordzee (gi-noordzee), maandag 10 januari 2022 (bericht 00000000-0000-4000-8000-000000000001)\n"
#define NEXT_FACT(what, day, n) "  " what " van GI Noordzee (gi-noordzee), " day " (bericht 00000000-0000-4000-8000-00000000000" n ")\n"
#define JSON_FACT(type, n, date)                                                                                                  \
        "{\"event\":\"" type "\",\"event_id\":\"00000000-0000-4000-8000-00000000000" n "\",\"source\":\"gi-noordzee\",\"date\":\"" date "\"}"
#define STEP(step, from, to) "{\"step\":\"" step "\",\"from\":\"" from "\",\"to\":\"" to "\",\"skipped\":[]}"
#define TERM(step, from, to) "\"term\":{\"from\":\"" from "\",\"steps\":[" STEP(step, from, to) "],\"end\":\"" to "\"}"
#define INFORMED "    starts: measure-started.informed_date\n"
#define MET "    met_by: [first-contact-held]\n"
#define NOT_BEFORE "    not_before: {starts: help-started, term: 1 month}\n"

static const struct {
        const char *norm, *events;
        const char *text; /* what stands between the version that holds and what became of it */
        const char *json; /* from due_by to who started it */
} ways[] = {
        {INFORMED "    term: 10 days\n" MET, STARTED("1", "2022-01-10"),
         BEGUN "  10 dagen na maandag 10 januari 2022: einde donderdag 20 januari 2022.\n"
               "  uiterlijk donderdag 20 januari 2022\n",
         "\"due_by\":\"term\"," TERM("10 days", "2022-01-10", "2022-01-20") ","},
        {INFORMED "    term: [1 month, 1 day]\n" MET, STARTED("1", "2022-01-10"), /* every line in its place */
         BEGUN "  1 maand na maandag 10 januari 2022: einde donderdag 10 februari 2022.\n"
               "  1 dag na donderdag 10 februari 2022: einde vrijdag 11 februari 2022.\n"
               "  uiterlijk vrijdag 11 februari 2022\n",
         "\"due_by\":\"term\","},
        {INFORMED "    term: 5 working days\n" MET, STARTED("1", "2016-12-30"), /* a year that the calendar does not have */
         "  5 werkdagen na vrijdag 30 december 2016 is niet te berekenen: zondag 1 januari 2017 valt in een jaar dat de kalender niet heeft (2017).\n"
         "  geen einddatum: de kalender kent het jaar 2017 nog niet\n",
         "\"due_date\":null,\"unknown_year\":2017,\"due_by\":\"term\",\"term\":{\"from\":\"2016-12-30\",\"steps\":[],\"end\":null,\"unknown_year\":2017},"},
        {INFORMED "    term: 10 days\n" MET NOT_BEFORE, STARTED("1", "2022-01-10"), /* nothing to wait for */
         BEGUN "  10 dagen na maandag 10 januari 2022: einde donderdag 20 januari 2022.\n"
               "  niet eerder dan een termijn vanaf help-started, maar daarvan is (nog) geen datum bekend\n"
               "  uiterlijk donderdag 20 januari 2022\n",
         "\"due_by\":\"term\"," TERM("10 days", "2022-01-10", "2022-01-20") ",\"started_by\""},
        {INFORMED "    term: 10 days\n" MET NOT_BEFORE, STARTED("1", "2022-01-10") HELP("2", "2022-01-12"), /* it ends later */
         BEGUN "  10 dagen na maandag 10 januari 2022: einde donderdag 20 januari 2022.\n"
         NEXT_FACT("niet eerder dan een termijn vanaf Start van de jeugdhulp (help-started)", "woensdag 12 januari 2022", "2")
               "  1 maand na woensdag 12 januari 2022: einde zaterdag 12 februari 2022.\n"
               "  uiterlijk zaterdag 12 februari 2022, de latere van beide datums\n",
         "\"due_date\":\"2022-02-12\",\"due_by\":\"not_before\"," TERM("10 days", "2022-01-10", "2022-01-20") ",\"not_before\":{\"starts\":"
         JSON_FACT("help-started", "2", "2022-01-12") "," TERM("1 month", "2022-01-12", "2022-02-12") "},\"started_by\""},
        {INFORMED "    term: 60 days\n" MET NOT_BEFORE, STARTED("1", "2022-01-10") HELP("2", "2022-01-12"), /* the term ends later */
         BEGUN "  60 dagen na maandag 10 januari 2022: einde vrijdag 11 maart 2022.\n"
         NEXT_FACT("niet eerder dan een termijn vanaf Start van de jeugdhulp (help-started)", "woensdag 12 januari 2022", "2")
               "  1 maand na woensdag 12 januari 2022: einde zaterdag 12 februari 2022.\n"
               "  uiterlijk vrijdag 11 maart 2022, de latere van beide datums\n",
         "\"due_date\":\"2022-03-11\",\"due_by\":\"term\","},
        {INFORMED "    term: 10 days\n" MET "    not_before: {starts: help-started, term: 5 working days}\n",
         STARTED("1", "2016-12-20") HELP("2", "2016-12-30"), /* and whether it ends later is not known */
         "  10 dagen na dinsdag 20 december 2016: einde vrijdag 30 december 2016.\n"
         NEXT_FACT("niet eerder dan een termijn vanaf Start van de jeugdhulp (help-started)", "vrijdag 30 december 2016", "2")
         "  5 werkdagen na vrijdag 30 december 2016 is niet te berekenen: zondag 1 januari 2017 valt in een jaar dat de kalender niet heeft (2017).\n"
         "  geen einddatum: de kalender kent het jaar 2017 nog niet\n",
         "\"due_date\":null,\"unknown_year\":2017,\"due_by\":\"not_before\","},
        {INFORMED "    term: 10 days\n    sooner: true\n" MET, STARTED("1", "2022-01-10") AGREED("2", "2022-01-11", "2022-01-17"),
         BEGUN "  10 dagen na maandag 10 januari 2022: einde donderdag 20 januari 2022.\n"
         NEXT_FACT("vervroegd door Kortere termijn afgesproken (term-agreed)", "maandag 17 januari 2022", "2")
               "  uiterlijk maandag 17 januari 2022, zoals afgesproken\n",
         "\"due_date\":\"2022-01-17\",\"due_by\":\"sooner\"," TERM("10 days", "2022-01-10", "2022-01-20") ",\"agreed\":"
         JSON_FACT("term-agreed", "2", "2022-01-17") ","},
        {INFORMED "    term: 10 days\n    sooner: true\n" MET, STARTED("1", "2022-01-10") AGREED("2", "2022-01-11", "2022-01-31"), /* never back */
         BEGUN "  10 dagen na maandag 10 januari 2022: einde donderdag 20 januari 2022.\n"
         NEXT_FACT("niet vervroegd, want niet eerder: Kortere termijn afgesproken (term-agreed)", "maandag 31 januari 2022", "2")
               "  uiterlijk donderdag 20 januari 2022\n",
         "\"due_date\":\"2022-01-20\",\"due_by\":\"term\","},
        {INFORMED "    term: 10 days\n    sooner: true\n" MET NOT_BEFORE, /* first the later, then what was agreed: the least of it */
         STARTED("1", "2022-01-10") HELP("2", "2022-01-12") AGREED("3", "2022-01-13", "2022-02-01") AGREED("4", "2022-01-14", "2022-01-31"),
         BEGUN "  10 dagen na maandag 10 januari 2022: einde donderdag 20 januari 2022.\n"
         NEXT_FACT("niet eerder dan een termijn vanaf Start van de jeugdhulp (help-started)", "woensdag 12 januari 2022", "2")
               "  1 maand na woensdag 12 januari 2022: einde zaterdag 12 februari 2022.\n"
         NEXT_FACT("vervroegd door Kortere termijn afgesproken (term-agreed)", "maandag 31 januari 2022", "4")
               "  uiterlijk maandag 31 januari 2022, zoals afgesproken\n",
         "\"due_date\":\"2022-01-31\",\"due_by\":\"sooner\","},
        {INFORMED "    due_with: help-started\n" MET, STARTED("1", "2022-01-10") HELP("2", "2022-02-01"),
         BEGUN NEXT_FACT("op de dag van Start van de jeugdhulp (help-started)", "dinsdag 1 februari 2022", "2")
               "  uiterlijk dinsdag 1 februari 2022\n",
         "\"due_by\":\"due_with\",\"due_with\":" JSON_FACT("help-started", "2", "2022-02-01") ","},
        {INFORMED "    due_with: help-started\n" MET, STARTED("1", "2022-01-10"),
         BEGUN "  op de dag van help-started, maar daarvan is (nog) geen datum bekend\n"
               "  (nog) geen einddatum\n",
         "\"due_date\":null,\"due_by\":\"due_with\",\"started_by\""},
        {INFORMED "    due_with: help-started\n    sooner: true\n" MET,
         STARTED("1", "2022-01-10") HELP("2", "2022-02-01") AGREED("3", "2022-01-11", "2022-01-17"),
         BEGUN NEXT_FACT("op de dag van Start van de jeugdhulp (help-started)", "dinsdag 1 februari 2022", "2")
         NEXT_FACT("vervroegd door Kortere termijn afgesproken (term-agreed)", "maandag 17 januari 2022", "3")
               "  uiterlijk maandag 17 januari 2022, zoals afgesproken\n",
         "\"due_by\":\"sooner\",\"due_with\":" JSON_FACT("help-started", "2", "2022-02-01") ",\"agreed\":" JSON_FACT("term-agreed", "3", "2022-01-17") ","},
        {INFORMED "    term: at once\n" MET, STARTED("1", "2022-01-10"),
         BEGUN "  terstond: maandag 10 januari 2022 10:00 uur\n",
         "\"due_date\":\"2022-01-10\",\"due_by\":\"at once\",\"at_once\":\"2022-01-10T10:00:00+01:00\","},
        {INFORMED "    term: 30 hours\n" MET, STARTED("1", "2022-01-10"),
         BEGUN "  30 uur na maandag 10 januari 2022 10:00 uur: dinsdag 11 januari 2022 16:00 uur.\n"
               "  uiterlijk dinsdag 11 januari 2022\n",
         "\"due_by\":\"hours\",\"hours\":{\"step\":\"30 hours\",\"from\":\"2022-01-10T10:00:00+01:00\",\"to\":\"2022-01-11T16:00:00+01:00\"},"},
        {INFORMED "    term: 30 hours\n" MET, STARTED("1", "2200-12-31"), /* beyond all instants: no date, and no guess */
         "  geen einddatum: die valt buiten de jaren 2000 tot en met 2200\n",
         "\"due_date\":null,\"unknown_year\":0,\"due_by\":\"hours\",\"hours\":{\"step\":\"30 hours\",\"from\":\"2200-12-31T10:00:00+01:00\"},"},
        {INFORMED "    limit: {event: protector-assigned, at_most: 1}\n", STARTED("1", "2022-01-10") ASSIGNED("2", "2022-02-01"),
         BEGUN "  ten hoogste 1 keer protector-assigned: (nog) niet overschreden\n",
         "\"due_date\":null,\"due_by\":\"limit\",\"started_by\""},
        {INFORMED "    limit:\n      - {event: first-contact-held, at_most: 3}\n      - {event: protector-assigned, at_most: 1}\n",
         STARTED("1", "2022-01-10") ASSIGNED("2", "2022-02-01") ASSIGNED("3", "2022-02-15"), /* which of several */
         BEGUN "  ten hoogste 1 keer protector-assigned: overschreden op dinsdag 15 februari 2022\n",
         "\"due_date\":\"2022-02-15\",\"due_by\":\"limit\",\"limit\":{\"event\":\"protector-assigned\",\"at_most\":1},"},
        {INFORMED "    term: 10 days\n    repeats: true\n" MET, STARTED("1", "2022-01-10") CONTACT("2", "2022-01-18"),
         BEGUN "  keer 2: telt vanaf dinsdag 18 januari 2022, toen de vorige keer gehaald was\n"
               "  10 dagen na dinsdag 18 januari 2022: einde vrijdag 28 januari 2022.\n"
               "  uiterlijk vrijdag 28 januari 2022\n",
         "\"counts_from\":\"2022-01-18\",\"due_date\":\"2022-01-28\",\"due_by\":\"term\","},
        {"    starts: protocol\n    due: 2022-06-30\n    met_by: [meeting-held]\n", MEETING("1", "2021-01-12"),
         "  begonnen op zaterdag 1 januari 2022, met de afspraak zelf\n"
         "  de afspraak noemt een vaste datum: donderdag 30 juni 2022\n"
         "  uiterlijk donderdag 30 juni 2022\n",
         "\"due_by\":\"due\",\"fixed\":\"2022-06-30\","},
        {"    starts: protocol\n    quota: {event: meeting-held, when: {kind: BOARD}, at_least: 4, per: year}\n", MEETING("1", "2022-01-12"),
         "  begonnen op zaterdag 1 januari 2022, met de afspraak zelf\n"
         "  ten minste 4 keer meeting-held in 2022, dus voor het jaar om is\n"
         "  uiterlijk zaterdag 31 december 2022\n",
         "\"due_by\":\"quota\",\"quota\":{\"event\":\"meeting-held\",\"at_least\":4},"},
};

#define ANYWHERE(from) "region: any\nvalid: {from: " from "}\n"
#define MOVED(n, when, municipality)                                                                                               \
        EVENT("residence-changed", CHILD, n, when "T10:00", "\"municipality\":\"" municipality "\",\"valid_from\":\"" when             \
              "\",\"basis\":\"MOVED\"")
#define WITHDRAWN(n, when, what)                                                                                                  \
        EVENT("event-withdrawn", CHILD, n, when "T10:00", "\"withdrawn\":\"00000000-0000-4000-8000-00000000000" what                 \
              "\",\"reason\":\"MISTAKE\"")
#define TEN "    term: 10 days\n" MET
#define OFTEN "    starts: protocol\n    quota: {event: meeting-held, at_least: 1, per: year}\n"

static const struct {
        const char *asked, *norm, *valid, *events, *cause, *sentence;
} nothings[] = {
        {"profnorm", INFORMED TEN, ANYWHERE("2015-01-01"), STARTED("1", "2022-01-10"), "UNKNOWN_NORM",
         "geen enkele afspraak kent een norm 'profnorm'; bedoelt u 'proefnorm'?"},
        {"iets-heel-anders", INFORMED TEN, ANYWHERE("2015-01-01"), STARTED("1", "2022-01-10"), "UNKNOWN_NORM",
         "geen enkele afspraak kent een norm 'iets-heel-anders'"},
        {"proefnorm", INFORMED TEN, ANYWHERE("2015-01-01"), HELP("1", "2022-01-10"), "NO_START",
         "begint met " BEGINS ", en dat is hier (nog) niet bericht"},
        {"proefnorm", INFORMED TEN, ANYWHERE("2015-01-01"), STARTED("1", "2022-01-10") WITHDRAWN("2", "2022-01-11", "1"), "NOT_COUNTING",
         "begint met " BEGINS ", en het bericht daarvan telt niet (meer): het is ingetrokken, vervangen of van een ander"},
        {"proefnorm", "    starts: measure-started.ends_on\n" TEN, ANYWHERE("2015-01-01"), STARTED("1", "2022-01-10"), "NO_DATE",
         "telt vanaf ends_on, en dat is niet ingevuld"},
        {"proefnorm", INFORMED "    when: {kind: [VOTS, JR_GEDWONGEN, GBM]}\n" TEN, ANYWHERE("2015-01-01"), STARTED("1", "2022-01-10"), "WHEN",
         "geldt alleen als kind VOTS, JR_GEDWONGEN of GBM is; het is OTS"},
        {"proefnorm", INFORMED "    when: {kind: {not: OTS}}\n" TEN, ANYWHERE("2015-01-01"), STARTED("1", "2022-01-10"), "WHEN",
         "geldt alleen als kind niet OTS is; het is OTS"},
        {"proefnorm", INFORMED "    when: {birth_date: absent}\n" TEN, ANYWHERE("2015-01-01"), STARTED("1", "2022-01-10"), "WHEN",
         "geldt alleen als birth_date leeg is; dat is het niet"}, /* personal: never said */
        {"proefnorm", INFORMED "    when: {help-started.route: REGULAR}\n" TEN, ANYWHERE("2015-01-01"), STARTED("1", "2022-01-10"), "WHEN",
         "geldt alleen als er een help-started is waarvan route REGULAR is; die is er (nog) niet"},
        {"proefnorm", INFORMED "    when: {help-started: absent}\n" TEN, ANYWHERE("2015-01-01"), STARTED("1", "2022-01-10") HELP("2", "2022-01-11"), "WHEN",
         "geldt alleen zolang er geen help-started is; die is er"},
        {"proefnorm", INFORMED "    per: case\n    when: {kind: VOTS}\n" TEN, ANYWHERE("2015-01-01"), STARTED("1", "2022-01-10"), "WHEN",
         "geldt alleen als kind VOTS is; het is OTS"},
        {"proefnorm", INFORMED TEN, ANYWHERE("2023-01-01"), STARTED("1", "2022-01-10"), "TOO_EARLY",
         "geldt pas vanaf zondag 1 januari 2023; maandag 10 januari 2022 valt daarvoor"},
        {"proefnorm", INFORMED TEN, "region: any\nvalid: {from: 2020-01-01, until: 2021-12-31}\n", STARTED("1", "2022-01-10"), "TOO_LATE",
         "gold tot en met vrijdag 31 december 2021; maandag 10 januari 2022 valt daarna"},
        {"proefnorm", INFORMED TEN, "region: [gooi-en-vechtstreek, amstelland]\nvalid: {from: 2020-01-01}\n", STARTED("1", "2022-01-10"), "REGION",
         "geldt voor Gooi en Vechtstreek en Amstelland; Beverwijk viel op maandag 10 januari 2022 onder IJmond"},
        {"proefnorm", INFORMED TEN, "region: ijmond\nvalid: {from: 2020-01-01}\n", STARTED("1", "2022-01-10") MOVED("2", "2022-01-10", "gm0363"),
         "REGION", "geldt voor IJmond; Amsterdam viel op maandag 10 januari 2022 onder geen regio"},
        {"proefnorm", INFORMED TEN, "region: ijmond\nvalid: {from: 2020-01-01}\npartners: [{organisation: gm0396}, {organisation: gi-noordzee}]\n",
         STARTED("1", "2022-01-10"),
         "MUNICIPALITY_NO_PARTNER", "geldt voor wie meedoet; Beverwijk (gm0375) deed op maandag 10 januari 2022 niet mee"},
        {"proefnorm", INFORMED TEN, "region: ijmond\nvalid: {from: 2020-01-01}\npartners: [{organisation: gm0375}, {organisation: gi-duin}]\n",
         STARTED("1", "2022-01-10"),
         "GI_NO_PARTNER", "geldt voor wie meedoet; GI Noordzee (gi-noordzee) deed op maandag 10 januari 2022 niet mee"},
        {"proefnorm", "    starts: help-started\n    term: 10 days\n    met_by: [help-judged]\n", "region: ijmond\nvalid: {from: 2020-01-01}\n",
         HELP("1", "2022-01-10"), "NO_MUNICIPALITY", "geldt voor IJmond; geen bericht noemt een gemeente die bekend is"},
        {"proefnorm", INFORMED "    due_with: help-started\n    holds_on: due\n" MET, ANYWHERE("2015-01-01"), STARTED("1", "2022-01-10"), "NO_DUE_DATE",
         "geldt op de dag waarop de termijn eindigt, en die is (nog) niet bekend"},
        {"proefnorm", OFTEN, ANYWHERE("2015-01-01"), STARTED("1", "2022-01-10"), "REGION_ONLY", "gaat over een regio, niet over een kind"},
        {"proefnorm", OFTEN, "region: ijmond\nvalid: {from: 2020-01-01}\n", MEETING("1", "2022-01-12"), "REGION",
         "geldt voor IJmond; dit is Gooi en Vechtstreek"},
        {"proefnorm", OFTEN, "region: any\nvalid: {from: 2021-03-01, until: 2022-06-30}\n", MEETING("1", "2022-01-12"), "NO_YEAR",
         "vraagt iets per kalenderjaar, en (nog) geen heel jaar valt binnen de geldigheid"},
        {"proefnorm", "    starts: protocol\n    due: 2021-06-30\n    met_by: [meeting-held]\n", ANYWHERE("2020-01-01"), MEETING("1", "2022-01-12"),
         "BEFORE_REGION", "moest uiterlijk woensdag 30 juni 2021, voordat er iets van deze regio bericht was"},
        {"proefnorm", "    starts: protocol\n    due: 2024-06-30\n    met_by: [meeting-held]\n", ANYWHERE("2023-01-01"), MEETING("1", "2022-01-12"),
         "NOT_BEGUN", "begint op zondag 1 januari 2023"},
        {"proefnorm", "    starts: protocol\n    due: 2024-06-30\n    for_each: part\n    met_by: [contacts-confirmed]\n", ANYWHERE("2020-01-01"),
         MEETING("1", "2022-01-12"), "NOBODY", "vraagt iets van iedere part, en op woensdag 1 januari 2020 is er geen"},
};

static struct config *config;
static struct replay *replay;
static char folder[64];

static void write_file(const char *name, const char *text) {
        char path[256];
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        f = fopen(path, "w");
        ck_assert_ptr_nonnull(f);
        fputs(text, f);
        ck_assert_int_eq(fclose(f), 0);
}

static void copy_file(const char *name) {
        struct error err;
        char path[512], *text;
        size_t n;

        snprintf(path, sizeof(path), "%s/tests/stories/examples/config/%s", getenv("PROJECT_ROOT"), name);
        ck_assert_int_eq(file_read(path, &text, &n, &err), 0);
        write_file(name, text);
        free(text);
}

static int untold(void *ctx, const struct outcome *outcome) {
        (void) ctx;
        (void) outcome;
        return 0;
}

/* Reads the configuration in a folder. */
static void open_config(const char *path) {
        struct mistakes mistakes = MISTAKES_INIT;
        char schemas[512];

        snprintf(schemas, sizeof(schemas), "%s/schemas", getenv("PROJECT_ROOT"));
        ck_assert_msg(config_read(path, schemas, &config, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        ck_assert_int_eq(replay_new(config, INSTANT_NEVER, untold, NULL, &replay), 0);
}

/* The organisations and calendar of the examples, and one norm. @valid: of the agreement, with other keys of it. */
static void open_norm(const char *norm, const char *valid) {
        struct buffer text = BUFFER_INIT(TEXT_MAX);
        char sub[128];

        snprintf(folder, sizeof(folder), "/tmp/ketenwacht-explain-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        snprintf(sub, sizeof(sub), "%s/protocols", folder);
        ck_assert_int_eq(mkdir(sub, 0700), 0);
        copy_file("organisations.yaml");
        copy_file("calendar.yaml");
        buffer_printf(&text, "protocol: proef\n%snorms:\n  - norm: proefnorm\n    title: Proef\n"
                      "    basis: {kind: agreement, ref: proef}\n%s", valid, norm);
        write_file("protocols/proef.yaml", buffer_text(&text));
        buffer_done(&text);
        open_config(folder);
}

static void play(const char *events) {
        struct arena *arena;

        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        for (const char *end; (end = strchr(events, '\n')); events = end + 1) {
                struct error err = {0};
                struct line line;

                line_parse(config->types, config->organisations, (struct text){events, (size_t)(end - events)}, LANGUAGE_EN, arena, &line);
                ck_assert_msg(line.kind == LINE_EVENT, "%s", line.error.text);
                ck_assert_msg(replay_event(replay, &line.event, &err) == 0, "%s", err.text);
                json_decref(line.object);
        }
        arena_free(arena);
}

/* Explains the last case of the lines, and expects both forms to have what is given, and the answer. */
static void expect_answer(int answer, const char *norm, const char *text, const char *json) {
        struct engine *engine = replay_engine(replay);
        struct store *store = replay_store(replay);
        struct buffer out = BUFFER_INIT(TEXT_MAX);
        size_t at = 0;
        struct casefile *casefile = store_iterate(store, &at);

        ck_assert_ptr_nonnull(casefile);
        ck_assert_int_eq(explain_text(engine, store, casefile, replay_now(replay), norm, NULL, &out), answer);
        ck_assert_msg(strstr(buffer_text(&out), text), "expected\n%s\nin\n%s", text, buffer_text(&out));
        buffer_clear(&out);
        ck_assert_int_eq(explain_json(engine, store, casefile, replay_now(replay), norm, NULL, &out), answer);
        ck_assert_msg(strstr(buffer_text(&out), json), "expected\n%s\nin\n%s", json, buffer_text(&out));
        buffer_done(&out);
}

static void expect(const char *norm, const char *text, const char *json) {
        expect_answer(0, norm, text, json);
}

static void teardown(void) {
        static const char *const names[] = {"organisations.yaml", "calendar.yaml", "protocols/proef.yaml", "protocols"};
        char path[256];

        replay = replay_free(replay);
        config = config_free(config);
        for (size_t i = 0; folder[0] && i < ELEMENTS(names); i++) {
                snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
                (void) remove(path);
        }
        if (folder[0])
                (void) rmdir(folder);
        folder[0] = '\0';
}

START_TEST(test_every_way_says_why) {
        bool region = strstr(ways[_i].norm, "starts: protocol") != NULL;

        open_norm(ways[_i].norm, region ? ANYWHERE("2022-01-01") : ANYWHERE("2015-01-01"));
        play(ways[_i].events);
        if (region) {
                instant_t at;

                ck_assert(instant_parse(TEXT_OF("2022-02-01T00:00:00+01:00"), &at));
                ck_assert_int_eq(replay_clock(replay, at), 0);
        }
        expect("proefnorm", ways[_i].text, ways[_i].json);
}
END_TEST

START_TEST(test_every_nothing_says_why) {
        char text[512], json[1024];

        open_norm(nothings[_i].norm, nothings[_i].valid);
        play(nothings[_i].events);
        expect_answer(EXPLAIN_E_NONE, nothings[_i].asked, ": niet van toepassing\n", "\"obligations\":[],\"why_not\":[{");
        snprintf(text, sizeof(text), "\n  %s\n", nothings[_i].sentence);
        snprintf(json, sizeof(json), "\"norm\":\"%s\",\"cause\":\"%s\",\"sentence\":\"%s\"", nothings[_i].asked, nothings[_i].cause, nothings[_i].sentence);
        expect_answer(EXPLAIN_E_NONE, nothings[_i].asked, text, json);
}
END_TEST

#define EXPLAINED(n, date, until)                                                                                                 \
        EVENT("deviation-explained", CHILD, n, date "T11:00", "\"norm\":\"proefnorm\",\"instance\":\"" MEASURE                   \
              "\",\"date\":\"" date "\",\"until\":\"" until "\",\"reason\":\"WAITING_LIST\"")
#define LADDER "    explained_by: [deviation-explained]\n    escalate: [{after: 0 days, to: [gi]}]\n"
#define REASON "    reden WAITING_LIST, tot en met maandag 31 januari 2022\n"
#define OVER NEXT_FACT("was uitgelegd door Afwijking toegelicht (deviation-explained)", "zaterdag 15 januari 2022", "2") REASON                          \
        "    die toelichting is voorbij sinds maandag 31 januari 2022"
#define JSON_UNTIL "\"date\":\"2022-01-15\",\"reason\":\"WAITING_LIST\",\"until\":\"2022-01-31\"}"

static const struct { const char *key, *then, *text, *json; } overs[] = {
        {"", "2022-01-25", NEXT_FACT("uitgelegd door Afwijking toegelicht (deviation-explained)", "zaterdag 15 januari 2022", "2") REASON, JSON_UNTIL},
        {"", "2022-02-05", OVER "; de ladder telt door vanaf de einddatum\n", JSON_UNTIL},
        {"    after_explanation: restart\n", "2022-02-05", OVER "; de ladder telt vanaf die dag opnieuw\n", JSON_UNTIL ",\"ladder_from\":\"2022-01-31\""},
};

START_TEST(test_an_explanation_that_is_over_is_still_said) {
        char norm[1024], at_text[64];
        instant_t at;

        snprintf(norm, sizeof(norm), "%s%s", INFORMED TEN LADDER, overs[_i].key);
        open_norm(norm, ANYWHERE("2015-01-01"));
        play(STARTED("1", "2022-01-10") EXPLAINED("2", "2022-01-15", "2022-01-31"));
        snprintf(at_text, sizeof(at_text), "%sT10:00:00+01:00", overs[_i].then);
        ck_assert(instant_parse(text_of(at_text), &at));
        ck_assert_int_eq(replay_clock(replay, at), 0);
        expect("proefnorm", overs[_i].text, overs[_i].json);
}
END_TEST

/* What another version of the agreement does is no reason why not; what another measure does not start is. */
START_TEST(test_only_what_nothing_stands_in_place_of_is_said) {
        struct buffer out = BUFFER_INIT(TEXT_MAX);
        size_t at = 0;

        open_norm(INFORMED "    when: {kind: OTS}\n" TEN, ANYWHERE("2015-01-01"));
        play(STARTED("1", "2022-01-10") EVENT("measure-started", CHILD, "2", "2022-01-11T10:00",
             "\"measure_id\":\"7f0a320f-7e2d-50ba-959b-4131a3834d5e\",\"kind\":"
             "\"VOTS\",\"verdict_date\":\"2022-01-11\",\"informed_date\":\"2022-01-11\",\"gi\":\"gi-noordzee\",\"municipality\":\"gm0375\""));
        expect("proefnorm", "  geldt alleen als kind OTS is; het is VOTS\n", "\"why_not\":[{\"protocol\":\"proef\",\"norm\":\"proefnorm\",\"cause\":\"WHEN\"");
        ck_assert_int_eq(explain_text(replay_engine(replay), replay_store(replay), store_iterate(replay_store(replay), &at), replay_now(replay),
             NULL, NULL, &out), 0);
        ck_assert_msg(!strstr(buffer_text(&out), "niet van toepassing"), "%s", buffer_text(&out)); /* only when it is asked */
        buffer_done(&out);
}
END_TEST

/* Explains with what stands in inboxes; the text has @text, and not @not. */
static void expect_posted(const struct postings *postings, const char *text, const char *not, const char *json) {
        struct buffer out = BUFFER_INIT(TEXT_MAX);
        size_t at = 0;
        struct casefile *casefile = store_iterate(replay_store(replay), &at);

        ck_assert_int_eq(explain_text(replay_engine(replay), replay_store(replay), casefile, replay_now(replay), NULL, postings, &out), 0);
        ck_assert_msg(strstr(buffer_text(&out), text) && !(not && strstr(buffer_text(&out), not)), "%s", buffer_text(&out));
        buffer_clear(&out);
        ck_assert_int_eq(explain_json(replay_engine(replay), replay_store(replay), casefile, replay_now(replay), NULL, postings, &out), 0);
        ck_assert_msg(!json || strstr(buffer_text(&out), json), "%s", buffer_text(&out));
        buffer_done(&out);
}

/* A record of the norm in the GI's inbox. */
static struct posting posted(enum known_type type, uint8_t id, const char *at, struct posting_outcome outcome) {
        size_t first = 0;
        const struct casefile *casefile = store_iterate(replay_store(replay), &first);
        struct posting posting = {.organisation = "gi-noordzee", .type = event_types_known(config->types, type), .event_id = {{id}}, .outcomes = {outcome},
                                  .n = 1, .protocol = "proef", .norm = "proefnorm", .instance = MEASURE};

        ck_assert_uint_eq(casefile->told.n_alerts, 1);
        ck_assert(instant_parse(text_of(at), &posting.at));
        if (type == TYPE_PLAN_DUE)
                ck_assert(date_parse(TEXT_OF("2022-01-20"), &posting.due_date));
        else
                posting.alert_id = casefile->told.alerts[0].id;
        return posting;
}

/* That an alert was refused by its receiver, or waits, is said in the place of that it was told. */
START_TEST(test_what_became_of_it_in_the_inbox) {
        struct posting announced, raised, resolved;
        const struct posting *items[] = {&announced, &raised, &resolved};
        struct postings none = {0}, two = {items, 2}, all = {items, 3}, since = {.since = INT64_C(1700000000000)};

        open_norm(INFORMED TEN "    announce: [gi]\n    escalate:\n      - {after: 0 days, to: [gi]}\n", ANYWHERE("2015-01-01"));
        play(STARTED("1", "2022-01-10") HELP("2", "2022-02-01"));
        announced = posted(TYPE_PLAN_DUE, 1, "2022-01-10T10:00:00+01:00", (struct posting_outcome){POSTING_UNREAD, NULL, INT64_C(1641805200000), 0, 0});
        raised = posted(TYPE_ESCALATION_RAISED, 2, "2022-01-21T00:00:00+01:00",
                        (struct posting_outcome){POSTING_REFUSED, "hook", INT64_C(1642719900000), 400, 1});
        resolved = posted(TYPE_ESCALATION_RESOLVED, 3, "2022-02-05T12:00:00+01:00", (struct posting_outcome){0});
        resolved.n = 0;
        expect_posted(NULL, "trede 1 aan GI Noordzee (gi-noordzee) als GI: gemeld op vrijdag 21 januari 2022 00:00 uur\n", "postvak",
                      "\"alerts\":[{\"alert_id\"");
        expect_posted(&since, "trede 1 aan GI Noordzee (gi-noordzee) als GI: gemeld op vrijdag 21 januari 2022 00:00 uur\n", "postvak", "\"inbox\":[]}]");
        expect_posted(&none, "gemeld op vrijdag 21 januari 2022 00:00 uur; staat niet (meer) in het postvak\n", NULL, "\"inbox\":[]}]");
        expect_posted(&two, "  trede 1 aan GI Noordzee (gi-noordzee) als GI: in het postvak op vrijdag 21 januari 2022 00:00 uur, "
                      "geweigerd (400) op vrijdag 21 januari 2022 00:05 uur\n", "gemeld",
                      "\"inbox\":[{\"event\":\"escalation-raised\",\"event_id\":\"02000000-0000-0000-0000-000000000000\",\"to\":\"gi-noordzee\","
                      "\"in_inbox\":\"2022-01-21T00:00:00+01:00\",\"delivery\":[{\"state\":\"refused\",\"by\":\"hook\",");
        expect_posted(&two, "  aangekondigd op maandag 10 januari 2022 10:00 uur aan GI\n"
                      "    aan GI Noordzee (gi-noordzee): wacht sinds maandag 10 januari 2022 10:00 uur; niemand leest dit postvak\n", NULL,
                      "\"announced\":[{\"event\":\"plan-due\",");
        play(CONTACT("3", "2022-02-05"));
        expect_posted(&all, "als GI: opgelost op zaterdag 5 februari 2022 12:00 uur\n"
                      "    de melding: in het postvak op vrijdag 21 januari 2022 00:00 uur, geweigerd (400) op vrijdag 21 januari 2022 00:05 uur\n"
                      "    de oplossing: in het postvak op zaterdag 5 februari 2022 12:00 uur\n", "gemeld", "\"event\":\"escalation-resolved\"");
        announced.due_date++; /* of another date, that is not announced any more */
        expect_posted(&all, "  aangekondigd op maandag 10 januari 2022 10:00 uur aan GI\n  trede 1", NULL, "\"announced\":[]");
}
END_TEST

/* Of the agreement of Groningen: no child gets a plan or a contact before the GI has had a month. */
START_TEST(test_dates_of_the_agreements_do_not_contradict_themselves) {
        char path[512];

        snprintf(path, sizeof(path), "%s/config", getenv("PROJECT_ROOT"));
        open_config(path);
        play("{\"event\":\"measure-started\",\"event_id\":\"00000000-0000-4000-8000-000000000001\",\"case_id\":\"" CHILD
             "\",\"source\":\"gi-jbn\",\"occurred_at\":\"2022-05-08T10:00:00+02:00\",\"recorded_at\":\"2022-05-08T10:00:00+02:00\",\"measure_id\":\"" MEASURE
             "\",\"kind\":\"OTS\",\"verdict_date\":\"2022-05-08\",\"informed_date\":\"2022-05-08\",\"gi\":\"gi-jbn\",\"municipality\":\"gm0014\","
             "\"birth_date\":\"2005-11-17\"}\n"
             "{\"event\":\"care-after-18-judged\",\"event_id\":\"00000000-0000-4000-8000-000000000002\",\"case_id\":\"" CHILD
             "\",\"source\":\"gi-jbn\",\"occurred_at\":\"2022-05-09T10:00:00+02:00\",\"recorded_at\":\"2022-05-09T10:00:00+02:00\","
             "\"date\":\"2022-05-09\",\"expected\":true,\"support_needed\":true}\n");
        expect("future-plan",
               "  16 jaar na donderdag 17 november 2005: einde woensdag 17 november 2021.\n"
               "  6 maanden na woensdag 17 november 2021: einde dinsdag 17 mei 2022.\n"
               "  niet eerder dan een termijn vanaf " BEGINS " van Jeugdbescherming Noord (gi-jbn), zondag 8 mei 2022 "
               "(bericht 00000000-0000-4000-8000-000000000001)\n"
               "  1 maand na zondag 8 mei 2022: einde woensdag 8 juni 2022.\n"
               "  uiterlijk woensdag 8 juni 2022, de latere van beide datums\n",
               "\"due_date\":\"2022-06-08\",\"due_by\":\"not_before\",");
        expect("adulthood-contact",
               "  18 jaar na donderdag 17 november 2005: einde vrijdag 17 november 2023.\n"
               "  6 maanden vóór vrijdag 17 november 2023: einde woensdag 17 mei 2023.\n"
               "  niet eerder dan een termijn vanaf " BEGINS " van Jeugdbescherming Noord (gi-jbn), zondag 8 mei 2022 "
               "(bericht 00000000-0000-4000-8000-000000000001)\n"
               "  1 maand na zondag 8 mei 2022: einde woensdag 8 juni 2022.\n"
               "  uiterlijk woensdag 17 mei 2023, de latere van beide datums\n",
               "\"due_date\":\"2023-05-17\",\"due_by\":\"term\",");
}
END_TEST

int main(void) {
        Suite *s = suite_create("explain");
        TCase *t = tcase_create("explain");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 60);
        tcase_add_checked_fixture(t, NULL, teardown);
        tcase_add_loop_test(t, test_every_way_says_why, 0, ELEMENTS(ways));
        tcase_add_loop_test(t, test_every_nothing_says_why, 0, ELEMENTS(nothings));
        tcase_add_loop_test(t, test_an_explanation_that_is_over_is_still_said, 0, ELEMENTS(overs));
        tcase_add_test(t, test_only_what_nothing_stands_in_place_of_is_said);
        tcase_add_test(t, test_dates_of_the_agreements_do_not_contradict_themselves);
        tcase_add_test(t, test_what_became_of_it_in_the_inbox);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
