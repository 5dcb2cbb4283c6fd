/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * console.yaml: where the console listens, who may come in, and what they may do
 *
 *   listen: 127.0.0.1:8081            # or unix:/run/ketenwacht/console.sock
 *   tls: {certificate: FILE, key: FILE}
 *   origin: https://keten.example     # how browsers call it; default: what they say in Host
 *   sessions: {idle: 30 minutes, longest: 12 hours}
 *   redrive_per_second: 100
 *   users:
 *     - {name: anna, roles: [meta, zaak], organisation: gm0014, password: "$argon2id$…"}   # the line comes from `ketenwacht console user`
 *   proxy:
 *     user_header: X-Forwarded-User
 *     groups_header: X-Forwarded-Groups
 *     secret_header: X-Console-Secret
 *     secret: {env: NAME}             # or {file: PATH}
 *     from: [127.0.0.1]               # addresses of the proxy; none: only over the UNIX socket
 *     groups:
 *       keten-beheer: {roles: [meta, zaak, beheer]}
 *       gm0014-jeugd: {roles: [meta, zaak], organisation: gm0014}
 *
 * Neither users nor proxy: refused. Every mistake is told with file, line, column and the nearest known word.
 */

#include "base/arena.h"
#include "base/mistakes.h"
#include "connect/secret.h"
#include "console/access/person.h"

#define CONSOLE_PORT 8081
#define CONSOLE_USERS_MAX 1000
#define CONSOLE_GROUPS_MAX 1000
#define CONSOLE_ADDRESSES_MAX 32
#define CONSOLE_HEADER_MAX 64 /* bytes of the name of a header */
#define CONSOLE_IDLE_MS (HOUR_MS / 2)
#define CONSOLE_LONGEST_MS (12 * HOUR_MS)
#define CONSOLE_REDRIVE_PER_SECOND 100
#define CONSOLE_SCRATCH "/var/tmp"
#define CONSOLE_REDRIVE_PER_SECOND_MAX 10000

struct console_user {
        const char *name, *password; /* its argon2id hash */
        unsigned roles;
        const struct organisation *organisation; /* NULL: the whole chain */
};

struct console_group {
        const char *name;
        unsigned roles;
        const struct organisation *organisation;
};

struct console_settings {
        const char *address, *unix_path; /* one of them */
        uint16_t port;
        const char *certificate, *key;   /* what stands in the files; NULL: no TLS */
        const char *origin;              /* without a / behind it; NULL: not said */
        int64_t idle_ms, longest_ms;
        int64_t redrive_per_second;
        const char *scratch;             /* folder for what track and trace keeps; NULL: it is kept in memory */
        const struct console_user *users;
        size_t users_n;
        bool has_proxy;
        const char *user_header, *groups_header, *secret_header;
        struct secrets secrets;          /* any of them is the proxy's */
        const char *const *proxies;      /* addresses */
        size_t proxies_n;
        const struct console_group *groups;
        size_t groups_n;
        bool open_on_localhost;          /* of the command line: whoever reaches it may do everything; said on every page */
};

struct console_settings_source {
        const struct organisations *organisations;
        const char *(*environment)(const char *name); /* NULL: neither the secret nor the certificate is looked for */
};

/*
 * Reads @path. All text lives in @arena. Return: 0; -EINVAL when there were mistakes; other negative errno. In each case console_settings_done() lets go of
 * what @ret holds beside it.
 */
int console_settings_read(const char *path, const struct console_settings_source *source, struct arena *arena, struct console_settings *ret,
                          struct mistakes *mistakes) MUSTCHECK;

/* Those without a file, of --open-on-localhost: on 127.0.0.1, for everybody. */
void console_settings_open(uint16_t port, struct console_settings *ret);

/* Wipes the secrets. */
void console_settings_done(struct console_settings *settings);

/* Whether a numeric address, or a name without its port as browsers write it, is this very machine: 127.0.0.1, ::1, [::1], localhost. */
bool console_is_local(struct text host);
