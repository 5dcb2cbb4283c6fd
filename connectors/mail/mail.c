/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * mail: tells what stands in an inbox to the mailboxes of its organisation, over SMTP
 *
 * One record, one mail; to each recipient by itself, so that one who is refused stops nobody else. A record that some recipients have taken and others put off
 * is tried again for these alone. What an answer means stands in answer.h, what a mail says in message.h, to whom it goes in recipients.h.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "connect/runtime.h"
#include "connectors/mail/digest.h"
#include "connectors/mail/message.h"
#include "connectors/mail/pace.h"
#include "connectors/mail/recipients.h"
#include "connectors/mail/smtp.h"

#define FAULT_FIRST_MS 1000    /* pause of everything after what an operator mends; it doubles … */
#define FAULT_LONGEST_MS 300000 /* … up to this */
#define SAY_MS 60000           /* between two lines of the log about the same */
#define UNFINISHED_MAX 1024    /* records of which some recipients have the mail, and others are tried again; then the oldest is forgotten */
#define CONNECTIONS_MAX 8       /* to the server, however many inboxes are delivered: it counts them */
#define CASES_MAX 100000       /* of which the GI is remembered; then it begins anew */
#define KINDS_COPIES "copies"
#define NAME_SPECIALS "()<>[]:;@\\,.\"" /* what would need quotation marks in the name of a sender */

enum starttls { STARTTLS_REQUIRED, STARTTLS_NONE };

/* Which recipients are over with, by their place in struct recipients. */
struct done {
        unsigned taken, refused;
};

/* A record of which a try ended before all had it. */
struct unfinished {
        struct uuid delivery_id;
        uint32_t to; /* what the addresses come to: for others nothing of it holds */
        struct done done;
};

struct case_gi {
        struct uuid case_id;
        const struct organisation *gi;
};

/* One record that is being sent, or a place for one. */
struct job {
        void *cookie; /* NULL: free */
        struct uuid delivery_id;
        struct buffer message;
        struct recipients to;
        size_t at;        /* the recipient whose turn it is */
        struct digest *digest; /* NULL: it is one record */
        struct done done;
        unsigned put_off; /* recipients that may take it another time */
        bool waits;       /* for its turn: a connection, and room among so many a minute */
        struct smtp_answer last;
        char reason[TRIED_REASON_MAX]; /* of the last recipient that did not take it */
};

struct mailing {
        /* options */
        const char *server, *ca_file, *user, *from, *from_name, *envelope_from, *hello, *link, *digest;
        struct secrets password;
        struct option_list operators, kinds;
        int starttls;
        int64_t per_minute, retry_after, timeout, connect_timeout;
        bool allow_plain;
        /* the rest */
        const struct connector_env *env;
        struct message_style style;
        struct smtp *smtp;
        struct pace pace;
        struct job *jobs; /* [n_jobs]: the last is a digest's */
        size_t n_jobs;
        struct digests digests;
        struct unfinished unfinished[UNFINISHED_MAX]; /* a ring */
        size_t next_unfinished;
        struct table cases; /* struct case_gi */
        size_t connections;
        int64_t paused_until;          /* the server wants nothing before */
        int64_t fault_pause, fault_until;
        struct log_pace said_wrong, said_nobody;
        struct {
                struct metric *mails, *nobody;
        } metrics;
};

static const char *mailing_or(const char *text, const char *otherwise) {
        return text && text[0] ? text : otherwise;
}

static const char *mailing_domain(const struct mailing *m) {
        return strchr(m->from, '@') + 1;
}

static int64_t mailing_now(const struct mailing *m) {
        return clock_monotonic(&m->env->clock);
}

static struct recipients_source mailing_source(const struct mailing *m, const struct connector_env *env) {
        return (struct recipients_source){.targets = env->targets,
                                          .targets_n = env->targets_n,
                                          .operators = &m->operators,
                                          .today = date_of_instant(clock_realtime(&env->clock))};
}

