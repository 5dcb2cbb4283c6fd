/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What a notificatieDi01 says: how the council for child protection (RvdK) tells a municipality that something in a case of its is over
 *
 * StUF-koppelvlak Jeugdzorg 1.0.9. The tree is held to what the interface says of order-free elements, types and enumerations; entiteittype and
 * the person's other particulars are passed over. What is kept is as much as becomes an event or a key. The BSN is in memory as long as the notification is.
 */

#include "base/clock.h"
#include "calendar/date.h"
#include "channel/xml.h"

#define STUF_SPACE "http://www.egem.nl/StUF/StUF0301"
#define CORV_SPACE "http://www.stufstandaarden.nl/koppelvlak/jz0100"
#define ZKN_SPACE "http://www.egem.nl/StUF/sector/zkn/0310"
#define BG_SPACE "http://www.egem.nl/StUF/sector/bg/0310"
#define SOAP_SPACE "http://schemas.xmlsoap.org/soap/envelope/"

#define NOTICE_DECISIONS_MAX 100
#define NOTICE_REFERENCE_MAX 40

enum notice_status { STATUS_INTAKE_DONE, STATUS_INVESTIGATION_DONE, STATUS_CASE_DONE };
enum notice_result { RESULT_NONE, RESULT_REQUEST_REJECTED, RESULT_NO_PETITION, RESULT_IMPOSED, RESULT_NOT_IMPOSED };

/* One of the court's decisions. */
struct notice_decision {
        day_t date;
        day_t ends;            /* DAY_NONE: not said */
        struct text words;     /* toelichting */
        struct text extras[4]; /* extraElementen: their texts, whatever they are called */
        size_t extras_n;
};

struct notice {
        struct xml *xml;       /* holds the texts */
        struct text sender, sender_application, receiver, receiver_application; /* of stuurgegevens */
        struct text reference; /* referentienummer: the sender's, 1 to NOTICE_REFERENCE_MAX characters */
        instant_t at;          /* tijdstipBericht, Amsterdam's clock */
        struct text number;    /* the council's own of the case; empty: not said */
        enum notice_status status;
        enum notice_result result;
        day_t status_on;       /* datumStatusGezet */
        bool unborn;
        char bsn[10];          /* "": none is said */
        struct notice_decision decisions[NOTICE_DECISIONS_MAX];
        size_t n;
};

enum { NOTICE_E_REFUSED = 1 };

/*
 * Reads one, in a SOAP 1.1 envelope or bare. Return: 0; NOTICE_E_REFUSED with a sentence that names element and line, never a value, and *ret then
 * holds what of stuurgegevens could be read, or is NULL; -ENOMEM.
 */
int notice_read(const char *bytes, size_t n, struct notice **ret, struct error *err) MUSTCHECK;

/* Wipes what was of a person. NULL ok; returns NULL. */
struct notice *notice_free(struct notice *n);
DEFINE_CLEANUP(struct notice *, notice_free);
