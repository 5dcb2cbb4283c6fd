/* SPDX-License-Identifier: EUPL-1.2 */

/* A ring of packed digests, with chains through it by case and by event. */

#include "replica/digests.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "base/utf8.h"
#include "base/varint.h"
#include "base/vector.h"

#define ENTRY_MAX (8 * (DIGEST_TEXT_MAX + 8) + 512) /* bytes: as many texts as one can have, and all the rest */
#define ENTRY_SENT TRAIL_DIGEST_KINDS          /* a dead letter was sent again: no digest of its own */
#define NAME_MAX_BYTES 512                     /* a longer name is not kept once */
#define NO_CASE UINT32_MAX
#define FORGET_PART 8                          /* so much of the ring goes when there is no place for a case */

/* An entry, as it is packed: size (2, of all of it), at (6), kind (1), then varints: back to the one before of its case and of its event, its case (+1). */
struct entry {
        uint64_t at_place;
        size_t size;
        instant_t at;
        unsigned kind;
        uint64_t case_before, event_before; /* places; 0: none */
        uint32_t slot;
        const uint8_t *body, *end;
};

/* A case of which entries are there. */
struct digests_case {
        struct uuid id;
        uint64_t last; /* place of its latest entry */
        uint32_t next; /* of its bucket, or of the free ones */
};

struct digests {
        struct digests_config config;
        uint8_t *ring;
        struct spill spill; /* zeros: the ring is in memory */
        uint64_t head, tail; /* places: they only rise; 0 is none */
        struct digests_case *cases;
        uint32_t *case_buckets, free_case;
        size_t case_mask, cases_n;
        uint64_t *events; /* place of the latest entry of each chain */
        struct table names;
        VECTOR(const char *) name_of;
        struct arena *arena;
        size_t names_bytes;
        uint64_t entries, forgotten;
        instant_t since;
        uint8_t packed[ENTRY_MAX];
};

/* -- Made and ended -- */

static void digests_empty(struct digests *d) {
        d->head = d->tail = d->config.bytes;
        d->cases_n = 0;
        d->entries = d->forgotten = 0;
        d->since = 0;
        for (size_t i = 0; i <= d->case_mask; i++)
                d->case_buckets[i] = NO_CASE;
        d->free_case = 0;
        for (size_t i = 0; i < d->config.cases_max; i++)
                d->cases[i] = (struct digests_case){.next = i + 1 < d->config.cases_max ? (uint32_t)i + 1 : NO_CASE};
}

int digests_new(const struct digests_config *config, struct digests **ret) {
        CLEANUP(digests_free_p) struct digests *d = calloc(1, sizeof(*d));
        int r;

        assert(config->bytes >= DIGESTS_BYTES_MIN && config->cases_max > 0 && config->cases_max < NO_CASE);
        if (!d)
                return -ENOMEM;
        d->config = *config;
        for (d->case_mask = 1; d->case_mask < config->cases_max; d->case_mask <<= 1)
                ;
        d->case_mask--;
        if (config->spill)
                d->spill = *config->spill;
        if (config->spill)
                *config->spill = (struct spill){0};
        d->config.spill = &d->spill;
        d->ring = d->spill.bytes ? d->spill.bytes : malloc(config->bytes);
        d->cases = calloc(config->cases_max, sizeof(*d->cases));
        d->case_buckets = calloc(d->case_mask + 1, sizeof(*d->case_buckets));
        d->events = calloc(DIGESTS_EVENTS, sizeof(*d->events));
        if (!d->ring || !d->cases || !d->case_buckets || !d->events)
                return -ENOMEM;
        r = arena_new(&d->arena, 2 * DIGESTS_NAMES_BYTES);
        if (r)
                return r;
        digests_empty(d);
        *ret = TAKE(d);
        return 0;
}

struct digests *digests_free(struct digests *d) {
        if (!d)
                return NULL;
        table_done(&d->names);
        vector_done(&d->name_of);
        arena_free(d->arena);
        if (!d->spill.bytes)
                free(d->ring);
        spill_done(&d->spill);
        free(d->cases);
        free(d->case_buckets);
        free(d->events);
        free(d);
        return NULL;
}