/* -- Whether its file is right -- */

static int mailing_check_address(const char *key, const char *address, struct error *err) {
        if (name_is_mailbox(text_of(address)))
                return 0;
        error_set(err, "%s: is no address, such as ketenwacht@ketenwacht.example", key);
        return -EINVAL;
}

static int mailing_check_safety(const struct mailing *m, struct error *err) {
        bool plain = m->starttls == STARTTLS_NONE && !smtp_is_implicit(m->server), login = mailing_or(m->user, "")[0];

        if (login != (m->password.n > 0)) {
                error_set(err, "user and password go together");
                return -EINVAL;
        }
        if (plain && login) {
                error_set(err, "starttls: none, and a password: it is given over TLS alone");
                return -EINVAL;
        }
        if (plain && !m->allow_plain && !smtp_is_own_machine(m->server)) {
                error_set(err, "starttls: none is for a server on this machine; allow_plain says that the network is protected otherwise");
                return -EINVAL;
        }
        return 0;
}

static int mailing_check_kind(const struct connector_env *env, const char *kind, struct error *err) {
        struct nearest nearest = NEAREST_INIT(kind);
        char hint[NEAREST_HINT_MAX];

        nearest_try(&nearest, KINDS_COPIES);
        for (size_t i = 0; i < event_types_count(env->types); i++)
                nearest_try(&nearest, event_types_at(env->types, i)->name);
        if (strcmp(kind, KINDS_COPIES) == 0 || event_types_find(env->types, text_of(kind)))
                return 0;
        error_set(err, "kinds: no event type is called '%.80s', and it is not " KINDS_COPIES "%s", kind, nearest_hint(&nearest, hint));
        return -EINVAL;
}

static int mailing_check(void *ctx, const struct connector_env *env, struct error *err) {
        const struct mailing *m = ctx;
        const struct recipients_source source = mailing_source(m, env);
        int minutes, r = smtp_check(m->server, err);

        if (r == 0)
                r = mailing_check_address("from", m->from, err);
        if (r == 0 && mailing_or(m->envelope_from, "")[0])
                r = mailing_check_address("envelope_from", m->envelope_from, err);
        if (r == 0)
                r = mailing_check_safety(m, err);
        if (r == 0)
                r = message_check_link(mailing_or(m->link, ""), err);
        if (r == 0)
                r = recipients_check(&source, err);
        for (size_t i = 0; r == 0 && i < m->kinds.n; i++)
                r = mailing_check_kind(env, m->kinds.items[i], err);
        if (r == 0 && !name_is_domain(text_of(mailing_or(m->hello, mailing_domain(m))))) {
                error_set(err, "hello: must be the name of this machine, such as ketenwacht.example");
                return -EINVAL;
        }
        if (r == 0 && m->digest && !digest_parse_hour(m->digest, &minutes)) {
                error_set(err, "digest: must be a time of the day between quotation marks, such as '07:30'");
                return -EINVAL;
        }
        if (r == 0 && strpbrk(mailing_or(m->from_name, ""), NAME_SPECIALS)) {
                error_set(err, "from_name: must have none of %s", NAME_SPECIALS);
                return -EINVAL;
        }
        return r;
}

/* -- Opening -- */

static int mailing_measure(struct mailing *m, struct error *err) {
        const struct metric_row mails = {.name = "ketenwacht_mail_mails_total", .kind = METRIC_COUNTER,
                                         .help = "Mails to one recipient each, by what the server made of them.",
                                         .labels = {{"result", smtp_meaning_names, SMTP_MEANINGS}}};
        const struct metric_row nobody = {.name = "ketenwacht_mail_without_recipient_total", .kind = METRIC_COUNTER,
                                          .help = "Records that went to the operators, since no mailbox of the organisation is known."};
        int r = 0;

        if (m->env->metrics)
                r = metrics_register(m->env->metrics, &mails, &m->metrics.mails, err);
        if (r == 0 && m->env->metrics)
                r = metrics_register(m->env->metrics, &nobody, &m->metrics.nobody, err);
        return r;
}

