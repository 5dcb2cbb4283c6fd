/* SPDX-License-Identifier: EUPL-1.2 */

/* Keeps, in memory and on the broker, which hash of outside leads to which case, and what waits for one. */

#include "channel/case_keys.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/table.h"
#include "base/vector.h"
#include "connect/kept.h"
#include "connect/runtime.h"

#define FLIGHTS 256          /* rows on their way to the broker */
#define BSN_DIGITS 9
#define LIST_LINE_MAX (BSN_DIGITS + 1 + UUID_TEXT)
#define WAIT "wait"
#define INSTANT_DIGITS 24

struct row {
        char *value; /* NUL behind it; NULL: forgotten, until the broker has that */
        size_t n;
        unsigned flights;
        bool dirty, own; /* to be sent; put by this process: what is read of it is an echo */
        char key[];      /* "<kind>|<hash>" */
};

struct flight {
        struct row *row; /* NULL: free */
};

struct case_keys {
        struct case_keys_config config;
        struct kept kept;
        bool read_all, listed, full;
        int failure;
        struct table rows;
        VECTOR(struct row *) dirty; /* in the order of their puts; from dirty_at on they are to be sent */
        size_t dirty_at;
        struct flight flights[FLIGHTS];
        size_t flights_n, waiting_n;
        uint64_t generation;
        VECTOR(struct case_keys_waiting) waiting;
        /* the list */
        int64_t look_at;
        struct timespec refused; /* the list as it was when a mistake was found in it */
        bool removing;           /* it was read; it goes when all is kept */
        struct metric *metric_rows, *metric_waiting, *metric_oldest;
};

/* -- BSN -- */

bool bsn_is_valid(struct text t) {
        int sum = 0, all = 0;

        if (t.n != BSN_DIGITS)
                return false;
        for (int i = 0; i < BSN_DIGITS; i++) {
                int digit = t.s[i] - '0';

                if (digit < 0 || digit > 9)
                        return false;
                all += digit;
                sum += digit * (i == BSN_DIGITS - 1 ? -1 : BSN_DIGITS - i);
        }
        return all > 0 && sum % 11 == 0;
}

bool bsn_is_in(struct text t) {
        for (size_t i = 0; i < t.n;) {
                size_t n = 0;

                while (i + n < t.n && isalnum((unsigned char)t.s[i + n]))
                        n++;
                if (bsn_is_valid((struct text){t.s + i, n}))
                        return true;
                i += n > 0 ? n : 1;
        }
        return false;
}

void case_keys_hash(const struct case_keys *k, const char *kind, struct text what, char ret[CASE_KEYS_HASH + 1]) {
        const struct secret *key = &k->config.key->items[0];
        crypto_auth_hmacsha256_state state;
        unsigned char mac[crypto_auth_hmacsha256_BYTES];

        crypto_auth_hmacsha256_init(&state, (const unsigned char *)key->bytes, key->n);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)kind, strlen(kind));
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)"|", 1);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)what.s, what.n);
        crypto_auth_hmacsha256_final(&state, mac);
        sodium_bin2hex(ret, CASE_KEYS_HASH + 1, mac, sizeof(mac));
        sodium_memzero(&state, sizeof(state));
}

/* -- Rows in memory -- */

static size_t row_key(char ret[CASE_KEYS_KEY_MAX], const char *kind, const char *hash) {
        int n = snprintf(ret, CASE_KEYS_KEY_MAX, "%s|%s", kind, hash);

        assert(n > 0 && n < CASE_KEYS_KEY_MAX);
        return (size_t)n;
}

static bool row_is_wait(const char *key) {
        return strncmp(key, WAIT "|", sizeof(WAIT)) == 0;
}

static struct row *case_keys_row(const struct case_keys *k, const char *kind, const char *hash) {
        char key[CASE_KEYS_KEY_MAX];

        return table_get(&k->rows, key, row_key(key, kind, hash));
}

static struct row *case_keys_add(struct case_keys *k, const char *key, size_t n) {
        struct row *row = calloc(1, sizeof(*row) + n + 1);

