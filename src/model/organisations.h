/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Organisations, regions and the roles they play
 *
 * config/organisations.yaml. An organisation may have several rows with disjoint validity (a
 * municipality that changed regions); all share one id and one inbox. Immutable after loading.
 */

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "base/uuid.h"
#include "calendar/date.h"

enum organisation_kind {
        KIND_MUNICIPALITY, KIND_GI, KIND_PROVIDER, KIND_REGION, KIND_COUNCIL, KIND_VEILIG_THUIS, KIND_PURCHASER,
        KIND_INSPECTORATE, KIND_OPERATORS, KIND_OTHER, KINDS,
};
extern const char *const organisation_kind_names[KINDS]; /* municipality, gi, … veilig-thuis … */
bool organisation_kind_of(const char *name, enum organisation_kind *ret); /* false: no kind is called so */

#define ORGANISATIONS_MAX 20000
#define ORGANISATION_URN "urn:ketenwacht:" /* then the id: of who has no urn of its own */
#define ORGANISATION_URN_MAX 255           /* bytes of a URN */
#define ORGANISATION_BROKER "ketenwacht"   /* source of what the broker itself tells; no organisation may be called so */
#define SUCCESSORS_MAX 8 /* steps of a chain of mergers */

struct organisation;
struct region;

/* One entry of a roles mapping: this word means these organisations here. */
struct role_entry {
        const char *role;
        const struct organisation **organisations; /* first rows */
        size_t n;
};

/* Who can be reached for a function: mailboxes, never people. Whether the list is complete is said by model/contacts.h. */
struct organisation_contact {
        const char *function, *mailbox, *deputy; /* deputy: NULL when there is none */
        const char *for_whom;                    /* "gi, groningen"; NULL: everyone */
        day_t from, until;                       /* inclusive; those of its row when it says none */
};

struct organisation { /* one row */
        const char *id, *name, *urn; /* urn: never NULL, default urn:ketenwacht:<id> */
        enum organisation_kind kind;
        unsigned index;             /* of the id, 0 .. organisations_count()-1: the same for all rows of one id */
        day_t from, until;          /* inclusive; INT32_MIN and INT32_MAX when open */
        const struct organisation *successor; /* first row, or NULL */
        const struct region *region;          /* where it lies, or NULL; only a municipality's decides anything */
        const struct role_entry *roles; size_t n_roles;
        const struct organisation_contact *contacts; size_t n_contacts;
        const struct organisation *next;      /* the next row of this id, by from; or NULL */
};

struct region {
        const char *id, *name;
        struct uuid case_id; /* UUIDv5 of region|<id>: a region is a case too */
        const struct region *part_of;
        const struct role_entry *roles; size_t n_roles;
        unsigned index;
        bool alive;      /* it lives from the valid.from of its protocols, whether or not it has an event; else from its first event */
        bool alive_said; /* the configuration says which */
};

struct organisations;

/*
 * Return: 0; -EINVAL with every mistake as a line "file:line:column: …" given to @mistakes; negative errno.
 * With -EINVAL *ret holds what could be read, so that other files can be checked against it, or NULL; nothing else may use it.
 */
struct mistakes; /* base/mistakes.h */
int organisations_read(const char *path, struct organisations **ret, struct mistakes *mistakes) MUSTCHECK;
struct organisations *organisations_free(struct organisations *orgs);
DEFINE_CLEANUP(struct organisations *, organisations_free);

size_t organisations_count(const struct organisations *orgs); /* ids, not rows */
const struct organisation *organisations_at(const struct organisations *orgs, size_t index); /* first row */
const struct organisation *organisations_find(const struct organisations *orgs, struct text id); /* first row, or NULL */
const struct organisation *organisations_operators(const struct organisations *orgs); /* the first of kind operators: always there */

/* What ketenwacht itself is called as a source: what the configuration says; by default, and without @orgs, its id as a URN. */
const char *organisations_broker_urn(const struct organisations *orgs);

/* How many regions there are, and each: by place, by id, by the case_id that it is; NULL: none. Borrowed. */
size_t regions_count(const struct organisations *orgs);
const struct region *regions_at(const struct organisations *orgs, size_t index);
const struct region *regions_find(const struct organisations *orgs, struct text id);
const struct region *regions_find_case(const struct organisations *orgs, const struct uuid *case_id);

/* Whether @region is @other or lies in it through part_of. */
bool region_within(const struct region *region, const struct region *other);

/* The row that is valid on a date, or NULL. @org: any first row, or NULL. */
const struct organisation *organisation_on(const struct organisation *org, day_t date);

/*
 * Follows successors: the row valid on @date of this organisation or of the one that took its place;
 * NULL when there is none. A successor counts from the day after until on.
 */
const struct organisation *organisation_follow(const struct organisation *org, day_t date);

/* The entry for a role, or NULL. */
const struct role_entry *role_find(const struct role_entry *roles, size_t n, const char *role);

/* Whether some organisation or region gives this role to anybody. */
bool organisations_have_role(const struct organisations *orgs, const char *role);

/*
 * Offers what is known to a search for the nearest word: configured roles, ids of organisations, ids of regions. An organisation is
 * also meant by its name, by its id in another case, and a municipality by its CBS code as others write it: 0014, 14, GM0014.
 */
void organisations_nearest_role(const struct organisations *orgs, struct nearest *nearest);
void organisations_nearest(const struct organisations *orgs, struct nearest *nearest);
void regions_nearest(const struct organisations *orgs, struct nearest *nearest);

/* "Groningen (gm0014)"; who is not configured (any more) by the id alone. */
void organisations_print(const struct organisations *orgs, struct text id, struct buffer *out);

/* The days on which some organisation begins or ends to be valid (its from, and the day after its until), sorted, without repeats. */
const day_t *organisations_changes(const struct organisations *orgs, size_t *ret_n);