static struct smtp_config mailing_smtp(const struct mailing *m, size_t parallel) {
        return (struct smtp_config){.server = m->server,
                                    .starttls = m->starttls == STARTTLS_REQUIRED,
                                    .hello = mailing_or(m->hello, mailing_domain(m)),
                                    .sender = mailing_or(m->envelope_from, m->from),
                                    .ca_file = m->ca_file,
                                    .user = mailing_or(m->user, ""),
                                    .password = &m->password,
                                    .timeout = m->timeout,
                                    .connect_timeout = m->connect_timeout,
                                    .parallel = parallel};
}

/* Whether a mail is made of it by itself: alerts always, and what `kinds` names. */
static bool mailing_wants(const void *ctx, const struct event_type *type) {
        const struct mailing *m = ctx;
        enum message_kind kind = message_kind_of(type);

        if (kind == MESSAGE_RAISED || kind == MESSAGE_RESOLVED)
                return true;
        for (size_t i = 0; i < m->kinds.n; i++) {
                if (strcmp(m->kinds.items[i], type->name) == 0 || (kind == MESSAGE_COPY && strcmp(m->kinds.items[i], KINDS_COPIES) == 0))
                        return true;
        }
        return false;
}

static int mailing_open_digests(struct mailing *m) {
        struct digests_config config = {.env = m->env, .style = &m->style, .apart = mailing_wants, .ctx = m};

        return m->digest && digest_parse_hour(m->digest, &config.minutes) ? digests_open(&m->digests, &config) : 0;
}

static int mailing_open(void *ctx, const struct connector_env *env, struct error *err) {
        struct mailing *m = ctx;
        struct smtp_config config;
        int r;

        m->env = env;
        m->connections = env->parallel < CONNECTIONS_MAX ? env->parallel : CONNECTIONS_MAX;
        config = mailing_smtp(m, m->connections);
        m->style = (struct message_style){.from = m->from,
                                          .name = mailing_or(m->from_name, ""),
                                          .domain = mailing_domain(m),
                                          .link = mailing_or(m->link, ""),
                                          .organisations = env->organisations};
        m->jobs = calloc(env->parallel + 1, sizeof(*m->jobs));
        if (!m->jobs)
                return -ENOMEM;
        m->n_jobs = env->parallel + 1;
        for (size_t i = 0; i < m->n_jobs; i++)
                m->jobs[i].message = (struct buffer)BUFFER_INIT(i < env->parallel ? MESSAGE_MAX : DIGEST_MAX);
        r = pace_new((size_t)m->per_minute, &m->pace);
        if (r == 0)
                r = mailing_open_digests(m);
        if (r == 0)
                r = smtp_new(&config, &m->smtp);
        return r == 0 ? mailing_measure(m, err) : r;
}

static void mailing_clear_job(struct job *job) {
        if (job->digest && job->digest->state == DIGEST_SENDING)
                digest_forget(job->digest);
        job->digest = NULL;
        job->cookie = NULL;
        job->waits = false;
        buffer_clear(&job->message);
}

static void mailing_abandon(void *ctx) {
        struct mailing *m = ctx;

        if (m->smtp)
                smtp_abandon(m->smtp);
        for (size_t i = 0; i < m->n_jobs; i++)
                mailing_clear_job(&m->jobs[i]);
}

static void mailing_forget_cases(struct mailing *m) {
        void *known;

        for (size_t i = 0; (known = table_next(&m->cases, &i));)
                free(known);
        table_done(&m->cases);
        m->cases = (struct table){0};
}

