/* SPDX-License-Identifier: EUPL-1.2 */

/* Keeps what could not be read, by partition and key, until a later row of that key takes its place. */

#include "worker/stray.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/restore.h"
#include "model/row_key.h"

#define STRAY_KEY_BYTES_MAX 40 /* of a key that is none, as text */
#define STRAY_PLACE_BYTES sizeof(int32_t)

static void stray_free(struct stray *stray) {
        free(stray->place);
        free(stray->value);
        free(stray);
}

void strays_done(struct strays *s) {
        struct stray *stray;

        for (size_t i = 0; (stray = table_next(&s->by_key, &i));)
                stray_free(stray);
        table_done(&s->by_key);
}

/* Partition and key: the key of the table, in memory of its own. NULL: out of memory. */
static char *stray_place(const struct bus_record *row) {
        char *place = malloc(STRAY_PLACE_BYTES + row->key_n + 1);

        if (!place)
                return NULL;
        memcpy(place, &row->partition, STRAY_PLACE_BYTES);
        memcpy(place + STRAY_PLACE_BYTES, row->key, row->key_n);
        return place;
}

/* Return: 0; -ENOMEM. @ret_was: whether it was noted. */
static int stray_forget(struct strays *s, const struct bus_record *row, bool *ret_was) {
        CLEANUP(cleanup_free) char *place = s->by_key.n ? stray_place(row) : NULL;
        struct stray *stray;

        *ret_was = false;
        if (s->by_key.n == 0)
                return 0;
        if (!place)
                return -ENOMEM;
        stray = table_remove(&s->by_key, place, STRAY_PLACE_BYTES + row->key_n);
        *ret_was = stray != NULL;
        if (stray)
                stray_free(stray);
        return 0;
}

static int stray_note(struct strays *s, const struct bus_record *row, const struct error *why) {
        struct stray *stray;
        bool was;
        int r = stray_forget(s, row, &was);

        if (r || (was && !row->value)) /* put aside, also when nothing is known of tombstones of its kind */
                return r;
        if (s->by_key.n >= STRAYS_MAX)
                return -E2BIG;
        stray = calloc(1, sizeof(*stray));
        if (!stray)
                return -ENOMEM;
        *stray = (struct stray){.partition = row->partition, .offset = row->offset, .timestamp = row->timestamp, 
                                .place = stray_place(row), .key_n = row->key_n, .why = *why};
        if (s->keeps && row->value && s->kept < STRAYS_KEPT_MAX && (stray->value = malloc(row->value_n + 1))) {
                memcpy(stray->value, row->value, row->value_n);
                stray->value_n = row->value_n;
                s->kept++;
        }
        stray->key = (const uint8_t *)stray->place + STRAY_PLACE_BYTES;
        r = stray->place ? table_put(&s->by_key, stray->place, STRAY_PLACE_BYTES + row->key_n, stray) : -ENOMEM;
        if (r)
                stray_free(stray);
        return r;
}

/* What went wrong while a row was noted or forgotten, as a sentence. Returns @r. */
static int strays_failed(int r, const struct bus_record *row, struct error *err) {
        if (r == -ENOMEM)
                error_set(err, "out of memory while partition %d of case-state was read", row->partition);
        if (r == -E2BIG)
                error_set(err, "more than %d rows of case-state cannot be read; is this the case-state of ketenwacht?", STRAYS_MAX);
        return r;
}

int strays_take(struct strays *s, struct store *store, const struct bus_record *row, struct error *err) {
        struct row_key key;
        bool was, known = row_key_read(row->key, row->key_n, &key) == 0;
        int r = known || row->value ? store_restore(store, row->key, row->key_n, row->value, row->value_n, err) : 0;

        assert(!known || !row_key_is_mark(&key));
        if (r == 0)
                r = stray_forget(s, row, &was);
        else if (r == -EINVAL)
                r = stray_note(s, row, err);
        return strays_failed(r, row, err);
}

int strays_take_foreign(struct strays *s, const struct bus_record *row, struct error *err) {
        struct error why = {0};
        bool was;

        error_set(&why, "a key of %zu bytes; keys have %d", row->key_n, ROW_KEY_BYTES);
        return strays_failed(row->value ? stray_note(s, row, &why) : stray_forget(s, row, &was), row, err);
}

const struct stray *strays_next(const struct strays *s, size_t *at) {
        return table_next(&s->by_key, at);
}

const struct stray *strays_first(const struct strays *s) {
        const struct stray *first = NULL, *stray;

        for (size_t i = 0; (stray = strays_next(s, &i));) {
                if (!first || stray->partition < first->partition || (stray->partition == first->partition && stray->offset < first->offset))
                        first = stray;
        }
        return first;
}

const char *stray_key_text(const struct stray *stray, char ret[STRAY_KEY_TEXT]) {
        const uint8_t *bytes = stray->key;
        char id[UUID_TEXT + 1], case_id[UUID_TEXT + 1];
        struct row_key key;
        size_t n = 0;

        if (row_key_read(bytes, stray->key_n, &key) != ROW_KEY_E_LENGTH) {
                uuid_format(&key.case_id, case_id);
                uuid_format(&key.id, id);
                (void) snprintf(ret, STRAY_KEY_TEXT, isgraph((int)key.kind) ? "%s %c %s" : "%s 0x%02x %s", case_id, (int)key.kind, id);
                return ret;
        }
        ret[0] = '\0';
        for (size_t i = 0; i < stray->key_n && i < STRAY_KEY_BYTES_MAX; i++)
                n += (size_t)snprintf(ret + n, STRAY_KEY_TEXT - n, "%02x", bytes[i]);
        if (stray->key_n > STRAY_KEY_BYTES_MAX)
                (void) snprintf(ret + n, STRAY_KEY_TEXT - n, "…");
        return ret;
}

void strays_say(const struct stray *stray, struct error *err) {
        char key[STRAY_KEY_TEXT];

        error_set(err, "partition %d of case-state, offset %lld, key %s: %s; ketenwacht state repair shows such rows, and puts them aside",
                  (int)stray->partition, (long long)stray->offset, stray_key_text(stray, key), stray->why.text);
}