        if (!row)
                return NULL;
        memcpy(row->key, key, n);
        if (table_put(&k->rows, row->key, n, row) == 0)
                return row;
        free(row);
        return NULL;
}

/* The table counts what waits, and hears of everything else. */
static int case_keys_set(struct case_keys *k, struct row *row, struct text value) {
        char *copy = value.n > 0 ? malloc(value.n + 1) : NULL;

        if (value.n > 0 && !copy)
                return -ENOMEM;
        if (copy) {
                memcpy(copy, value.s, value.n);
                copy[value.n] = '\0';
        }
        if (row_is_wait(row->key))
                k->waiting_n = k->waiting_n + (copy != NULL) - (row->value != NULL);
        else
                k->generation++;
        free(row->value);
        row->value = copy;
        row->n = value.n;
        return 0;
}

static void case_keys_drop(struct case_keys *k, struct row *row) {
        assert(!row->value && !row->dirty && row->flights == 0);
        table_remove(&k->rows, row->key, strlen(row->key));
        free(row);
}

static int case_keys_mark(struct case_keys *k, struct row *row) {
        int r = row->dirty ? 0 : vector_push(&k->dirty, row);

        row->dirty = r == 0;
        return r;
}

static int case_keys_write(struct case_keys *k, const char *key, size_t n, struct text value, struct error *err) {
        struct row *row = table_get(&k->rows, key, n);

        if (!row && value.n == 0)
                return 0;
        if (row && text_equal((struct text){row->value, row->n}, value))
                return 0;
        if (!row && k->rows.n >= CASE_KEYS_ROWS_MAX) {
                error_set(err, "more than %d rows are kept; close cases that are over", CASE_KEYS_ROWS_MAX);
                return -ENOSPC;
        }
        row = row ? row : case_keys_add(k, key, n);
        if (!row || case_keys_set(k, row, value) < 0)
                return -ENOMEM;
        row->own = true;
        return case_keys_mark(k, row);
}

struct text case_keys_find(const struct case_keys *k, const char *kind, const char *hash) {
        const struct row *row = case_keys_row(k, kind, hash);

        return row && row->value ? (struct text){row->value, row->n} : (struct text){0};
}

int case_keys_put(struct case_keys *k, const char *kind, const char *hash, struct text value, struct error *err) {
        char key[CASE_KEYS_KEY_MAX];
        size_t n = row_key(key, kind, hash);

        assert(value.n <= CASE_KEYS_VALUE_MAX);
        return case_keys_write(k, key, n, value, err);
}

size_t case_keys_count(const struct case_keys *k) {
        return k->rows.n;
}

const char *case_keys_next_item(const char *at) {
        at = strchr(at, ';');
        return at ? at + 1 : NULL;
}

bool case_keys_next_part(const char **at, char *ret, size_t size) {
        size_t n = strcspn(*at, " ;");

        (void) snprintf(ret, size, "%.*s", (int)n, *at);
        *at += n + ((*at)[n] == ' ');
        return n > 0;
}

int case_keys_each(const struct case_keys *k, const char *kind, int (*take)(void *ctx, const char *hash, struct text value), void *ctx) {
        size_t n = strlen(kind);
        const struct row *row;
        int r = 0;

        for (size_t i = 0; r == 0 && (row = table_next(&k->rows, &i));) {
                if (row->value && strncmp(row->key, kind, n) == 0 && row->key[n] == '|')
                        r = take(ctx, row->key + n + 1, (struct text){row->value, row->n});
        }
        return r;
}

int case_keys_forget(struct case_keys *k, const struct uuid *case_id, struct error *err) {
        char text[UUID_TEXT + 1];
        VECTOR(struct row *) found = {0};
        struct row *row;
        int r = 0;

        uuid_format(case_id, text);
        for (size_t i = 0; r == 0 && (row = table_next(&k->rows, &i));) {
                if (row->value && strstr(row->value, text))
                        r = vector_push(&found, row);
        }
        for (size_t i = 0; r == 0 && i < found.n; i++)
                r = case_keys_write(k, found.items[i]->key, strlen(found.items[i]->key), (struct text){0}, err);
        vector_done(&found);
        return r;
}