void digests_clear(struct digests *d) {
        memset(d->events, 0, DIGESTS_EVENTS * sizeof(*d->events));
        digests_empty(d);
}

/* -- Packing -- */

struct packer {
        uint8_t *at, *end;
};

static void pack_bytes(struct packer *p, const void *bytes, size_t n) {
        assert(n <= (size_t)(p->end - p->at));
        if (n > 0)
                memcpy(p->at, bytes, n);
        p->at += n;
}

static void pack_number(struct packer *p, uint64_t value) {
        uint8_t bytes[VARINT_MAX];

        pack_bytes(p, bytes, varint_put(bytes, value));
}

static void pack_signed(struct packer *p, int64_t value) {
        pack_number(p, varint_fold(value));
}

static void pack_fixed(struct packer *p, uint64_t value, unsigned bytes) {
        for (unsigned i = 0; i < bytes; i++, value >>= 8)
                pack_bytes(p, &(uint8_t){(uint8_t)value}, 1);
}

static uint64_t unpack_fixed(const uint8_t *at, unsigned bytes) {
        uint64_t value = 0;

        for (unsigned i = bytes; i-- > 0;)
                value = value << 8 | at[i];
        return value;
}

static void unpack_bytes(const uint8_t **at, void *ret, size_t n) {
        memcpy(ret, *at, n);
        *at += n;
}

/* -- Texts: none, an id, a name that is kept once, or the bytes -- */

enum { TEXT_NONE, TEXT_ID, TEXT_REST }; /* from there: even, so many bytes follow; odd, the number of a name */

/* The number of a name, which is kept from now on; negative: it is not. */
static int64_t digests_name(struct digests *d, struct text text) {
        const void *known = table_get(&d->names, text.s, text.n);
        char *copy;

        if (known)
                return (int64_t)((uintptr_t)known - 1);
        if (text.n > NAME_MAX_BYTES || d->names_bytes + text.n > DIGESTS_NAMES_BYTES)
                return -1;
        copy = arena_copy(d->arena, text.s, text.n);
        if (!copy || vector_push(&d->name_of, copy))
                return -1;
        if (table_put(&d->names, copy, text.n, (void *)(uintptr_t)d->name_of.n)) {
                d->name_of.n--;
                return -1;
        }
        d->names_bytes += text.n + ARENA_ALIGN;
        return (int64_t)d->name_of.n - 1;
}

static void pack_text(struct packer *p, struct text text) {
        struct uuid id;

        if (!text.s) {
                pack_number(p, TEXT_NONE);
        } else if (uuid_parse(text.s, text.n, &id)) {
                pack_number(p, TEXT_ID);
                pack_bytes(p, &id, sizeof(id));
        } else {
                text.n = utf8_cut(text.s, text.n, DIGEST_TEXT_MAX);
                pack_number(p, TEXT_REST + 2 * text.n);
                pack_bytes(p, text.s, text.n);
        }
}

static void pack_name(struct digests *d, struct packer *p, struct text text) {
        int64_t number = text.n > 0 ? digests_name(d, text) : -1;

        if (number >= 0)
                pack_number(p, TEXT_REST + 2 * (uint64_t)number + 1);
        else
                pack_text(p, text);
}

/* @id: room for the text of an id. */
static struct text unpack_text(const struct digests *d, const uint8_t **at, char id[UUID_TEXT + 1]) {
        uint64_t value = varint_take(at);
        struct text text;
        struct uuid u;

        if (value == TEXT_NONE)
                return (struct text){0};
        if (value == TEXT_ID) {
                unpack_bytes(at, &u, sizeof(u));
                uuid_format(&u, id);
                return text_of(id);
        }
        value -= TEXT_REST;
        if (value & 1)
                return text_of(d->name_of.items[value >> 1]);
        text = (struct text){(const char *)*at, (size_t)(value >> 1)};
        *at += text.n;
        return text;
}

/* -- What a digest says, packed -- */

enum { /* what is there */
        HAS_EVENT = 1,
        HAS_CASE = 2, /* another than that of its chain */
        HAS_HEADER = 4,
        HAS_REDRIVEN = 8,
        HAS_ALERT = 16,
        HAS_REFUSED = 32,
        HAS_ANSWERS = 64,
};

