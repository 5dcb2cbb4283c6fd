/* SPDX-License-Identifier: EUPL-1.2 */

/* A mail server of a hundred lines: one thread waits for all connections, and answers a line at a time. */

#include "demo/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/table.h"
#include "base/text.h"

#define MAILBOX_PATH_MAX 512
#define MAILBOX_READ 4096
#define MAILBOX_LOOK_MS 100 /* how soon a stop is noticed */
#define MAILBOX_ID "\nMessage-ID: "
#define MAILBOX_SUBJECT "\nSubject: ketenwacht: " /* the norm is next */
#define MAILBOX_END "\r\n.\r\n"

struct mailbox_line { /* one connection */
        int fd;        /* -1: free */
        bool in_data;
        struct buffer text; /* a command that is not whole, or a mail */
};

struct mailbox {
        char folder[MAILBOX_PATH_MAX];
        int listens;
        uint16_t port;
        pthread_t thread;
        bool runs;
        atomic_bool stop;
        const char *const *norms;
        atomic_llong mails, mails_of[MAILBOX_NORMS_MAX];
        struct table ids;
        struct mailbox_line lines[MAILBOX_CONNECTIONS_MAX];
};

/* -- Files -- */

static void mailbox_path(const struct mailbox *box, long long number, char ret[MAILBOX_PATH_MAX + 32]) {
        (void) snprintf(ret, MAILBOX_PATH_MAX + 32, "%s/%04lld.eml", box->folder, number);
}

/* The files of an earlier run, which are numbered from 1 on. */
static void mailbox_empty(const struct mailbox *box) {
        char path[MAILBOX_PATH_MAX + 32];

        for (long long i = 1; i <= MAILBOX_FILES_MAX; i++) {
                mailbox_path(box, i, path);
                if (unlink(path))
                        return;
        }
}

/* Whether a mail with this id came before; remembers it. Out of memory: it did not. */
static bool mailbox_knows(struct mailbox *box, const char *mail) {
        const char *at = strstr(mail, MAILBOX_ID);
        size_t n = at ? strcspn(at + strlen(MAILBOX_ID), "\r\n") : 0;
        char *id;

        if (n == 0)
                return false;
        at += strlen(MAILBOX_ID);
        if (table_get(&box->ids, at, n))
                return true;
        id = text_dup((struct text){at, n});
        if (id && table_put(&box->ids, id, n, id))
                free(id);
        return false;
}

static void mailbox_count_norm(struct mailbox *box, const char *mail) {
        const char *at = strstr(mail, MAILBOX_SUBJECT);
        struct text norm = {at ? at + strlen(MAILBOX_SUBJECT) : mail, at ? strcspn(at + strlen(MAILBOX_SUBJECT), ", \r\n") : 0};

        for (size_t i = 0; box->norms[i]; i++) {
                if (text_is(norm, box->norms[i]))
                        atomic_fetch_add(&box->mails_of[i], 1);
        }
}

/* What cannot be written is counted all the same: the demonstration tells what came. */
static void mailbox_keep(struct mailbox *box, struct buffer *mail) {
        char path[MAILBOX_PATH_MAX + 32];
        long long number;
        FILE *f;

        if (mailbox_knows(box, buffer_text(mail)))
                return;
        number = atomic_load(&box->mails) + 1;
        mailbox_path(box, number, path);
        f = number <= MAILBOX_FILES_MAX ? fopen(path, "we") : NULL;
        if (f) {
                (void) fwrite(mail->bytes, 1, mail->n, f);
                (void) fclose(f);
        }
        mailbox_count_norm(box, buffer_text(mail));
        atomic_store(&box->mails, number);
}

/* -- The conversation -- */

static void mailbox_close_line(struct mailbox_line *line) {
        if (line->fd >= 0)
                (void) close(line->fd);
        line->fd = -1;
        line->in_data = false;
        buffer_done(&line->text);
}

