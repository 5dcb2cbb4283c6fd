/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Messages of others, from a folder or over HTTP, until all that follows from each is on the broker
 *
 * What a message says is the connector's to find; this brings it, and carries what was made of it: events, dead letters, rows of channel/case_keys.h,
 * and what waits there for its case. Messages are taken in batches: everything of a batch is on the broker before a file is moved or a request answered,
 * and a crash before that takes the batch again, so what is made of a message must be the same the second time. Of two processes on one folder the
 * second does nothing until the first has ended.
 */

#include "channel/case_keys.h"
#include "channel/door.h"
#include "channel/folder.h"

#define RECEPTION_BATCH_MESSAGES 200 /* of one batch */
#define RECEPTION_BATCH_RECORDS 2000 /* after so many nothing more is taken into it */
#define RECEPTION_REQUESTS_MAX 200   /* over HTTP that wait; more are told to come back */
#define RECEPTION_TRY_AGAIN_MS 10000 /* between two looks at what waits, when nothing was learnt */
#define RECEPTION_WHOLE_MS 600000    /* a message over HTTP is here whole within so long: it may be large */
#define RECEPTION_REPLY_MAX ((size_t)64 * 1024)
#define RECEPTION_VALUE_MAX 512      /* of a dead letter */
#define RECEPTION_PATH_MAX 64
#define RECEPTION_NAME_MAX 64        /* of a file that answers, with its NUL */

/* Options of the connector: RECEPTION_OPTION_ROWS() puts them into its table. */
struct reception_options {
        const char *folder, *pairs;
        struct listening listening;
        struct secrets token, key;
        int64_t wait_for, max_waiting;
};

#define RECEPTION_OPTION_ROWS(holder, field)                                                                                                               \
        {.key = "folder",                                                                                                                                  \
         .fallback = "",                                                                                                                                   \
         .doc = "Where messages arrive as files that end in .xml, one message each, renamed in or left alone for two seconds. They go on to done/ or "     \
                "refused/ in it.",                                                                                                                         \
         .type = OPTION_PATH,                                                                                                                              \
         .offset = offsetof(holder, field.folder)},                                                                                                        \
        {.key = "listen",                                                                                                                                  \
         .fallback = "",                                                                                                                                   \
         .doc = "Numeric address and port at which messages are posted, one each; port 0 is any that is free, see the log. Plain HTTP: let a reverse "     \
                "proxy on this machine do TLS.",                                                                                                           \
         .type = OPTION_STRING,                                                                                                                            \
         .offset = offsetof(holder, field.listening.listen)},                                                                                              \
        {.key = "token",                                                                                                                                   \
         .fallback = "",                                                                                                                                   \
         .doc = "Bearer tokens of who posts: one to four, of at least 32 characters. Needed with listen.",                                                 \
         .type = OPTION_SECRET,                                                                                                                            \
         .offset = offsetof(holder, field.token)},                                                                                                         \
        {.key = "key",                                                                                                                                     \
         .doc = "Key under which BSNs and numbers of others are hashed: 32 characters or more, made with openssl rand -hex 32. Another key needs the "     \
                "list of pairs again.",                                                                                                                    \
         .type = OPTION_SECRET,                                                                                                                            \
         .offset = offsetof(holder, field.key)},                                                                                                           \
        {.key = "pairs",                                                                                                                                   \
         .fallback = "",                                                                                                                                   \
         .doc = "File of lines bsn;case_id that a GI hands over. Read when it is there, and removed once the broker has the hashes of all of it.",         \
         .type = OPTION_PATH,                                                                                                                              \
         .offset = offsetof(holder, field.pairs)},                                                                                                         \
        {.key = "wait_for",                                                                                                                                \
         .fallback = "336 hours",                                                                                                                          \
         .doc = "What nobody knows the case of waits so long: 14 days.",                                                                                   \
         .type = OPTION_DURATION,                                                                                                                          \
         .offset = offsetof(holder, field.wait_for),                                                                                                       \
         .min = 1000,                                                                                                                                      \
         .max = 366 * DAY_MS},                                                                                                                             \
        {.key = "max_waiting",                                                                                                                             \
         .fallback = "100000",                                                                                                                             \
         .doc = "When so much waits nothing new is taken, and the log says so.",                                                                           \
         .type = OPTION_INT,                                                                                                                               \
         .offset = offsetof(holder, field.max_waiting),                                                                                                    \
         .min = 1,                                                                                                                                         \
         .max = 1000000},                                                                                                                                  \
        {.key = "connections",                                                                                                                             \
         .fallback = "50",                                                                                                                                 \
         .doc = "Connections at once; more wait in the queue of the operating system.",                                                                    \
         .type = OPTION_INT,                                                                                                                               \
         .offset = offsetof(holder, field.listening.connections),                                                                                          \
         .min = 1,                                                                                                                                         \
         .max = 1000},                                                                                                                                     \
        {.key = "per_address",                                                                                                                             \
         .fallback = "0",                                                                                                                                  \
         .doc = "Connections at once from one address; 0 is without a limit, as behind a reverse proxy.",                                                  \
         .type = OPTION_INT,                                                                                                                               \
         .offset = offsetof(holder, field.listening.per_address),                                                                                          \
         .min = 0,                                                                                                                                         \
         .max = 1000},                                                                                                                                     \
        {.key = "timeout",                                                                                                                                 \
         .fallback = "60 s",                                                                                                                               \
         .doc = "A connection on which nothing moves for so long is closed; rounded up to whole seconds. A whole message has ten minutes.",                \
         .type = OPTION_DURATION,                                                                                                                          \
         .offset = offsetof(holder, field.listening.timeout),                                                                                              \
         .min = 1000,                                                                                                                                      \
         .max = 600000}