static bool digest_has(const struct uuid *id) {
        const struct uuid none = {{0}};

        return !uuid_equal(id, &none);
}

static void pack_id(struct packer *p, unsigned flags, unsigned flag, const struct uuid *id) {
        if (flags & flag)
                pack_bytes(p, id, sizeof(*id));
}

static void pack_kind(struct digests *d, struct packer *p, const struct trail_digest *digest) {
        switch (digest->kind) {
        case TRAIL_DIGEST_FACT:
                pack_name(d, p, digest->copies);
                return;
        case TRAIL_DIGEST_COPY:
                pack_name(d, p, digest->role);
                return;
        case TRAIL_DIGEST_INBOX:
                if (!digest->type->output)
                        return;
                pack_name(d, p, digest->protocol);
                pack_name(d, p, digest->norm);
                pack_text(p, digest->instance);
                pack_name(d, p, digest->role);
                pack_name(d, p, digest->code);
                pack_text(p, digest->text);
                pack_name(d, p, text_of(digest->word));
                pack_signed(p, digest->due_date);
                pack_signed(p, digest->rung);
                return;
        case TRAIL_DIGEST_LETTER:
                pack_name(d, p, digest->code);
                pack_name(d, p, digest->stage);
                pack_text(p, digest->text);
                return;
        case TRAIL_DIGEST_DELIVERY:
                pack_name(d, p, digest->connector);
                pack_number(p, digest->state);
                pack_signed(p, digest->status);
                pack_signed(p, digest->attempts);
                return;
        case TRAIL_DIGEST_OUTBOX:
        case TRAIL_DIGEST_POST:
        case TRAIL_DIGEST_KINDS:
                return;
        }
}

static void pack_digest(struct digests *d, struct packer *p, const struct trail_digest *digest, const struct uuid *case_id) {
        unsigned flags = (digest_has(&digest->event_id) ? HAS_EVENT : 0) | (uuid_equal(&digest->case_id, case_id) ? 0 : HAS_CASE) |
                         (digest_has(&digest->header_id) && !uuid_equal(&digest->header_id, &digest->event_id) ? HAS_HEADER : 0) |
                         (digest->redriven ? HAS_REDRIVEN : 0) | (digest_has(&digest->alert_id) ? HAS_ALERT : 0) |
                         (digest_has(&digest->refused) ? HAS_REFUSED : 0) | (digest_has(&digest->answers) ? HAS_ANSWERS : 0);

        pack_number(p, flags);
        pack_signed(p, digest->partition);
        pack_signed(p, digest->offset);
        pack_number(p, digest->type ? digest->type->index + 1 : 0);
        pack_number(p, digest->organisation ? digest->organisation->index + 1 : 0);
        pack_id(p, flags, HAS_EVENT, &digest->event_id);
        pack_id(p, flags, HAS_CASE, &digest->case_id);
        pack_id(p, flags, HAS_HEADER, &digest->header_id);
        if (flags & HAS_REDRIVEN)
                pack_signed(p, digest->redriven);
        pack_id(p, flags, HAS_ALERT, &digest->alert_id);
        pack_id(p, flags, HAS_REFUSED, &digest->refused);
        pack_id(p, flags, HAS_ANSWERS, &digest->answers);
        pack_kind(d, p, digest);
}

/* A digest that is given back; @id: room for its instance. */
struct unpacked {
        struct trail_digest digest;
        char id[UUID_TEXT + 1], text[UUID_TEXT + 1];
};

/* The word as the schema has it, which lasts. */
static const char *digest_word(const struct event_type *type, struct text word) {
        for (size_t i = 0; word.n > 0 && i < type->layout->n; i++) {
                const struct layout_field *field = &type->layout->fields[i];

                for (size_t k = 0; field->type == LAYOUT_ENUM && k < field->n_symbols; k++) {
                        if (text_is(word, field->symbols[k]))
                                return field->symbols[k];
                }
        }
        return NULL;
}