static void mailing_close(void *ctx) {
        struct mailing *m = ctx;

        mailing_abandon(m);
        m->smtp = smtp_free(m->smtp);
        for (size_t i = 0; i < m->n_jobs; i++)
                buffer_done(&m->jobs[i].message);
        free(m->jobs);
        m->jobs = NULL;
        m->n_jobs = 0;
        digests_close(&m->digests);
        pace_done(&m->pace);
        mailing_forget_cases(m);
}

/* -- What is known of a case -- */

/* A GI that the record names: as the one that the case is with, as who reports, as who hears of it. */
static const struct organisation *mailing_named_gi(const struct mailing *m, const struct delivery *delivery) {
        const struct event *event = delivery->ce->event;
        int slot = event->type->fields[FIELD_GI];
        const struct slot *named = slot >= 0 ? &event->slots[slot] : NULL;
        const struct organisation *source;

        if (named && named->kind == SLOT_STRING)
                return organisations_find(m->env->organisations, named->s);
        source = organisations_find(m->env->organisations, event->slots[SLOT_SOURCE].s);
        if (source && source->kind == KIND_GI)
                return source;
        return delivery->organisation->kind == KIND_GI && message_kind_of(event->type) != MESSAGE_COPY ? delivery->organisation : NULL;
}

/* The GI of its case, as far as what came through this inbox says it; remembered for what comes later. Out of memory: it is not known. */
static const struct organisation *mailing_gi(struct mailing *m, const struct delivery *delivery) {
        const struct uuid *id = &delivery->ce->event->slots[SLOT_CASE_ID].u;
        const struct organisation *named = mailing_named_gi(m, delivery);
        struct case_gi *known = table_get(&m->cases, id->bytes, sizeof(id->bytes));

        if (!named || known) {
                if (known && named)
                        known->gi = named;
                return known ? known->gi : NULL;
        }
        if (m->cases.n >= CASES_MAX)
                mailing_forget_cases(m);
        known = calloc(1, sizeof(*known));
        if (!known)
                return named;
        *known = (struct case_gi){*id, named};
        if (table_put(&m->cases, known->case_id.bytes, sizeof(known->case_id.bytes), known))
                free(known);
        return named;
}

/* -- Records of which some recipients have the mail -- */

static struct unfinished *mailing_find_unfinished(struct mailing *m, const struct uuid *delivery_id) {
        for (size_t i = 0; i < UNFINISHED_MAX; i++) {
                struct unfinished *u = &m->unfinished[i];

                if ((u->done.taken || u->done.refused) && uuid_equal(&u->delivery_id, delivery_id))
                        return u;
        }
        return NULL;
}

static uint32_t mailing_hash(const struct recipients *to) {
        uint32_t hash = 0;

        for (size_t i = 0; i < to->n; i++)
                hash = hash * 31 + table_hash(to->items[i].address, strlen(to->items[i].address));
        return hash;
}

/* What is known of a record of which an earlier try ended before all had it. */
static void mailing_recall(struct mailing *m, struct job *job) {
        const struct unfinished *u = mailing_find_unfinished(m, &job->delivery_id);

        job->done = u && u->to == mailing_hash(&job->to) ? u->done : (struct done){0};
}

static void mailing_remember(struct mailing *m, const struct job *job) {
        struct unfinished *u = mailing_find_unfinished(m, &job->delivery_id);

        if (!u) {
                u = &m->unfinished[m->next_unfinished];
                m->next_unfinished = (m->next_unfinished + 1) % UNFINISHED_MAX;
        }
        *u = (struct unfinished){job->delivery_id, mailing_hash(&job->to), job->done};
}

/* -- How a record ends -- */

static void mailing_end(struct mailing *m, struct job *job, const struct attempt *attempt) {
        struct unfinished *u = mailing_find_unfinished(m, &job->delivery_id);
        struct digest *digest = job->digest;
        void *cookie = job->cookie;

        if (attempt->outcome == TRIED_AGAIN || attempt->outcome == TRIED_LATER)
                mailing_remember(m, job);
        else if (u)
                u->done = (struct done){0};
        if (digest)
                digest_over(&m->digests, digest, attempt);
        mailing_clear_job(job);
        if (!digest)
                runtime_tried(m->env->runtime, cookie, attempt);
}

