/* SPDX-License-Identifier: EUPL-1.2 */

/* Mails over libcurl, and the step at which each is: libcurl tells neither, so its own log of the conversation is read. */

#include "connectors/mail/smtp.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/name.h"

#define SMTP_IDLE_S 60L /* a connection that stood still for longer is not used again: servers close them after some minutes */

struct transfer {
        struct smtp *smtp;
        CURL *easy;
        struct curl_slist *recipients;
        const struct buffer *message;
        size_t sent;
        void *cookie; /* NULL: free */
        enum smtp_step step;
        bool greeted, offers_login; /* the server's answer to EHLO was seen, and asks for a login */
};

struct smtp {
        struct smtp_config c;
        char url[SMTP_URL_MAX];
        CURLM *multi;
        struct transfer *transfers; /* [c.parallel] */
        size_t busy;
        bool distrusted; /* a server did not ask for the login: connections that stand are not used again */
        bool global;
};

/* -- Addresses -- */

static const char *smtp_host(const char *server) {
        return strchr(server, '/') + 2;
}

bool smtp_is_implicit(const char *server) {
        return strncmp(server, "smtps://", 8) == 0;
}

bool smtp_is_own_machine(const char *server) {
        const char *host = smtp_host(server);
        size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
        struct text name = {host, n};

        return text_is(name, "localhost") || text_is(name, "[::1]") || (n >= 4 && strncmp(host, "127.", 4) == 0);
}

int smtp_check(const char *server, struct error *err) {
        CURLU *url = NULL;
        char *host = NULL, *user = NULL, *path = NULL;
        bool right = strncmp(server, "smtp://", 7) == 0 || smtp_is_implicit(server);

        if (right && strlen(server) < SMTP_URL_MAX / 2) {
                url = curl_url();
                if (!url)
                        return -ENOMEM;
                right = !curl_url_set(url, CURLUPART_URL, server, CURLU_NON_SUPPORT_SCHEME) && !curl_url_get(url, CURLUPART_HOST, &host, 0) &&
                        curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_NO_USER && !curl_url_get(url, CURLUPART_PATH, &path, 0) &&
                        strcmp(path, "/") == 0 && server[strlen(server) - 1] != '/';
        }
        curl_free(host);
        curl_free(user);
        curl_free(path);
        curl_url_cleanup(url);
        if (right && url)
                return 0;
        error_set(err, "server: must be smtp://HOST:PORT, or smtps://HOST:PORT for TLS from the beginning, without a user, such as smtp://mail.example:587");
        return -EINVAL;
}

/* -- What the server says -- */

/* A line that we sent: to which step it belongs. What begins otherwise goes on with the step before it. */
static void smtp_see_command(struct transfer *t, const char *line, size_t n) {
        static const struct {
                const char *command;
                enum smtp_step step;
        } commands[] = {{"EHLO ", SMTP_CONNECT}, {"HELO ", SMTP_CONNECT}, {"STARTTLS", SMTP_TLS}, {"AUTH ", SMTP_LOGIN},
                        {"MAIL FROM:", SMTP_MAIL}, {"RCPT TO:", SMTP_RCPT}, {"DATA", SMTP_DATA}};

        for (size_t i = 0; i < ELEMENTS(commands); i++) {
                size_t length = strlen(commands[i].command);

                if (n < length || strncasecmp(line, commands[i].command, length) != 0)
                        continue;
                t->step = commands[i].step;
                if (commands[i].step == SMTP_CONNECT) {
                        t->greeted = true;
                        t->offers_login = false;
                }
                return;
        }
}

/* libcurl's log. Nothing of it is kept: it has addresses and passwords. */
static int smtp_see(CURL *easy, curl_infotype type, char *data, size_t n, void *ctx) {
        struct transfer *t = ctx;

        (void) easy;
        if (type == CURLINFO_HEADER_OUT && t->step != SMTP_DATA)
                smtp_see_command(t, data, n);
        if (type == CURLINFO_HEADER_IN && n > 8 && strncmp(data, "250", 3) == 0 && strncasecmp(data + 4, "AUTH", 4) == 0)
                t->offers_login = true;
        return 0;
}