static void unpack_kind(const struct digests *d, const uint8_t **at, struct unpacked *u) {
        struct trail_digest *digest = &u->digest;

        switch (digest->kind) {
        case TRAIL_DIGEST_FACT:
                digest->copies = unpack_text(d, at, u->id);
                return;
        case TRAIL_DIGEST_COPY:
                digest->role = unpack_text(d, at, u->id);
                return;
        case TRAIL_DIGEST_INBOX:
                if (!digest->type->output)
                        return;
                digest->protocol = unpack_text(d, at, u->text);
                digest->norm = unpack_text(d, at, u->text);
                digest->instance = unpack_text(d, at, u->id);
                digest->role = unpack_text(d, at, u->text);
                digest->code = unpack_text(d, at, u->text);
                digest->text = unpack_text(d, at, u->text);
                digest->word = digest_word(digest->type, unpack_text(d, at, u->text));
                digest->due_date = (day_t)varint_unfold(varint_take(at));
                digest->rung = varint_unfold(varint_take(at));
                return;
        case TRAIL_DIGEST_LETTER:
                digest->code = unpack_text(d, at, u->id);
                digest->stage = unpack_text(d, at, u->id);
                digest->text = unpack_text(d, at, u->text);
                return;
        case TRAIL_DIGEST_DELIVERY:
                digest->connector = unpack_text(d, at, u->id);
                digest->state = (enum posting_state)varint_take(at);
                digest->status = (int)varint_unfold(varint_take(at));
                digest->attempts = (int)varint_unfold(varint_take(at));
                return;
        case TRAIL_DIGEST_OUTBOX:
        case TRAIL_DIGEST_POST:
        case TRAIL_DIGEST_KINDS:
                return;
        }
}

static void unpack_id(const uint8_t **at, unsigned flags, unsigned flag, struct uuid *ret) {
        if (flags & flag)
                unpack_bytes(at, ret, sizeof(*ret));
}

static void unpack_digest(const struct digests *d, const struct entry *e, struct unpacked *u) {
        const uint8_t *at = e->body;
        unsigned flags = (unsigned)varint_take(&at);
        struct trail_digest *digest = &u->digest;
        uint64_t type, organisation;

        *digest = (struct trail_digest){.kind = (enum trail_digest_kind)e->kind, .at = e->at};
        if (e->slot != NO_CASE)
                digest->case_id = d->cases[e->slot].id;
        digest->partition = (int32_t)varint_unfold(varint_take(&at));
        digest->offset = varint_unfold(varint_take(&at));
        type = varint_take(&at);
        organisation = varint_take(&at);
        digest->type = type ? event_types_at(d->config.types, type - 1) : NULL;
        digest->organisation = organisation ? organisations_at(d->config.organisations, organisation - 1) : NULL;
        unpack_id(&at, flags, HAS_EVENT, &digest->event_id);
        unpack_id(&at, flags, HAS_CASE, &digest->case_id);
        if (digest->kind == TRAIL_DIGEST_LETTER && !(flags & HAS_HEADER))
                digest->header_id = digest->event_id;
        unpack_id(&at, flags, HAS_HEADER, &digest->header_id);
        if (flags & HAS_REDRIVEN)
                digest->redriven = varint_unfold(varint_take(&at));
        unpack_id(&at, flags, HAS_ALERT, &digest->alert_id);
        unpack_id(&at, flags, HAS_REFUSED, &digest->refused);
        unpack_id(&at, flags, HAS_ANSWERS, &digest->answers);
        unpack_kind(d, &at, u);
        assert(at <= e->end);
}

/* -- The ring -- */

#define ENTRY_FIXED 9 /* bytes before the varints: size, at, kind */

/* @n bytes of it are looked at or written, until the next such call. */
static uint8_t *digests_at(const struct digests *d, uint64_t place, size_t n) {
        if (d->spill.bytes)
                spill_touch(d->config.spill, n);
        return d->ring + place % d->config.bytes;
}

/* The entry at a place that is there. */
static void digests_entry(const struct digests *d, uint64_t place, struct entry *ret) {
        const uint8_t *at = digests_at(d, place, ENTRY_FIXED);
        uint64_t case_back, event_back, slot;

        *ret = (struct entry){.at_place = place, .size = (size_t)unpack_fixed(at, 2), .at = (instant_t)unpack_fixed(at + 2, 6), .kind = at[8]};
        ret->end = at + ret->size;
        ret->body = at + ENTRY_FIXED;
        case_back = varint_take(&ret->body);
        event_back = varint_take(&ret->body);
        slot = varint_take(&ret->body);
        ret->case_before = case_back ? place - case_back : 0;
        ret->event_before = event_back ? place - event_back : 0;
        ret->slot = slot ? (uint32_t)(slot - 1) : NO_CASE;
}