static size_t mailing_count(unsigned recipients) {
        return (size_t)__builtin_popcount(recipients);
}

/* All recipients have had their turn. */
static void mailing_finish(struct mailing *m, struct job *job) {
        struct attempt attempt = {.outcome = TRIED_DELIVERED, .status = job->last.status, .pause_ms = -1};
        size_t taken = mailing_count(job->done.taken);

        if (job->put_off) {
                attempt.outcome = TRIED_AGAIN;
                attempt.wait_ms = m->retry_after;
        } else if (taken == 0) {
                attempt.outcome = TRIED_REFUSED;
        }
        if (taken == 0)
                (void) snprintf(attempt.reason, sizeof(attempt.reason), "%s", job->reason);
        else if (taken < job->to.n)
                (void) snprintf(attempt.reason, sizeof(attempt.reason), "%zu of %zu recipients took it; of the others: %.120s", taken, job->to.n, job->reason);
        mailing_end(m, job, &attempt);
}

/* The server wants a pause, or is not what it should be: nothing more is tried for a while, and this counts as no try. */
static void mailing_pause(struct mailing *m, struct job *job, const struct smtp_answer *answer, bool wrong) {
        struct attempt attempt = {.outcome = TRIED_LATER, .status = answer->status, .pause_ms = m->retry_after};
        int64_t now = mailing_now(m);
        uint64_t times = wrong ? log_pace(&m->said_wrong, now, SAY_MS) : 0;

        smtp_answer_print(answer, attempt.reason);
        if (wrong && now >= m->fault_until) {
                m->fault_pause = m->fault_pause == 0 ? FAULT_FIRST_MS : m->fault_pause * 2 < FAULT_LONGEST_MS ? m->fault_pause * 2 : FAULT_LONGEST_MS;
                m->fault_until = now + m->fault_pause;
        }
        if (wrong)
                attempt.pause_ms = m->fault_until - now;
        m->paused_until = now + attempt.pause_ms;
        if (times)
                log_line(m->env->log, CONNECT_MAIL_WRONG, LOG_STRING("connector", m->env->name), LOG_INT("status", answer->status),
                         LOG_STRING("reason", attempt.reason), LOG_INT("times", (int64_t)times));
        mailing_end(m, job, &attempt);
}

/* -- One recipient after another -- */

static bool mailing_is_over_with(const struct job *job, size_t at) {
        return (job->done.taken | job->done.refused | job->put_off) >> at & 1u;
}

/* Sends to the next recipient, when it may begin now. Return: 0 or -ENOMEM. */
static int mailing_go_on(struct mailing *m, struct job *job) {
        int64_t now = mailing_now(m);

        while (job->at < job->to.n && mailing_is_over_with(job, job->at))
                job->at++;
        if (job->at == job->to.n) {
                mailing_finish(m, job);
                return 0;
        }
        job->waits = pace_wait(&m->pace, now) > 0 || smtp_busy(m->smtp) == m->connections;
        if (job->waits)
                return 0;
        pace_take(&m->pace, now);
        return smtp_send(m->smtp, job->to.items[job->at].address, &job->message, job);
}

static void mailing_over(void *ctx, void *cookie, const struct smtp_answer *answer) {
        struct mailing *m = ctx;
        struct job *job = cookie;
        unsigned bit = 1u << job->at;
        enum smtp_meaning meaning = smtp_judge(answer);

        metric_add(m->metrics.mails, metric_series(m->metrics.mails, meaning, 0), 1);
        job->last = *answer;
        if (meaning != SMTP_TAKEN)
                smtp_answer_print(answer, job->reason);
        if (meaning == SMTP_PAUSED || meaning == SMTP_WRONG) {
                mailing_pause(m, job, answer, meaning == SMTP_WRONG);
                return;
        }
        m->fault_pause = 0;
        job->done.taken |= meaning == SMTP_TAKEN ? bit : 0;
        job->done.refused |= meaning == SMTP_REFUSED ? bit : 0;
        job->put_off |= meaning == SMTP_PUT_OFF || meaning == SMTP_CUT_OFF ? bit : 0;
        job->waits = true; /* goes on in turn() */
}