/* One message, and what its sender is told when everything that follows from it is on the broker. */
struct reception_message {
        const char *bytes;   /* NULL: it is too large to be read */
        size_t n;
        int64_t place;       /* which it is of those that this process took */
        bool refused;        /* its file goes to refused/ */
        unsigned status;     /* of the answer over HTTP */
        const char *content_type;
        struct buffer reply; /* its body, RECEPTION_REPLY_MAX */
        struct buffer written; /* a file for config.answers, named .written_as; empty: none */
        char written_as[RECEPTION_NAME_MAX]; /* and a NUL */
};

struct reception;

struct reception_config {
        const struct connector_env *env;
        struct reception_options *options; /* both must outlive it */
        const char *path;                  /* "/ijw": where messages are posted */
        const char *what;                  /* "one bare iJw message as application/xml" */
        const char *answers;               /* folder in which messages that answer are written; NULL: none are */
        void *ctx;
        /* Finds out what follows from a message: by the functions below, .refused and the reply. Return: 0 or negative errno, which ends the connector. */
        int (*take)(void *ctx, struct reception_message *m, struct error *err);
        /* The same of what waited. Return: 1: it goes on waiting; 0: it does not, once everything that follows is on the broker; negative errno. */
        int (*again)(void *ctx, const struct case_keys_waiting *w, struct error *err);
        /* What else the connector has to do, each turn. *ret_ready: messages may be taken. NULL: nothing, and they may. Return: 0 or negative errno. */
        int (*turn)(void *ctx, bool *ret_ready, struct error *err);
        /* Called once when the keys are there: the first take() and turn() come later. NULL: nothing. Return: 0 or negative errno. */
        int (*begin)(void *ctx, struct case_keys *keys, struct error *err);
        /*
         * Writes how a request is told that its message cannot be taken now (@row: PAUSED, BUSY, BROKER). NULL: as problem details.
         * Return: the status, and *ret_type.
         */
        unsigned (*put_off)(void *ctx, const struct problem_row *row, struct buffer *out, const char **ret_type);
};

/* Whether what the file says fits together. Return: 0 or -EINVAL with a sentence. */
int reception_check(const struct reception_options *o, struct error *err) MUSTCHECK;

/* Opens folder and door. Return: 0; -EINVAL: the configuration is wrong; other negative errno. */
int reception_open(const struct reception_config *config, struct reception **ret, struct error *err) MUSTCHECK;

/* Whoever waits for an answer is told to come back. NULL ok; returns NULL. */
struct reception *reception_free(struct reception *r);
DEFINE_CLEANUP(struct reception *, reception_free);

/* As struct connector_ops has them. */
int reception_turn(struct reception *r, int timeout_ms, struct error *err) MUSTCHECK;
bool reception_quiesce(struct reception *r);
void reception_settled(struct reception *r, void *cookie, enum submitted outcome);

/* For `connect check --try`: whether the folder is there and can be written. Return: 0 or negative errno. */
int reception_try(const struct reception_options *o, const struct connector_env *env, struct buffer *out, struct error *err) MUSTCHECK;

/* -- What follows from a message; only in take() and again() -- */

/*
 * An event, as the JSON of replay; it is read as it would be from anybody, and one that is none becomes a dead letter. @type, @source: of the event.
 * @event_id: as text. Return: 0 or -ENOMEM.
 */
int reception_event(struct reception *r, const char *type, const char *source, const char *event_id, struct text json) MUSTCHECK;

/* A dead letter; no personal data in any of these. @value: JSON, or "". Return: 0 or -ENOMEM. */
int reception_letter(struct reception *r, const char *code, const char *error, const char *value) MUSTCHECK;