/* -- What waits -- */

int case_keys_wait(struct case_keys *k, const char *id, instant_t since, struct text what, struct error *err) {
        CLEANUP(buffer_done) struct buffer value = BUFFER_INIT(CASE_KEYS_VALUE_MAX);

        if (case_keys_find(k, WAIT, id).n > 0)
                return 0;
        buffer_printf(&value, "%lld|", (long long)since);
        buffer_add(&value, what.s, what.n);
        if (value.failed)
                return -ENOMEM;
        return case_keys_put(k, WAIT, id, (struct text){(const char *)value.bytes, value.n}, err);
}

int case_keys_wait_over(struct case_keys *k, const char *id, struct error *err) {
        return case_keys_put(k, WAIT, id, (struct text){0}, err);
}

static int waiting_by_age(const void *a, const void *b) {
        const struct case_keys_waiting *left = a, *right = b;

        if (left->since != right->since)
                return left->since < right->since ? -1 : 1;
        return strcmp(left->id, right->id);
}

int case_keys_look(struct case_keys *k, const struct case_keys_waiting **ret, size_t *ret_n) {
        const struct row *row;

        k->waiting.n = 0;
        for (size_t i = 0; (row = table_next(&k->rows, &i));) {
                const char *bar = row->value && row_is_wait(row->key) ? memchr(row->value, '|', row->n) : NULL;
                int64_t since;

                if (!bar || !text_to_int64((struct text){row->value, (size_t)(bar - row->value)}, &since))
                        continue;
                if (vector_push(&k->waiting,
                                (struct case_keys_waiting){row->key + sizeof(WAIT), since, {bar + 1, row->n - (size_t)(bar + 1 - row->value)}}) < 0)
                        return -ENOMEM;
        }
        if (k->waiting.n > 1)
                qsort(k->waiting.items, k->waiting.n, sizeof(*k->waiting.items), waiting_by_age);
        metric_set(k->metric_oldest, 0, k->waiting.n > 0 ? clock_realtime(&k->config.env->clock) - k->waiting.items[0].since : 0);
        *ret = k->waiting.items;
        *ret_n = k->waiting.n;
        return 0;
}

uint64_t case_keys_generation(const struct case_keys *k) {
        return k->generation;
}

size_t case_keys_waiting_count(const struct case_keys *k) {
        return k->waiting_n;
}

bool case_keys_is_full(const struct case_keys *k) {
        return k->waiting_n >= (size_t)k->config.max_waiting;
}

/* -- From and to the broker -- */

static int case_keys_on_row(void *ctx, struct text key, struct text value, struct error *err) {
        struct case_keys *k = ctx;
        struct row *row = key.n < CASE_KEYS_KEY_MAX ? table_get(&k->rows, key.s, key.n) : NULL;
        int r;

        if (key.n >= CASE_KEYS_KEY_MAX || value.n > CASE_KEYS_VALUE_MAX || (row && row->own) || (!row && value.n == 0))
                return 0;
        row = row ? row : case_keys_add(k, key.s, key.n);
        r = row ? case_keys_set(k, row, value) : -ENOMEM;
        if (r < 0)
                return error_trace(r, err);
        if (value.n == 0)
                case_keys_drop(k, row);
        return 0;
}

static struct flight *case_keys_free_flight(struct case_keys *k) {
        for (size_t i = 0; k->flights_n < FLIGHTS && i < FLIGHTS; i++) {
                if (!k->flights[i].row)
                        return &k->flights[i];
        }
        return NULL;
}

static int case_keys_send(struct case_keys *k, struct error *err) {
        for (struct flight *f = NULL; k->dirty_at < k->dirty.n && (f = case_keys_free_flight(k)); k->dirty_at++) {
                struct row *row = k->dirty.items[k->dirty_at];
                int r = runtime_keep(k->config.env->runtime, text_of(row->key), (struct text){row->value, row->n}, f, err);

                if (r == RUNTIME_E_BUSY)
                        return 0;
                if (r)
                        return r;
                f->row = row;
                k->flights_n++;
                row->flights++;
                row->dirty = false;
        }
        if (k->dirty_at == k->dirty.n)
                k->dirty.n = k->dirty_at = 0;
        return 0;
}

