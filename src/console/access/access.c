/* SPDX-License-Identifier: EUPL-1.2 */

/* From a request to a person, and back to the login page. */

#include "console/access/access.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cluster/audit.h"
#include "console/access/basic.h"
#include "console/access/delay.h"
#include "console/access/password.h"
#include "console/access/proxy.h"
#include "console/access/sessions.h"

#define LOGIN_PATH "/inloggen"
#define LOGOUT_PATH "/uitloggen"
#define ACCESS_STREAM "/api/stream" /* a page that stands open asks for it again and again */
#define ACCESS_COOKIE "ketenwacht"
#define ACCESS_SECURE_COOKIE "__Host-ketenwacht" /* a browser takes it over TLS only, and from this host alone */
#define ACCESS_WAY_MAX 1024                      /* bytes of the address that somebody wanted */
#define ACCESS_KEY_BYTES 32
#define ACCESS_OBJECT "console"
#define ACCESS_UNKNOWN "-" /* in audit, of a name that is nobody's: people type passwords there */

struct access {
        const struct console *console;
        struct sessions *sessions;
        struct delay *delay;
        unsigned char key[ACCESS_KEY_BYTES]; /* of the tokens of forms */
        pthread_mutex_t lock;
        unsigned logins; /* under way */
};

int access_new(const struct console *console, struct access **ret) {
        struct access *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        a->console = console;
        pthread_mutex_init(&a->lock, NULL);
        r = sessions_new(console->settings->idle_ms, console->settings->longest_ms, &a->sessions);
        if (r == 0)
                r = delay_new(&a->delay);
        if (r == 0)
                r = random_bytes(a->key, sizeof(a->key));
        if (r) {
                access_free(a);
                return r;
        }
        *ret = a;
        return 0;
}

struct access *access_free(struct access *a) {
        if (!a)
                return NULL;
        sessions_free(a->sessions);
        delay_free(a->delay);
        pthread_mutex_destroy(&a->lock);
        sodium_memzero(a, sizeof(*a));
        free(a);
        return NULL;
}

static int64_t access_now(const struct access *a) {
        return clock_monotonic(&a->console->clock);
}

/* -- Tokens of forms, and where a request comes from -- */