/* Whether what stood there has not been pushed out; what a chain ends with is not there. */
static bool digests_is_there(const struct digests *d, uint64_t place) {
        return place >= d->tail && place < d->head;
}

/* The oldest goes; what is left at the end of the ring, too short for the next, has no size. */
static void digests_forget(struct digests *d) {
        uint64_t left = d->config.bytes - d->tail % d->config.bytes;
        const uint8_t *at = digests_at(d, d->tail, ENTRY_FIXED);
        uint64_t size = left < ENTRY_FIXED ? 0 : unpack_fixed(at, 2);

        if (size == 0) {
                d->tail += left;
                return;
        }
        if ((instant_t)unpack_fixed(at + 2, 6) > d->since)
                d->since = (instant_t)unpack_fixed(at + 2, 6);
        d->tail += size;
        d->entries--;
        d->forgotten++;
}

/* Where the next entry of @size begins, with room made. */
static uint64_t digests_room(struct digests *d, size_t size) {
        uint64_t left = d->config.bytes - d->head % d->config.bytes;

        if (left < size) {
                while (d->head + left - d->tail > d->config.bytes)
                        digests_forget(d);
                if (left >= ENTRY_FIXED)
                        memset(digests_at(d, d->head, 2), 0, 2);
                d->head += left;
        }
        while (d->head + size - d->tail > d->config.bytes)
                digests_forget(d);
        return d->head;
}

/* -- Cases -- */

static uint32_t *digests_bucket(const struct digests *d, const struct uuid *id) {
        return &d->case_buckets[table_hash(id, sizeof(*id)) & d->case_mask];
}

static uint32_t digests_find_case(const struct digests *d, const struct uuid *id) {
        uint32_t slot = *digests_bucket(d, id);

        while (slot != NO_CASE && !uuid_equal(&d->cases[slot].id, id))
                slot = d->cases[slot].next;
        return slot;
}

/* Gives back the places of cases of which nothing is there any more. */
static void digests_sweep(struct digests *d) {
        for (size_t b = 0; b <= d->case_mask; b++) {
                for (uint32_t *link = &d->case_buckets[b]; *link != NO_CASE;) {
                        uint32_t slot = *link;

                        if (digests_is_there(d, d->cases[slot].last)) {
                                link = &d->cases[slot].next;
                                continue;
                        }
                        *link = d->cases[slot].next;
                        d->cases[slot].next = d->free_case;
                        d->free_case = slot;
                        d->cases_n--;
                }
        }
}

/* The place of a case, made when it has none; the oldest entries go when there is no place. */
static uint32_t digests_case(struct digests *d, const struct uuid *id) {
        uint32_t slot = digests_find_case(d, id), *bucket = digests_bucket(d, id);

        if (slot != NO_CASE)
                return slot;
        if (d->free_case == NO_CASE)
                digests_sweep(d);
        while (d->free_case == NO_CASE) {
                uint64_t until = d->tail + d->config.bytes / FORGET_PART;

                while (d->tail < until && d->tail < d->head)
                        digests_forget(d);
                digests_sweep(d);
        }
        slot = d->free_case;
        d->free_case = d->cases[slot].next;
        d->cases[slot] = (struct digests_case){.id = *id, .next = *bucket};
        *bucket = slot;
        d->cases_n++;
        return slot;
}

/* -- Keeping -- */

static uint64_t *digests_chain(const struct digests *d, const void *key, size_t n) {
        return &d->events[table_hash(key, n) & (DIGESTS_EVENTS - 1)];
}

static uint64_t digests_back(const struct digests *d, uint64_t from, uint64_t to) {
        return digests_is_there(d, to) ? from - to : 0;
}