static void mailbox_say(struct mailbox_line *line, const char *answer) {
        if (send(line->fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
                mailbox_close_line(line);
}

static void mailbox_obey(struct mailbox_line *line, const char *command) {
        if (strncasecmp(command, "QUIT", 4) == 0) {
                mailbox_say(line, "221 bye\r\n");
                mailbox_close_line(line);
        } else if (strncasecmp(command, "DATA", 4) == 0) {
                line->in_data = true;
                mailbox_say(line, "354 go on\r\n");
        } else {
                mailbox_say(line, "250 ok\r\n");
        }
}

/* Takes what is whole off the text: a command up to its end of line, a mail up to its dot. Return: whether there was one. */
static bool mailbox_take(struct mailbox *box, struct mailbox_line *line) {
        const char *end = line->in_data ? MAILBOX_END : "\r\n", *text = buffer_text(&line->text);
        const char *at = line->fd >= 0 ? strstr(text, end) : NULL;
        CLEANUP(buffer_done) struct buffer rest = BUFFER_INIT(MAILBOX_MAIL_MAX);
        size_t n = at ? (size_t)(at - text) + strlen(end) : 0;

        if (!at)
                return false;
        buffer_add(&rest, text + n, line->text.n - n);
        line->text.n = n - (line->in_data ? 3 : 0); /* a mail without its dot */
        if (line->in_data) {
                mailbox_keep(box, &line->text);
                line->in_data = false;
                mailbox_say(line, "250 kept\r\n");
        } else {
                mailbox_obey(line, buffer_text(&line->text));
        }
        if (line->fd < 0)
                return false;
        buffer_clear(&line->text);
        buffer_add(&line->text, rest.bytes, rest.n);
        return true;
}

static void mailbox_hear(struct mailbox *box, struct mailbox_line *line) {
        char bytes[MAILBOX_READ];
        ssize_t n = recv(line->fd, bytes, sizeof(bytes), 0);

        if (n > 0)
                buffer_add(&line->text, bytes, (size_t)n);
        if (n <= 0 || line->text.failed) {
                mailbox_close_line(line);
                return;
        }
        while (mailbox_take(box, line))
                ;
}

static void mailbox_greet(struct mailbox *box) {
        int fd = accept4(box->listens, NULL, NULL, SOCK_CLOEXEC);
        struct mailbox_line *line = NULL;

        for (size_t i = 0; fd >= 0 && !line && i < MAILBOX_CONNECTIONS_MAX; i++) {
                if (box->lines[i].fd < 0)
                        line = &box->lines[i];
        }
        if (!line) {
                if (fd >= 0)
                        (void) close(fd);
                return;
        }
        *line = (struct mailbox_line){.fd = fd, .text = BUFFER_INIT(MAILBOX_MAIL_MAX)};
        mailbox_say(line, "220 mailbox\r\n");
}

static void *mailbox_main(void *ctx) {
        struct mailbox *box = ctx;

        while (!atomic_load(&box->stop)) {
                struct pollfd waits[MAILBOX_CONNECTIONS_MAX + 1];

                for (size_t i = 0; i < MAILBOX_CONNECTIONS_MAX; i++)
                        waits[i] = (struct pollfd){.fd = box->lines[i].fd, .events = POLLIN};
                waits[MAILBOX_CONNECTIONS_MAX] = (struct pollfd){.fd = box->listens, .events = POLLIN};
                if (poll(waits, ELEMENTS(waits), MAILBOX_LOOK_MS) <= 0)
                        continue;
                for (size_t i = 0; i < MAILBOX_CONNECTIONS_MAX; i++) {
                        if (waits[i].fd >= 0 && waits[i].revents)
                                mailbox_hear(box, &box->lines[i]);
                }
                if (waits[MAILBOX_CONNECTIONS_MAX].revents)
                        mailbox_greet(box);
        }
        return NULL;
}

/* -- Up and down -- */

static int mailbox_listen(struct mailbox *box) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof(address);

        box->listens = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (box->listens < 0 || bind(box->listens, (struct sockaddr *)&address, n) || listen(box->listens, MAILBOX_CONNECTIONS_MAX) ||
            getsockname(box->listens, (struct sockaddr *)&address, &n))
                return -errno;
        box->port = ntohs(address.sin_port);
        return 0;
}

/* The folder, and the one in which it lies. */
static int mailbox_make_folder(const char *folder) {
        char above[MAILBOX_PATH_MAX];
        const char *slash = strrchr(folder, '/');

        (void) snprintf(above, sizeof(above), "%.*s", slash ? (int)(slash - folder) : 0, folder);
        if (above[0] && mkdir(above, S_IRWXU) && errno != EEXIST)
                return -errno;
        return mkdir(folder, S_IRWXU) && errno != EEXIST ? -errno : 0;
}

int mailbox_start(const char *folder, const char *const *norms, struct mailbox **ret, struct error *err) {
        CLEANUP(mailbox_stop_p) struct mailbox *box = calloc(1, sizeof(*box));
        int r;

        if (!box)
                return -ENOMEM;
        for (size_t i = 0; i < MAILBOX_CONNECTIONS_MAX; i++)
                box->lines[i].fd = -1;
        box->listens = -1;
        box->norms = norms;
        for (size_t i = 0; norms[i]; i++)
                assert(i < MAILBOX_NORMS_MAX);
        r = (size_t)snprintf(box->folder, sizeof(box->folder), "%s", folder) < sizeof(box->folder) ? mailbox_make_folder(folder) : -ENAMETOOLONG;
        if (r) {
                error_set(err, "the folder %s for mails cannot be made: %s", folder, strerror(-r));
                return r;
        }
        mailbox_empty(box);
        r = mailbox_listen(box);
        if (r == 0)
                r = -pthread_create(&box->thread, NULL, mailbox_main, box);
        if (r) {
                error_set(err, "the municipality's mailboxes cannot listen on 127.0.0.1: %s", strerror(-r));
                return r;
        }
        box->runs = true;
        *ret = TAKE(box);
        return 0;
}

struct mailbox *mailbox_stop(struct mailbox *box) {
        char *id;

        if (!box)
                return NULL;
        atomic_store(&box->stop, true);
        if (box->runs)
                (void) pthread_join(box->thread, NULL);
        for (size_t i = 0; i < MAILBOX_CONNECTIONS_MAX; i++)
                mailbox_close_line(&box->lines[i]);
        if (box->listens >= 0)
                (void) close(box->listens);
        for (size_t i = 0; (id = table_next(&box->ids, &i));)
                free(id);
        table_done(&box->ids);
        free(box);
        return NULL;
}

uint16_t mailbox_port(const struct mailbox *box) {
        return box->port;
}

int64_t mailbox_count(struct mailbox *box) {
        return atomic_load(&box->mails);
}

int64_t mailbox_count_of(struct mailbox *box, size_t place) {
        assert(place < MAILBOX_NORMS_MAX);
        return atomic_load(&box->mails_of[place]);
}
