/* SPDX-License-Identifier: EUPL-1.2 */

/* Collecting what is wrong with an event. */

#include "model/event_mistakes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

/* The next to be filled; NULL: there is no room, and it was counted. */
static struct event_mistake *event_mistakes_next(struct event_mistakes *m, enum refusal refusal) {
        struct event_mistake *mistake = m->n < m->room ? &m->items[m->n] : NULL;

        assert(refusal != REFUSAL_NONE);
        m->n++;
        if (mistake) {
                mistake->refusal = refusal;
                mistake->field = NULL;
                mistake->key[0] = '\0';
                mistake->within = m->within;
        }
        return mistake;
}

bool event_mistakes_add_slot(struct event_mistakes *m, const struct event_type *type, size_t slot, enum refusal refusal, const char *fmt, ...) {
        struct event_mistake *mistake = event_mistakes_next(m, refusal);
        va_list args;

        m->wrong |= (uint64_t)1 << slot;
        if (!mistake)
                return false;
        mistake->field = type->layout->fields[slot].name;
        va_start(args, fmt);
        (void) vsnprintf(mistake->text, sizeof(mistake->text), fmt, args);
        va_end(args);
        return false;
}

bool event_mistakes_add(struct event_mistakes *m, enum refusal refusal, const char *field, const char *fmt, ...) {
        struct event_mistake *mistake = event_mistakes_next(m, refusal);
        va_list args;

        if (!mistake)
                return false;
        mistake->field = field;
        va_start(args, fmt);
        (void) vsnprintf(mistake->text, sizeof(mistake->text), fmt, args);
        va_end(args);
        return false;
}

bool event_mistakes_add_key(struct event_mistakes *m, struct text key, const char *fmt, ...) {
        struct event_mistake *mistake = event_mistakes_next(m, REFUSAL_BAD_VALUE);
        va_list args;

        if (!mistake)
                return false;
        if (!name_shown(key, mistake->key))
                mistake->key[0] = '\0';
        va_start(args, fmt);
        (void) vsnprintf(mistake->text, sizeof(mistake->text), fmt, args);
        va_end(args);
        return false;
}

bool event_mistakes_clear(const struct event_mistakes *m, int slot) {
        return !(m->wrong >> slot & 1);
}

size_t event_mistakes_told(const struct event_mistakes *m) {
        return m->n < m->room ? m->n : m->room;
}

const char *event_mistake_field(const struct event_mistake *mistake) {
        if (mistake->field)
                return mistake->field;
        return mistake->key[0] ? mistake->key : NULL;
}

enum refusal event_mistakes_first(const struct event_mistakes *m, const char **ret_field, struct error *err) {
        *ret_field = NULL;
        if (m->n == 0)
                return REFUSAL_NONE;
        *ret_field = m->items[0].field;
        error_set(err, "%s", m->items[0].text);
        return m->items[0].refusal;
}