/* @body of it is packed. The case has its place, and room is made, before anything is linked. */
static void digests_add(struct digests *d, unsigned kind, instant_t at, uint32_t slot, uint64_t *chain, size_t body_n) {
        uint8_t bytes[ENTRY_FIXED + 30];
        struct packer p = {bytes, bytes + sizeof(bytes)};
        uint64_t place = digests_room(d, sizeof(bytes) + body_n);
        uint8_t *to = digests_at(d, place, sizeof(bytes) + body_n);
        size_t size;

        pack_fixed(&p, 0, 2);
        pack_fixed(&p, (uint64_t)at, 6);
        pack_fixed(&p, kind, 1);
        pack_number(&p, slot == NO_CASE ? 0 : digests_back(d, place, d->cases[slot].last));
        pack_number(&p, chain ? digests_back(d, place, *chain) : 0);
        pack_number(&p, slot == NO_CASE ? 0 : (uint64_t)slot + 1);
        size = (size_t)(p.at - bytes) + body_n;
        p = (struct packer){bytes, bytes + 2};
        pack_fixed(&p, size, 2);
        memcpy(to, bytes, size - body_n);
        memcpy(to + size - body_n, d->packed, body_n);
        if (slot != NO_CASE)
                d->cases[slot].last = place;
        if (chain)
                *chain = place;
        d->head = place + size;
        d->entries++;
}

void digests_keep(struct digests *d, const struct uuid *case_id, const struct trail_digest *digest) {
        const struct uuid none = {{0}}, *event_id = digest->kind == TRAIL_DIGEST_LETTER ? &digest->header_id : &digest->event_id;
        struct packer p = {d->packed, d->packed + sizeof(d->packed)};

        assert(digest->kind < TRAIL_DIGEST_KINDS);
        pack_digest(d, &p, digest, case_id ? case_id : &none);
        digests_add(d, digest->kind, digest->at, case_id ? digests_case(d, case_id) : NO_CASE,
                    digest_has(event_id) ? digests_chain(d, event_id, sizeof(*event_id)) : NULL, (size_t)(p.at - d->packed));
}

/* A letter, as what says that it was sent again is found: without holes. */
struct letter_key {
        int64_t partition, offset, stamp;
};

static struct letter_key letter_key_make(int32_t partition, int64_t offset, instant_t stamp) {
        return (struct letter_key){partition, offset, stamp};
}

void digests_keep_sent(struct digests *d, const struct letter_place *letter, instant_t at) {
        const struct letter_key key = letter_key_make(letter->partition, letter->offset, letter->stamp);
        struct packer p = {d->packed, d->packed + sizeof(d->packed)};

        pack_bytes(&p, &key, sizeof(key));
        digests_add(d, ENTRY_SENT, at, NO_CASE, digests_chain(d, &key, sizeof(key)), (size_t)(p.at - d->packed));
}

/* -- Giving -- */

static instant_t digests_sent_at(const struct digests *d, const struct trail_digest *letter) {
        const struct letter_key wanted = letter_key_make(letter->partition, letter->offset, letter->at);
        struct entry e;

        for (uint64_t place = *digests_chain(d, &wanted, sizeof(wanted)); digests_is_there(d, place); place = e.event_before) {
                digests_entry(d, place, &e);
                if (e.kind == ENTRY_SENT && memcmp(e.body, &wanted, sizeof(wanted)) == 0)
                        return e.at;
        }
        return 0;
}

struct giving {
        VECTOR(uint64_t) places;
        VECTOR(struct uuid) events;
};