bool case_keys_settled(struct case_keys *k, void *cookie, enum submitted outcome) {
        struct flight *f = cookie;
        struct row *row;

        if (f < k->flights || f >= k->flights + FLIGHTS)
                return false;
        row = f->row;
        *f = (struct flight){0};
        k->flights_n--;
        row->flights--;
        if (outcome != SUBMITTED_SENT && case_keys_mark(k, row) < 0)
                k->failure = -ENOMEM; /* a row would be lost without a word */
        if (!row->value && !row->dirty && row->flights == 0)
                case_keys_drop(k, row);
        return true;
}

bool case_keys_are_kept(const struct case_keys *k) {
        return k->flights_n == 0 && k->dirty.n == 0;
}

bool case_keys_is_ready(const struct case_keys *k) {
        return k->read_all && k->listed;
}

/* -- The list -- */

/* Takes a line, or only looks at it. Return: 0; -EINVAL: it is none. */
static int list_line(struct case_keys *k, struct text line, bool take, struct error *err) {
        char hash[CASE_KEYS_HASH + 1];
        struct uuid id;

        if (line.n != LIST_LINE_MAX || line.s[BSN_DIGITS] != ';' || !bsn_is_valid((struct text){line.s, BSN_DIGITS}) ||
            !uuid_parse(line.s + BSN_DIGITS + 1, UUID_TEXT, &id))
                return -EINVAL;
        if (!take)
                return 0;
        case_keys_hash(k, CASE_KEYS_BSN, (struct text){line.s, BSN_DIGITS}, hash);
        return case_keys_put(k, CASE_KEYS_BSN, hash, (struct text){line.s + BSN_DIGITS + 1, UUID_TEXT}, err);
}

/* Return: 0; a negative errno; the number of the first line that is none. */
static int list_take(struct case_keys *k, const char *bytes, size_t n, bool take, struct error *err) {
        int number = 0;

        for (size_t at = 0; at < n;) {
                const char *end = memchr(bytes + at, '\n', n - at);
                size_t length = end ? (size_t)(end - bytes) - at : n - at;
                struct text line = {bytes + at, length > 0 && bytes[at + length - 1] == '\r' ? length - 1 : length};
                int r;

                number++;
                at += length + 1;
                if (line.n == 0)
                        continue;
                r = list_line(k, line, take, err);
                if (r)
                        return r == -EINVAL ? number : r;
        }
        return 0;
}

static char *list_bytes(const char *path, size_t n) {
        FILE *f = fopen(path, "re");
        char *bytes = f ? malloc(n + 1) : NULL;
        size_t got = bytes ? fread(bytes, 1, n, f) : 0;

        if (f)
                fclose(f);
        if (bytes && got == n)
                return bytes;
        free(bytes);
        return NULL;
}

static void list_complain(const struct case_keys *k, const struct stat *s, int line, const char *why) {
        (void)s;
        log_line(k->config.env->log, CASE_KEYS_LIST, LOG_STRING("connector", k->config.env->name), LOG_INT("line", line), LOG_STRING("reason", why));
}

/* Nothing of a list with a mistake is taken: it is looked at whole, first. */
static int list_read(struct case_keys *k, const struct stat *s, struct error *err) {
        size_t n = (size_t)s->st_size;
        char *bytes = n <= CASE_KEYS_LIST_MAX ? list_bytes(k->config.pairs, n) : NULL;
        int r;

        if (!bytes) {
                k->refused = s->st_mtim;
                list_complain(k, s, 0, n > CASE_KEYS_LIST_MAX ? "it is too large" : "it cannot be read");
                return 0;
        }
        r = list_take(k, bytes, n, false, err);
        if (r > 0) {
                k->refused = s->st_mtim;
                list_complain(k, s, r, "it is no BSN that passes the eleven-test, a semicolon and a case_id; nothing of the list was taken");
                r = 0;
        } else if (r == 0) {
                r = list_take(k, bytes, n, true, err);
                k->removing = true;
        }
        sodium_memzero(bytes, n);
        free(bytes);
        return r;
}