static void mailing_say_nobody(struct mailing *m, const struct organisation *organisation) {
        uint64_t times = log_pace(&m->said_nobody, mailing_now(m), SAY_MS);

        metric_add(m->metrics.nobody, 0, 1);
        if (times)
                log_line(m->env->log, CONNECT_MAIL_NOBODY, LOG_STRING("connector", m->env->name), LOG_STRING("organisation", organisation->id),
                         LOG_INT("times", (int64_t)times));
}

/* Begins to send the next digest that is ready. Return: 0; negative errno. */
static int mailing_send_digest(struct mailing *m) {
        const struct recipients_source source = mailing_source(m, m->env);
        struct job *job = &m->jobs[m->n_jobs - 1];
        struct message_digest message;
        struct digest *digest;
        int r;

        if (job->cookie || m->paused_until > mailing_now(m))
                return 0;
        digest = digests_take(&m->digests);
        if (!digest)
                return 0;
        message = digest_message(digest);
        *job = (struct job){.cookie = digest, .digest = digest, .delivery_id = digest->id, .message = job->message};
        if (digest->to_operators)
                recipients_operators(&source, &job->to);
        else
                recipients_find(&source, digest->organisation, (struct text){0}, &job->to);
        if (job->to.operators)
                mailing_say_nobody(m, digest->organisation);
        mailing_recall(m, job);
        buffer_clear(&job->message);
        r = message_write_digest(&m->style, &message, &job->to, &job->message);
        return r < 0 ? r : mailing_go_on(m, job);
}

static int mailing_turn(void *ctx, int timeout_ms, struct error *err) {
        struct mailing *m = ctx;
        int r = smtp_turn(m->smtp, timeout_ms, mailing_over, m, err);

        if (r == 0)
                r = digests_turn(&m->digests, err);
        if (r == 0)
                r = mailing_send_digest(m);

        for (size_t i = 0; r == 0 && i < m->n_jobs; i++) {
                if (m->jobs[i].cookie && m->jobs[i].waits)
                        r = mailing_go_on(m, &m->jobs[i]);
        }
        return r;
}

/* -- A record -- */

static int mailing_begin(struct mailing *m, struct job *job, const struct delivery *delivery) {
        const struct recipients_source source = mailing_source(m, m->env);
        int r;

        *job = (struct job){.cookie = delivery->cookie, .delivery_id = delivery->delivery_id, .message = job->message};
        recipients_find(&source, delivery->organisation, message_role(delivery->ce->event), &job->to);
        if (job->to.operators)
                mailing_say_nobody(m, delivery->organisation);
        mailing_recall(m, job);
        buffer_clear(&job->message);
        r = message_write(&m->style, delivery, &job->to, mailing_gi(m, delivery), &job->message);
        if (r == -EINVAL) {
                mailing_end(m, job, &(struct attempt){.outcome = TRIED_REFUSED, .pause_ms = -1, .reason = "what it says cannot stand in the header of a mail"});
                return 0;
        }
        return r < 0 ? r : mailing_go_on(m, job);
}