static int digests_compare_places(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

static int digests_compare_events(const void *a, const void *b) {
        return uuid_compare(a, b);
}

/* All entries of the case, and the events that they are of. */
static int digests_give_case(const struct digests *d, uint32_t slot, struct giving *g) {
        struct unpacked u;
        struct entry e;

        for (uint64_t place = d->cases[slot].last; digests_is_there(d, place); place = e.case_before) {
                if (g->places.n >= TRAIL_STEPS_MAX)
                        return -E2BIG;
                digests_entry(d, place, &e);
                unpack_digest(d, &e, &u);
                if (vector_push(&g->places, place) || (digest_has(&u.digest.event_id) && vector_push(&g->events, u.digest.event_id)))
                        return -ENOMEM;
        }
        return 0;
}

/* What is of an event, and does not say of which case. */
static int digests_give_event(const struct digests *d, const struct uuid *event_id, struct giving *g) {
        struct unpacked u;
        struct entry e;

        for (uint64_t place = *digests_chain(d, event_id, sizeof(*event_id)); digests_is_there(d, place); place = e.event_before) {
                digests_entry(d, place, &e);
                if (e.slot != NO_CASE || e.kind == ENTRY_SENT)
                        continue;
                if (g->places.n >= TRAIL_STEPS_MAX)
                        return -E2BIG;
                unpack_digest(d, &e, &u);
                if ((uuid_equal(&u.digest.event_id, event_id) || uuid_equal(&u.digest.header_id, event_id)) && vector_push(&g->places, place))
                        return -ENOMEM;
        }
        return 0;
}

static bool digest_comes_later(unsigned kind) {
        return kind == TRAIL_DIGEST_LETTER || kind == TRAIL_DIGEST_DELIVERY;
}

static int digests_give_places(const struct digests *d, const struct giving *g, bool later, struct trail *trail) {
        struct unpacked u;
        struct entry e;
        int r = 0;

        for (size_t i = 0; r == 0 && i < g->places.n; i++) {
                digests_entry(d, g->places.items[i], &e);
                if (digest_comes_later(e.kind) != later)
                        continue;
                unpack_digest(d, &e, &u);
                if (e.kind == TRAIL_DIGEST_LETTER)
                        u.digest.sent_at = digests_sent_at(d, &u.digest);
                r = trail_take(trail, &u.digest);
        }
        return r;
}

static int digests_give_all(const struct digests *d, uint32_t slot, struct giving *g, struct trail *trail) {
        int r = digests_give_case(d, slot, g);

        if (r == 0 && g->events.n > 0)
                qsort(g->events.items, g->events.n, sizeof(*g->events.items), digests_compare_events);
        for (size_t i = 0; r == 0 && i < g->events.n; i++) {
                if (i == 0 || !uuid_equal(&g->events.items[i], &g->events.items[i - 1]))
                        r = digests_give_event(d, &g->events.items[i], g);
        }
        if (r == 0 && g->places.n > 0)
                qsort(g->places.items, g->places.n, sizeof(*g->places.items), digests_compare_places);
        if (r == 0)
                r = digests_give_places(d, g, false, trail);
        return r ? r : digests_give_places(d, g, true, trail);
}

int digests_give(const struct digests *d, const struct uuid *case_id, struct trail *trail) {
        uint32_t slot = digests_find_case(d, case_id);
        struct giving g = {0};
        int r = slot == NO_CASE ? 0 : digests_give_all(d, slot, &g, trail);

        vector_done(&g.places);
        vector_done(&g.events);
        return r;
}

size_t digests_find(const struct digests *d, const struct uuid *event_id, struct uuid ret[DIGESTS_FOUND_MAX]) {
        struct unpacked u;
        struct entry e;
        size_t n = 0;

        for (uint64_t place = *digests_chain(d, event_id, sizeof(*event_id)); digests_is_there(d, place) && n < DIGESTS_FOUND_MAX; place = e.event_before) {
                size_t i = 0;

                digests_entry(d, place, &e);
                if (e.slot == NO_CASE || e.kind == ENTRY_SENT)
                        continue;
                unpack_digest(d, &e, &u);
                if (!uuid_equal(&u.digest.event_id, event_id) && !uuid_equal(&u.digest.header_id, event_id))
                        continue;
                while (i < n && !uuid_equal(&ret[i], &u.digest.case_id))
                        i++;
                if (i == n)
                        ret[n++] = u.digest.case_id;
        }
        return n;
}

void digests_stats(const struct digests *d, struct digests_stats *ret) {
        *ret = (struct digests_stats){.entries = d->entries, .forgotten = d->forgotten, .bytes = (size_t)(d->head - d->tail), .cases = d->cases_n,
                                      .since = d->since};
        ret->memory = d->config.bytes + d->config.cases_max * sizeof(*d->cases) + (d->case_mask + 1) * sizeof(*d->case_buckets) +
                      DIGESTS_EVENTS * sizeof(*d->events) + 2 * DIGESTS_NAMES_BYTES;
}