static int list_turn(struct case_keys *k, struct error *err) {
        int64_t now = clock_monotonic(&k->config.env->clock);
        struct stat s;

        if (k->removing && case_keys_are_kept(k)) {
                k->removing = false;
                if (unlink(k->config.pairs) < 0 && errno != ENOENT)
                        list_complain(k, NULL, 0, "it was read and cannot be removed: remove it, since it holds BSNs");
        }
        if (!k->config.pairs || k->removing || (k->listed && now < k->look_at))
                return 0;
        k->listed = true;
        k->look_at = now + CASE_KEYS_LOOK_MS;
        if (stat(k->config.pairs, &s) < 0 || !S_ISREG(s.st_mode) ||
            (s.st_mtim.tv_sec == k->refused.tv_sec && s.st_mtim.tv_nsec == k->refused.tv_nsec))
                return 0;
        return list_read(k, &s, err);
}

/* -- Living -- */

static int case_keys_metrics(struct case_keys *k, struct error *err) {
        const struct {
                struct metric **ret;
                struct metric_row row;
        } rows[] = {
                {&k->metric_rows, {.name = "ketenwacht_case_keys", .kind = METRIC_GAUGE, .help = "Rows by which what comes from outside finds its case."}},
                {&k->metric_waiting, {.name = "ketenwacht_case_keys_waiting", .kind = METRIC_GAUGE,
                                      .help = "What came from outside and waits for a case that nobody knows yet."}},
                {&k->metric_oldest, {.name = "ketenwacht_case_keys_oldest_seconds", .kind = METRIC_GAUGE,
                                     .help = "The age of the oldest of what waits for a case.", .per_unit = 1000}},
        };

        for (size_t i = 0; k->config.env->metrics && i < ELEMENTS(rows); i++) {
                int r = metrics_register(k->config.env->metrics, &rows[i].row, rows[i].ret, err);

                if (r < 0)
                        return r;
        }
        return 0;
}

int case_keys_new(const struct case_keys_config *config, struct case_keys **ret, struct error *err) {
        CLEANUP(case_keys_free_p) struct case_keys *k = calloc(1, sizeof(*k));
        int r;

        if (!k)
                return -ENOMEM;
        k->config = *config;
        k->listed = !config->pairs;
        if (config->key->n == 0 || sodium_init() < 0) {
                error_set(err, "key: there is none; make one with: openssl rand -hex 32");
                return -EINVAL;
        }
        r = kept_open(&k->kept, config->env->bus, config->env->name, case_keys_on_row, k, err);
        if (r == 0)
                r = case_keys_metrics(k, err);
        if (r)
                return r;
        *ret = TAKE(k);
        return 0;
}

struct case_keys *case_keys_free(struct case_keys *k) {
        struct row *row;

        if (!k)
                return NULL;
        kept_close(&k->kept);
        for (size_t i = 0; (row = table_next(&k->rows, &i));) {
                free(row->value);
                free(row);
        }
        table_done(&k->rows);
        vector_done(&k->dirty);
        vector_done(&k->waiting);
        free(k);
        return NULL;
}

int case_keys_turn(struct case_keys *k, struct error *err) {
        bool full = case_keys_is_full(k);
        int r = kept_read(&k->kept, 0, &k->read_all, err);

        if (r == 0 && k->read_all)
                r = list_turn(k, err);
        if (r == 0)
                r = k->failure ? k->failure : case_keys_send(k, err);
        if (full && !k->full)
                log_line(k->config.env->log, CASE_KEYS_FULL, LOG_STRING("connector", k->config.env->name), LOG_INT("waiting", (int64_t)k->waiting_n));
        k->full = full;
        metric_set(k->metric_rows, 0, (int64_t)k->rows.n);
        metric_set(k->metric_waiting, 0, (int64_t)k->waiting_n);
        return r;
}