static int mailing_deliver(void *ctx, const struct delivery *delivery, struct error *err) {
        struct mailing *m = ctx;
        int64_t now = mailing_now(m), wait = pace_wait(&m->pace, now), pause = m->paused_until - now;
        struct job *job = NULL;

        if (!mailing_wants(m, delivery->ce->event->type)) {
                (void) mailing_gi(m, delivery);
                runtime_tried(m->env->runtime, delivery->cookie, &(struct attempt){.outcome = TRIED_LEFT, .pause_ms = -1});
                return 0;
        }
        if (wait > 0 || pause > 0) { /* of one inbox the runtime holds back what follows; the server is that of all */
                runtime_tried(m->env->runtime, delivery->cookie,
                              &(struct attempt){.outcome = TRIED_LATER, .pause_ms = wait > pause ? wait : pause, .reason = "the mail server is given a pause"});
                return 0;
        }
        for (size_t i = 0; !job && i + 1 < m->n_jobs; i++) {
                if (!m->jobs[i].cookie)
                        job = &m->jobs[i];
        }
        if (!job) {
                error_set(err, "more tries at once than were agreed; please report this");
                return -EBUSY;
        }
        return mailing_begin(m, job, delivery);
}

static void mailing_settled(void *ctx, void *cookie, enum submitted outcome) {
        (void) ctx;
        digest_settled(cookie, outcome);
}

/* -- Asking the server -- */

static int mailing_try(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        struct mailing *m = ctx;
        const struct smtp_config config = mailing_smtp(m, 1);
        char reason[TRIED_REASON_MAX];
        struct smtp_answer answer;
        int r;

        (void) env;
        r = smtp_new(&config, &m->smtp);
        if (r)
                return r;
        smtp_probe(m->smtp, &answer);
        m->smtp = smtp_free(m->smtp);
        if (!answer.ended) {
                smtp_answer_print(&answer, reason);
                error_set(err, "%s", reason);
                return -EIO;
        }
        buffer_printf(out, "the mail server answers%s%s; nothing was sent\n", config.starttls || smtp_is_implicit(m->server) ? ", with TLS" : ", without TLS",
                      config.user[0] ? ", and takes the login" : "");
        return 0;
}

static const struct connector_verb verbs[] = {
        {CONNECTOR_VERB_TRY, "connects to the mail server, makes TLS and logs in; sends nothing.", mailing_try},
        {0},
};

static const char *const starttls_choices[] = {[STARTTLS_REQUIRED] = "required", [STARTTLS_NONE] = "none", NULL};