/* Between the login and the mail: one that we are to give and were not asked for means that this is not the server that it should be. */
static int smtp_before_mail(void *ctx, char *remote, char *local, int remote_port, int local_port) {
        struct transfer *t = ctx;

        (void) remote;
        (void) local;
        (void) remote_port;
        (void) local_port;
        if (!t->smtp->c.user[0] || !t->greeted)
                return CURL_PREREQFUNC_OK;
        t->smtp->distrusted = !t->offers_login;
        if (!t->offers_login)
                t->step = SMTP_LOGIN;
        return t->offers_login ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t smtp_read(char *to, size_t size, size_t n, void *ctx) {
        struct transfer *t = ctx;
        size_t room = size * n, left = t->message->n - t->sent;

        if (left < room)
                room = left;
        memcpy(to, t->message->bytes + t->sent, room);
        t->sent += room;
        return room;
}

static size_t smtp_drop(char *bytes, size_t size, size_t n, void *ctx) {
        (void) bytes;
        (void) ctx;
        return size * n;
}

/* -- Opening -- */

static bool smtp_set_options(const struct smtp *s, struct transfer *t) {
        CURL *e = t->easy;

        return !curl_easy_setopt(e, CURLOPT_URL, s->url) && !curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "smtp,smtps") &&
               !curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) && !curl_easy_setopt(e, CURLOPT_PROXY, "") &&
               !curl_easy_setopt(e, CURLOPT_USE_SSL, (long)(s->c.starttls || smtp_is_implicit(s->c.server) ? CURLUSESSL_ALL : CURLUSESSL_NONE)) &&
               !curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) && !curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) &&
               (!s->c.ca_file || !curl_easy_setopt(e, CURLOPT_CAINFO, s->c.ca_file)) &&
               !curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)s->c.timeout) && !curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)s->c.connect_timeout) &&
               !curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, SMTP_IDLE_S) && !curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, smtp_drop) &&
               !curl_easy_setopt(e, CURLOPT_VERBOSE, 1L) && !curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, smtp_see) &&
               !curl_easy_setopt(e, CURLOPT_DEBUGDATA, t) && !curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, smtp_before_mail) &&
               !curl_easy_setopt(e, CURLOPT_PREREQDATA, t) && !curl_easy_setopt(e, CURLOPT_PRIVATE, t);
}

static bool smtp_set_login(const struct smtp *s, CURL *easy) {
        if (!s->c.user[0] || s->c.password->n == 0)
                return true;
        return !curl_easy_setopt(easy, CURLOPT_USERNAME, s->c.user) && !curl_easy_setopt(easy, CURLOPT_PASSWORD, s->c.password->items[0].bytes);
}

int smtp_new(const struct smtp_config *config, struct smtp **ret) {
        struct smtp *s = calloc(1, sizeof(*s));
        bool ok = s && !curl_global_init(CURL_GLOBAL_DEFAULT);

        if (!ok) {
                free(s);
                return -ENOMEM;
        }
        s->c = *config;
        s->global = true;
        (void) snprintf(s->url, sizeof(s->url), "%s/%s", config->server, config->hello); /* both were checked: they fit */
        s->multi = curl_multi_init();
        s->transfers = calloc(config->parallel, sizeof(*s->transfers));
        ok = s->multi && s->transfers && !curl_multi_setopt(s->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)config->parallel);
        for (size_t i = 0; ok && i < config->parallel; i++) {
                s->transfers[i].smtp = s;
                s->transfers[i].easy = curl_easy_init();
                ok = s->transfers[i].easy && smtp_set_options(s, &s->transfers[i]);
        }
        if (!ok) {
                (void) smtp_free(s);
                return -ENOMEM;
        }
        *ret = s;
        return 0;
}

static void smtp_let_go(struct transfer *t) {
        if (!t->cookie)
                return;
        (void) curl_multi_remove_handle(t->smtp->multi, t->easy);
        curl_slist_free_all(t->recipients);
        t->recipients = NULL;
        t->message = NULL;
        t->cookie = NULL;
        t->smtp->busy--;
}

void smtp_abandon(struct smtp *smtp) {
        for (size_t i = 0; i < smtp->c.parallel; i++)
                smtp_let_go(&smtp->transfers[i]);
}