static void access_make_token(const struct access *a, const void *of, size_t n, char ret[ACCESS_TOKEN_TEXT]) {
        unsigned char hash[crypto_generichash_BYTES];

        (void) crypto_generichash(hash, sizeof(hash), of, n, a->key, sizeof(a->key));
        (void) sodium_bin2base64(ret, ACCESS_TOKEN_TEXT, hash, sizeof(hash), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool access_token_is_right(const char *token, const char *given) {
        size_t n = strlen(token);

        return n > 0 && given && strlen(given) == n && sodium_memcmp(token, given, n) == 0;
}

/* What a browser says in Origin is a page of ours: of the configured origin, else of the host that it asks. */
static bool access_origin_is_ours(const struct access *a, const struct web_request *request) {
        const char *ours = a->console->settings->origin, *host;
        bool many;
        const char *origin = web_header_once(request, "Origin", &many);

        if (!origin)
                return false;
        if (ours)
                return strcmp(origin, ours) == 0;
        host = web_header_once(request, "Host", &many);
        if (!host)
                return false;
        if (strncmp(origin, "https://", 8) == 0)
                return strcasecmp(origin + 8, host) == 0;
        return !web_is_tls(request) && strncmp(origin, "http://", 7) == 0 && strcasecmp(origin + 7, host) == 0;
}

bool access_may_act(const struct access *a, struct exchange *x) {
        if (!access_origin_is_ours(a, x->request)) {
                exchange_problem(x, 403,
                                 SAY(x,
                                     "This does not come from a page of this console (Origin), so it is not done. Behind a proxy: set origin in console.yaml.",
                                     "Dit komt niet van een pagina van deze console (Origin) en gebeurt niet. Achter een proxy: zet origin in console.yaml."));
                return false;
        }
        if (!access_token_is_right(x->token, web_form(x->request, "token"))) {
                exchange_problem(x, 403,
                                 SAY(x, "The form is too old, so it is not done. Open the page again, and send it from there.",
                                     "Het formulier is verlopen, dus het gebeurt niet. Open de pagina opnieuw en verstuur het van daar."));
                return false;
        }
        return true;
}

/* -- Nobody -- */

/* Where somebody wanted to go, when it is a place of ours. */
static const char *access_way(const char *way) {
        if (!way || way[0] != '/' || way[1] == '/' || way[1] == '\\' || strlen(way) >= ACCESS_WAY_MAX)
                return "/";
        for (const char *c = way; *c; c++) {
                if ((unsigned char)*c <= ' ' || *c == 0x7f)
                        return "/";
        }
        return way;
}

struct access_asking {
        struct buffer out;
        char mark;
};

static void access_add_value(void *ctx, const char *name, const char *value) {
        struct access_asking *asking = ctx;

        buffer_add_byte(&asking->out, (uint8_t)asking->mark);
        html_percent(&asking->out, text_of(name));
        buffer_add_byte(&asking->out, '=');
        html_percent(&asking->out, text_of(value));
        asking->mark = '&';
}

/* The address that was asked, in @out. */
static const char *access_asked(const struct exchange *x, struct buffer *out) {
        struct access_asking asking = {.out = BUFFER_INIT(ACCESS_WAY_MAX), .mark = '?'};

        for (const char *at = web_path(x->request); *at;) {
                size_t n = strcspn(at, "/");

                html_percent(&asking.out, (struct text){at, n});
                if (at[n])
                        buffer_add_byte(&asking.out, '/');
                at += n + (at[n] != '\0');
        }
        web_query_each(x->request, access_add_value, &asking);
        *out = asking.out;
        return access_way(out->failed ? NULL : buffer_text(out));
}

/*
 * A link in mail or on another site: the browser keeps the cookie (SameSite=Strict) back. A page of ours that goes on to the same address by itself gets it,
 * when there is one.
 */
static void access_answer_landing(struct exchange *x, const char *asked) {
        struct html h = HTML_WRITER(&x->answer->body);

        x->answer->content_type = "text/html; charset=utf-8";
        html_doctype(&h);
        html_begin(&h, "html");
        html_attr(&h, "lang", language_tag(x->language));
        html_begin(&h, "head");
        html_void(&h, "meta");
        html_attr(&h, "charset", "utf-8");
        html_void(&h, "meta");
        html_attr(&h, "http-equiv", "refresh");
        html_attrf(&h, "content", "0; url=%s", asked);
        html_element(&h, "title", NULL, "ketenwacht");
        html_end(&h, "head");
        html_begin(&h, "body");
        html_begin(&h, "p");
        html_link(&h, asked, SAY(x, "Go on", "Ga verder"));
        html_end(&h, "p");
        html_end(&h, "body");
        html_end(&h, "html");
}

static void access_unauthorized(struct exchange *x, const char *detail) {
        exchange_problem(x, 401, detail);
        web_answer_header(x->answer, "WWW-Authenticate", "Session realm=\"ketenwacht\"");
}

static void access_answer_nobody(const struct access *a, struct exchange *x) {
        CLEANUP(buffer_done) struct buffer asked = {0}, to = BUFFER_INIT(4 * ACCESS_WAY_MAX);
        const char *site = web_header(x->request, "Sec-Fetch-Site"), *way;

        if (a->console->settings->users_n == 0) {
                access_unauthorized(x, SAY(x, "The login site before this console does not say who you are. Come in by its address.",
                                           "De inlogsite voor deze console zegt niet wie u bent. Kom binnen via haar adres."));
                return;
        }
        if (x->json || strcmp(web_method(x->request), "GET") != 0) {
                access_unauthorized(x, SAY(x, "You are not logged in, or not any more. Log in at /inloggen, and do it again.",
                                           "U bent niet ingelogd, of niet meer. Log in op /inloggen en doe het opnieuw."));
                return;
        }
        way = access_asked(x, &asked);
        if (site && strcmp(site, "cross-site") == 0) {
                access_answer_landing(x, way);
                return;
        }
        buffer_add_text(&to, LOGIN_PATH);
        if (strcmp(way, "/") != 0) {
                buffer_add_text(&to, "?naar=");
                html_percent(&to, text_of(way));
        }
        web_answer_see(x->answer, to.failed ? LOGIN_PATH : buffer_text(&to));
}

/* -- Logging in -- */

/* @sentence: what went wrong before, or NULL. */
static void access_answer_login(struct exchange *x, const char *way, const char *name, const char *sentence) {
        struct html h;

        buffer_clear(&x->answer->body);
        exchange_page_begin(x, &h, SAY(x, "Log in", "Inloggen"));
        if (sentence)
                part_notice(&h, PART_WRONG, sentence);
        part_act_begin(&h, LOGIN_PATH, x->token);
        part_hidden(&h, "naar", way);
        part_field_kind(&h, "text", "naam", SAY(x, "Name", "Naam"), name, "username", true);
        part_field_kind(&h, "password", "wachtwoord", SAY(x, "Password", "Wachtwoord"), NULL, "current-password", true);
        part_act_end(&h, SAY(x, "Log in", "Inloggen"), false);
        exchange_page_end(x, &h);
}

static void access_set_cookie(const struct exchange *x, const char *token, const char *more) {
        bool secure = exchange_is_secure(x);

        web_answer_header(x->answer, "Set-Cookie", "%s=%s; Path=/%s; HttpOnly; SameSite=Strict%s", secure ? ACCESS_SECURE_COOKIE : ACCESS_COOKIE, token,
                          secure ? "; Secure" : "", more);
}

static const char *access_cookie(const struct exchange *x) {
        return web_cookie(x->request, exchange_is_secure(x) ? ACCESS_SECURE_COOKIE : ACCESS_COOKIE);
}

static const struct console_user *access_find_user(const struct access *a, const char *name) {
        for (size_t i = 0; i < a->console->settings->users_n; i++) {
                if (strcmp(a->console->settings->users[i].name, name) == 0)
                        return &a->console->settings->users[i];
        }
        return NULL;
}

static void access_become(const struct console_user *user, struct person *person) {
        (void) snprintf(person->name, sizeof(person->name), "%s", user->name);
        person->roles = user->roles;
        person->organisation = user->organisation;
}

static void access_refuse_login(struct exchange *x, int64_t wait_ms) {
        char detail[200];
        int seconds = (int)((wait_ms + 999) / 1000);

        (void) snprintf(detail, sizeof(detail), SAY(x, "Too many tries. Try again in %d seconds.", "Te veel pogingen. Probeer het over %d seconden opnieuw."),
                        seconds);
        exchange_problem(x, 429, detail);
        web_answer_header(x->answer, "Retry-After", "%d", seconds);
}

/* Whether one more may be judged now; access_leave_login() afterwards. */
static bool access_enter_login(struct access *a) {
        bool may;

        pthread_mutex_lock(&a->lock);
        may = a->logins < ACCESS_LOGINS_MAX;
        a->logins += may;
        pthread_mutex_unlock(&a->lock);
        return may;
}

static void access_leave_login(struct access *a) {
        pthread_mutex_lock(&a->lock);
        a->logins--;
        pthread_mutex_unlock(&a->lock);
}

/* The user of this name and password; NULL: it is answered, but for 401, when they are wrong. */
static const struct console_user *access_try_login(struct access *a, struct exchange *x, struct person *person, const char *name, const char *password) {
        const struct console_user *user = access_find_user(a, name);
        int64_t wait;
        bool right;

        if (!access_enter_login(a)) {
                access_refuse_login(x, 1);
                return NULL;
        }
        wait = delay_try(a->delay, text_of(name), person->address, access_now(a));
        right = wait == 0 && password_verify(user ? user->password : NULL, text_of(password));
        access_leave_login(a);
        if (wait > 0) {
                access_refuse_login(x, wait);
                return NULL;
        }
        if (right) {
                delay_right(a->delay, text_of(name), person->address);
                return user;
        }
        (void) snprintf(person->name, sizeof(person->name), "%s", user ? user->name : ACCESS_UNKNOWN);
        if (!exchange_audit(x, AUDIT_LOGIN_FAILED, ACCESS_OBJECT, NULL))
                return NULL;
        person->name[0] = '\0';
        x->answer->status = 401;
        return NULL;
}

/* The same from the form. NULL: it is answered. */
static const struct console_user *access_check_login(struct access *a, struct exchange *x, struct person *person, const char *name, const char *password) {
        const struct console_user *user = access_try_login(a, x, person, name, password);

        if (user || x->answer->status != 401)
                return user;
        web_answer_header(x->answer, "WWW-Authenticate", "Session realm=\"ketenwacht\"");
        access_answer_login(x, access_way(web_form(x->request, "naar")), name,
                            SAY(x, "This name and this password do not belong together.", "Deze naam en dit wachtwoord horen niet bij elkaar."));
        return NULL;
}

static void access_login(struct access *a, struct exchange *x, struct person *person) {
        const char *name = web_form(x->request, "naam"), *password = web_form(x->request, "wachtwoord"), *old = access_cookie(x);
        char token[SESSION_TOKEN_TEXT];
        const struct console_user *user;

        if (!access_may_act(a, x))
                return;
        user = access_check_login(a, x, person, name ? name : "", password ? password : "");
        if (!user)
                return;
        access_become(user, person);
        if (!exchange_audit(x, AUDIT_LOGIN, ACCESS_OBJECT, NULL))
                return;
        if (old)
                sessions_end(a->sessions, old);
        if (sessions_begin(a->sessions, user, access_now(a), token)) {
                exchange_problem(x, 503, SAY(x, "This machine gives no random numbers; try again.",
                                             "Deze machine geeft geen toevalsgetallen; probeer het opnieuw."));
                return;
        }
        web_answer_see(x->answer, access_way(web_form(x->request, "naar")));
        access_set_cookie(x, token, "");
        sodium_memzero(token, sizeof(token));
}

/* The login page, or what it sent: also from somebody who is in already, and then goes on as another. */
static void access_answer_login_path(struct access *a, struct exchange *x, struct access_pass *pass) {
        const char *method = web_method(x->request);
        bool known = pass->person.name[0];

        if (a->console->settings->users_n == 0) {
                exchange_not_found(x);
                return;
        }
        if (known && strcmp(method, "GET") == 0) {
                web_answer_see(x->answer, "/");
                return;
        }
        pass->person.name[0] = '\0';
        pass->person.roles = 0;
        pass->person.organisation = NULL;
        x->logged_in = false;
        access_make_token(a, LOGIN_PATH, strlen(LOGIN_PATH), pass->token);
        if (strcmp(method, "POST") == 0)
                access_login(a, x, &pass->person);
        else if (strcmp(method, "GET") == 0)
                access_answer_login(x, access_way(exchange_query(x, "naar")), NULL, NULL);
        else
                exchange_refuse_method(x, "GET, HEAD, POST");
}

static void access_logout(struct access *a, struct exchange *x) {
        if (strcmp(web_method(x->request), "POST") != 0) {
                exchange_refuse_method(x, "POST");
                return;
        }
        if (!x->logged_in) {
                exchange_not_found(x);
                return;
        }
        if (!access_may_act(a, x) || !exchange_audit(x, AUDIT_LOGOUT, ACCESS_OBJECT, NULL))
                return;
        sessions_end(a->sessions, access_cookie(x));
        web_answer_see(x->answer, LOGIN_PATH);
        access_set_cookie(x, "", "; Max-Age=0");
        web_answer_header(x->answer, "Clear-Site-Data", "\"cache\"");
}

/* -- Somebody -- */

/* On this machine alone, also for a page elsewhere whose name was made to lead here. */
static bool access_judge_open(const struct access *a, struct exchange *x, struct access_pass *pass) {
        if (!exchange_host_is_local(x)) {
                exchange_problem(x, 403, SAY(x, "This console is open to this machine alone: ask for it as localhost or 127.0.0.1.",
                                             "Deze console staat alleen open voor deze machine: vraag haar als localhost of 127.0.0.1."));
                return false;
        }
        (void) snprintf(pass->person.name, sizeof(pass->person.name), "localhost");
        pass->person.roles = ROLE_META | ROLE_ZAAK | ROLE_GEGEVENS | ROLE_BEHEER;
        access_make_token(a, pass->person.name, strlen(pass->person.name), pass->token);
        return true;
}

static bool access_judge_session(struct access *a, struct exchange *x, struct access_pass *pass) {
        const char *cookie = access_cookie(x);
        unsigned char id[SESSION_ID_BYTES];
        bool use = strcmp(web_path(x->request), ACCESS_STREAM) != 0;
        const struct console_user *user = cookie ? sessions_find(a->sessions, cookie, access_now(a), use, id) : NULL;

        if (!user)
                return false;
        access_become(user, &pass->person);
        access_make_token(a, id, sizeof(id), pass->token);
        x->logged_in = true;
        return true;
}

static bool access_judge_proxy(const struct access *a, struct exchange *x, struct access_pass *pass) {
        switch (proxy_ask(a->console->settings, x->request, &pass->person)) {
        case PROXY_PERSON:
                access_make_token(a, pass->person.name, strlen(pass->person.name) + 1, pass->token); /* the NUL: no token of LOGIN_PATH */
                return true;
        case PROXY_NO_ROLES:
                exchange_problem(x, 403, SAY(x, "You are known, but none of your groups may see anything here. Ask whoever keeps console.yaml.",
                                             "U bent bekend, maar geen van uw groepen mag hier iets zien. Vraag het wie console.yaml bijhoudt."));
                return false;
        case PROXY_UNCLEAR:
                exchange_problem(x, 403,
                                 SAY(x, "The login site does not say clearly who you are: a header twice, no usable name, or groups of two organisations.",
                                     "De inlogsite zegt niet duidelijk wie u bent: een header dubbel, geen bruikbare naam, of groepen van twee organisaties."));
                return false;
        case PROXY_NOTHING:
                break;
        }
        return false;
}

/* A reader of feeds: each time it asks, with a name and a password. */
static bool access_judge_basic(struct access *a, struct exchange *x, struct access_pass *pass) {
        const struct console_user *user = NULL;
        struct basic basic;
        bool many;

        if (basic_read(web_header_once(x->request, "Authorization", &many), &basic))
                user = access_try_login(a, x, &pass->person, basic.name, basic.password);
        else
                x->answer->status = 401;
        sodium_memzero(&basic, sizeof(basic));
        if (user)
                access_become(user, &pass->person);
        else if (x->answer->status == 401) {
                exchange_problem(x, 401, SAY(x, "A feed is read with the name and the password of a user of console.yaml (HTTP Basic).",
                                             "Een feed wordt gelezen met de naam en het wachtwoord van een gebruiker uit console.yaml (HTTP Basic)."));
                web_answer_header(x->answer, "WWW-Authenticate", "Basic realm=\"ketenwacht\", charset=\"UTF-8\"");
        }
        return user != NULL;
}

bool access_judge(struct access *a, struct exchange *x, struct access_pass *pass) {
        const char *path = web_path(x->request);
        bool known;

        *pass = (struct access_pass){0};
        (void) snprintf(pass->person.address, sizeof(pass->person.address), "%s", web_address(x->request));
        x->person = &pass->person;
        x->token = pass->token;
        if (a->console->settings->open_on_localhost)
                return access_judge_open(a, x, pass);
        known = access_judge_proxy(a, x, pass);
        if (x->answer->status >= 400)
                return false;
        known = known || access_judge_session(a, x, pass);
        if (strcmp(path, LOGIN_PATH) == 0)
                access_answer_login_path(a, x, pass);
        else if (!known && a->console->settings->users_n > 0 && basic_is_feed(path) && strcmp(web_method(x->request), "GET") == 0)
                return access_judge_basic(a, x, pass);
        else if (!known)
                access_answer_nobody(a, x);
        else if (strcmp(path, LOGOUT_PATH) == 0)
                access_logout(a, x);
        else
                return true;
        return false;
}