static const struct connector_option options[] = {
        {.key = "server",
         .doc = "The mail server that passes mails on: smtp://HOST:PORT, mostly port 587 or 25; smtps://HOST:465 for TLS from the beginning.",
         .type = OPTION_STRING,
         .offset = offsetof(struct mailing, server)},
        {.key = "starttls",
         .fallback = "required",
         .doc = "Of smtp://: TLS or nothing is sent, with a certificate that holds for HOST. none: without TLS and without a login, to this machine itself.",
         .type = OPTION_CHOICE,
         .offset = offsetof(struct mailing, starttls),
         .choices = starttls_choices},
        {.key = "allow_plain",
         .fallback = "false",
         .doc = "Allows starttls: none to another machine, in a network that is protected otherwise.",
         .type = OPTION_BOOLEAN,
         .offset = offsetof(struct mailing, allow_plain)},
        {.key = "ca_file",
         .fallback = "",
         .doc = "Certificates, in PEM, of those who may vouch for the server; default those of the system.",
         .type = OPTION_PATH,
         .offset = offsetof(struct mailing, ca_file)},
        {.key = "user",
         .fallback = "",
         .doc = "Whom we log in as, over TLS alone; without it nobody. A server that then asks for no login is not spoken to.",
         .type = OPTION_STRING,
         .offset = offsetof(struct mailing, user)},
        {.key = "password",
         .fallback = "",
         .doc = "The password of user.",
         .type = OPTION_PASSWORD,
         .offset = offsetof(struct mailing, password)},
        {.key = "from",
         .doc = "The sender that people see. What stands behind its @ is also part of every Message-ID: do not change it.",
         .type = OPTION_STRING,
         .offset = offsetof(struct mailing, from)},
        {.key = "from_name",
         .fallback = "",
         .doc = "What stands before it, such as Ketenwacht.",
         .type = OPTION_STRING,
         .offset = offsetof(struct mailing, from_name)},
        {.key = "envelope_from",
         .fallback = "",
         .doc = "Where mail servers send what they could not deliver later on; default from. Nobody here reads it: look into it, or let somebody.",
         .type = OPTION_STRING,
         .offset = offsetof(struct mailing, envelope_from)},
        {.key = "hello",
         .fallback = "",
         .doc = "What we call ourselves to the server (EHLO); default the domain of from.",
         .type = OPTION_STRING,
         .offset = offsetof(struct mailing, hello)},
        {.key = "operators",
         .doc = "Addresses of the operators: they get, and are told so, what has no other recipient.",
         .type = OPTION_LIST,
         .offset = offsetof(struct mailing, operators)},
        {.key = "kinds",
         .fallback = "",
         .doc = "What becomes a mail beside alerts and their resolutions, which always do: event types such as plan-due and event-refused, and copies for "
                "every event that is copied to the organisation.",
         .type = OPTION_LIST,
         .offset = offsetof(struct mailing, kinds)},
        {.key = "digest",
         .fallback = "",
         .doc = "Time of the day, such as 07:30: all that is no mail by itself is told in one, on working days. Without it that is not told.",
         .type = OPTION_STRING,
         .offset = offsetof(struct mailing, digest)},
        {.key = "link",
         .fallback = "",
         .doc = "An address that stands in each mail; {case_id}, {event_id} and {organisation} are filled in.",
         .type = OPTION_STRING,
         .offset = offsetof(struct mailing, link)},
        {.key = "per_minute",
         .fallback = "0",
         .doc = "Mails to one recipient each in any minute; what is beyond waits. 0 is without a limit.",
         .type = OPTION_INT,
         .offset = offsetof(struct mailing, per_minute),
         .max = PACE_MAX},
        {.key = "retry_after",
         .fallback = "60 s",
         .doc = "A mail that the server puts off (4xx) is not tried again before; after 421 none is.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct mailing, retry_after),
         .min = 1,
         .max = HOUR_MS},
        {.key = "timeout",
         .fallback = "60 s",
         .doc = "One mail to one recipient may take so long.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct mailing, timeout),
         .min = 100,
         .max = 600000},
        {.key = "connect_timeout",
         .fallback = "10 s",
         .doc = "Of it, until the connection stands.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct mailing, connect_timeout),
         .min = 100,
         .max = 300000},
        {0},
};

static const struct connector_option target_options[] = {
        {.key = "domain",
         .fallback = "",
         .doc = "What stands behind the @ of the organisation's mailboxes, which config/organisations.yaml names under contacts.",
         .type = OPTION_STRING,
         .offset = offsetof(struct mail_target, domain)},
        {.key = "mailboxes",
         .fallback = "",
         .doc = "Mailboxes that have another address, each with it.",
         .type = OPTION_PAIRS,
         .offset = offsetof(struct mail_target, mailboxes)},
        {.key = "functions",
         .fallback = "",
         .doc = "Functions whose contacts get what is for no contact's function in particular; default the first contact that the organisation names.",
         .type = OPTION_LIST,
         .offset = offsetof(struct mail_target, functions)},
        {0},
};

const struct connector_ops connector_mail = {
        .name = "mail",
        .summary = "tells what stands in an inbox to the mailboxes of its organisation, over SMTP",
        .direction = CONNECTOR_OUT,
        .ctx_size = sizeof(struct mailing),
        .options = options,
        .target_options = target_options,
        .target_size = sizeof(struct mail_target),
        .verbs = verbs,
        .check = mailing_check,
        .open = mailing_open,
        .close = mailing_close,
        .turn = mailing_turn,
        .settled = mailing_settled,
        .deliver = mailing_deliver,
        .abandon = mailing_abandon,
};