struct smtp *smtp_free(struct smtp *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; s->transfers && i < s->c.parallel; i++) {
                smtp_let_go(&s->transfers[i]);
                if (s->transfers[i].easy)
                        curl_easy_cleanup(s->transfers[i].easy);
        }
        free(s->transfers);
        if (s->multi)
                (void) curl_multi_cleanup(s->multi);
        if (s->global)
                curl_global_cleanup();
        free(s);
        return NULL;
}

/* -- One mail -- */

size_t smtp_busy(const struct smtp *smtp) {
        return smtp->busy;
}

/* "<a@b>", as libcurl takes it. */
static bool smtp_set_envelope(struct transfer *t, const char *recipient) {
        char sender[MAILBOX_MAX + 3], to[MAILBOX_MAX + 3];

        (void) snprintf(sender, sizeof(sender), "<%s>", t->smtp->c.sender);
        (void) snprintf(to, sizeof(to), "<%s>", recipient);
        t->recipients = curl_slist_append(NULL, to);
        return t->recipients && !curl_easy_setopt(t->easy, CURLOPT_MAIL_FROM, sender) && !curl_easy_setopt(t->easy, CURLOPT_MAIL_RCPT, t->recipients);
}

int smtp_send(struct smtp *smtp, const char *recipient, const struct buffer *message, void *cookie) {
        struct transfer *t = NULL;
        bool ok;

        assert(smtp->busy < smtp->c.parallel && cookie);
        for (size_t i = 0; !t && i < smtp->c.parallel; i++) {
                if (!smtp->transfers[i].cookie)
                        t = &smtp->transfers[i];
        }
        t->message = message;
        t->sent = 0;
        t->step = SMTP_CONNECT;
        t->greeted = t->offers_login = false;
        ok = smtp_set_envelope(t, recipient) && smtp_set_login(smtp, t->easy) && !curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L) &&
             !curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, smtp_read) && !curl_easy_setopt(t->easy, CURLOPT_READDATA, t) &&
             !curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)message->n) &&
             !curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, (long)smtp->distrusted) && !curl_multi_add_handle(smtp->multi, t->easy);
        if (!ok) {
                curl_slist_free_all(t->recipients);
                t->recipients = NULL;
                return -ENOMEM;
        }
        t->cookie = cookie;
        smtp->busy++;
        return 0;
}

static void smtp_answer_of(const struct transfer *t, CURLcode code, struct smtp_answer *ret) {
        long status = 0;

        (void) curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status); /* 0 when none came */
        *ret = (struct smtp_answer){.step = t->step, .status = (int)status, .ended = code == CURLE_OK, .reason = curl_easy_strerror(code)};
        if (code == CURLE_ABORTED_BY_CALLBACK)
                ret->reason = "it does not ask for the login that is configured";
}

int smtp_turn(struct smtp *smtp, int timeout_ms, smtp_over *over, void *ctx, struct error *err) {
        int running, left;
        CURLMsg *message;
        CURLMcode code = curl_multi_perform(smtp->multi, &running);

        if (code == CURLM_OK && timeout_ms > 0)
                code = curl_multi_poll(smtp->multi, NULL, 0, timeout_ms, NULL);
        if (code == CURLM_OK && timeout_ms > 0)
                code = curl_multi_perform(smtp->multi, &running);
        if (code != CURLM_OK) {
                error_set(err, "the mail client does not run any more: %s", curl_multi_strerror(code));
                return -EIO;
        }
        while ((message = curl_multi_info_read(smtp->multi, &left))) {
                CURLcode result = message->data.result;
                struct transfer *t = NULL;
                struct smtp_answer answer;
                void *cookie;

                if (message->msg != CURLMSG_DONE || curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t) || !t)
                        continue;
                smtp_answer_of(t, result, &answer);
                cookie = t->cookie;
                smtp_let_go(t); /* ends the life of message */
                over(ctx, cookie, &answer);
        }
        return 0;
}

void smtp_probe(struct smtp *smtp, struct smtp_answer *ret) {
        struct transfer *t = &smtp->transfers[0];
        CURLcode code;

        assert(smtp->busy == 0);
        t->step = SMTP_CONNECT;
        t->greeted = t->offers_login = false;
        if (!smtp_set_login(smtp, t->easy) || curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, "NOOP")) {
                *ret = (struct smtp_answer){.reason = "out of memory"};
                return;
        }
        code = curl_easy_perform(t->easy);
        smtp_answer_of(t, code, ret);
}
