/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * corv: what the council for child protection tells a municipality of a court's decision becomes court-decided
 *
 * A receiver behind the adapter of CORV (JUBES): notificatieDi01 over SOAP 1.1, answered by Bv03 when everything that follows is on the broker and by Fo03
 * otherwise, or from a folder. Whose case it is says the BSN's hash, or the hash of the council's number once a notification had both; what nobody
 * knows waits in `connector-keys`, of which only hashes, dates and codes stand there. The XML is not kept.
 */

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel/case_life.h"
#include "channel/reception.h"
#include "connect/settings.h"
#include "connectors/connector.h"
#include "connectors/corv/mapping.h"
#include "connectors/corv/reply.h"

#define CORV_PATH "/corv"
#define CORV_TYPE "text/xml; charset=utf-8"
#define CORV_FAULT 500            /* SOAP 1.1: every fault has this status */
#define CORV_NUMBER "rvdk"        /* the kind of rows by the council's number; its own of a municipality's case may be another's too, so with the sender */
#define CORV_DRAFT_MAX ((size_t)4096)
#define CORV_SENDER_MAX 900       /* bytes of a sender and a number */
#define CORV_EVENT "court-decided"

/* What became of notifications, as they are counted. */
enum corv_counted { CORV_DECIDED, CORV_WAITS, CORV_NO_DECISION, CORV_REFUSED, CORV_COUNTED };
static const char *const corv_counted_names[CORV_COUNTED] = {"decided", "waiting", "no-decision", "refused"};
enum corv_unread { CORV_UNREAD_KIND, CORV_UNREAD_GI, CORV_UNREADS };
static const char *const corv_unread_names[CORV_UNREADS] = {"kind", "gi"};

struct corv {
        /* options */
        struct reception_options reception_options;
        const struct organisation *source;
        struct option_pairs municipalities, kinds, institutions;
        int64_t forget_days;
        /* the rest */
        const struct connector_env *env;
        struct reception *reception;
        struct case_keys *keys;
        struct case_life *life;
        struct metric *notifications, *unread;
};

/* -- Whose case -- */

/* Hashes by which a notification's case is found; "" where it does not say that. */
struct corv_hashes {
        char bsn[CASE_KEYS_HASH + 1], number[CASE_KEYS_HASH + 1];
};

static void corv_hashes(const struct corv *c, const struct notice *n, struct corv_hashes *ret) {
        char number[CORV_SENDER_MAX];
        int length;

        *ret = (struct corv_hashes){0};
        if (n->bsn[0])
                case_keys_hash(c->keys, CASE_KEYS_BSN, text_of(n->bsn), ret->bsn);
        length = snprintf(number, sizeof(number), "%.*s|%.*s", (int)n->sender.n, n->sender.s, (int)n->number.n, n->number.s ? n->number.s : "");
        if (n->number.n > 0 && length > 0 && (size_t)length < sizeof(number))
                case_keys_hash(c->keys, CORV_NUMBER, (struct text){number, (size_t)length}, ret->number);
}

/* The case_id, and the number leads to it too from now on. Return: 1: in @ret; 0: nobody knows; negative errno. */
static int corv_find(const struct corv *c, const struct corv_hashes *h, char ret[UUID_TEXT + 1], struct error *err) {
        struct text found = h->bsn[0] ? case_keys_find(c->keys, CASE_KEYS_BSN, h->bsn) : (struct text){0};
        int r = 0;

        if (found.n == 0 && h->number[0])
                found = case_keys_find(c->keys, CORV_NUMBER, h->number);
        if (found.n != UUID_TEXT)
                return 0;
        memcpy(ret, found.s, UUID_TEXT);
        ret[UUID_TEXT] = '\0';
        if (h->number[0] && case_keys_find(c->keys, CORV_NUMBER, h->number).n == 0)
                r = case_keys_put(c->keys, CORV_NUMBER, h->number, (struct text){ret, UUID_TEXT}, err);
        return r < 0 ? r : 1;
}

/* -- What follows -- */

static void corv_count(const struct corv *c, enum corv_counted what) {
        metric_add(c->notifications, metric_series(c->notifications, what, 0), 1);
}

/* What of a decision stands in words that no pattern fits, for whoever keeps the patterns. */
static void corv_note_unread(const struct corv *c, const struct corv_event *e) {
        char id[UUID_TEXT + 1];
        bool kind = strcmp(e->kind, "UNKNOWN") == 0, gi = !e->gi && e->imposed;

        uuid_format(&e->decision_id, id);
        if (kind)
                metric_add(c->unread, metric_series(c->unread, CORV_UNREAD_KIND, 0), 1);
        if (gi)
                metric_add(c->unread, metric_series(c->unread, CORV_UNREAD_GI, 0), 1);
        if (kind || gi)
                log_line(c->env->log, CORV_UNREAD, LOG_STRING("connector", c->env->name), LOG_STRING("decision_id", id),
                         LOG_STRING("what", kind && gi ? "kind and gi" : kind ? "kind" : "gi"));
}

/* Of one whose case nobody knows: hashes, and the event without its case. */
static int corv_wait(const struct corv *c, const struct corv_hashes *h, const struct corv_event *e, const char *municipality, struct error *err) {
        CLEANUP(buffer_done) struct buffer draft = BUFFER_INIT(CORV_DRAFT_MAX);
        struct json_writer w = JSON_WRITER(&draft);
        char id[UUID_TEXT + 1], hash[CASE_KEYS_HASH + 1];

        uuid_format(&e->event_id, id);
        case_keys_hash(c->keys, "wait", text_of(id), hash);
        jsonw_open_object(&w);
        jsonw_put_string(&w, "bsn", h->bsn);
        jsonw_put_string(&w, "number", h->number);
        jsonw_key(&w, "event");
        corv_event_write(e, "", c->source->id, municipality, &w);
        jsonw_close_object(&w);
        if (draft.failed)
                return -ENOMEM;
        return case_keys_wait(c->keys, hash, clock_realtime(&c->env->clock), (struct text){(const char *)draft.bytes, draft.n}, err);
}

static int corv_publish(const struct corv *c, const struct corv_event *e, const char *case_id, const char *municipality) {
        CLEANUP(buffer_done) struct buffer json = BUFFER_INIT(CORV_DRAFT_MAX);
        struct json_writer w = JSON_WRITER(&json);
        char id[UUID_TEXT + 1];

        uuid_format(&e->event_id, id);
        corv_event_write(e, case_id, c->source->id, municipality, &w);
        return json.failed ? -ENOMEM : reception_event(c->reception, CORV_EVENT, c->source->id, id, (struct text){(const char *)json.bytes, json.n});
}

static int corv_decisions(const struct corv *c, const struct notice *n, const char *municipality, struct error *err) {
        const struct corv_words words = {&c->kinds, &c->institutions};
        struct corv_hashes hashes;
        char case_id[UUID_TEXT + 1];
        size_t events = corv_events(n);
        int known, r = 0;

        corv_hashes(c, n, &hashes);
        known = corv_find(c, &hashes, case_id, err);
        if (known < 0)
                return known;
        for (size_t i = 0; i < events && r == 0; i++) {
                struct corv_event e;

                corv_event(n, &words, i, &e);
                corv_note_unread(c, &e);
                r = known ? corv_publish(c, &e, case_id, municipality) : corv_wait(c, &hashes, &e, municipality, err);
        }
        corv_count(c, events == 0 ? CORV_NO_DECISION : known ? CORV_DECIDED : CORV_WAITS);
        return r;
}

/* -- What comes -- */

/* What a dead letter may hold: the reference, when it is none that could be a person's number. */
static void corv_value(const struct notice *n, char ret[RECEPTION_VALUE_MAX]) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(RECEPTION_VALUE_MAX - 1);
        struct json_writer w = JSON_WRITER(&out);

        ret[0] = '\0';
        if (!n || n->reference.n == 0 || bsn_is_in(n->reference))
                return;
        jsonw_open_object(&w);
        jsonw_put_text(&w, "reference", n->reference);
        jsonw_close_object(&w);
        if (!out.failed)
                (void) snprintf(ret, RECEPTION_VALUE_MAX, "%s", buffer_text(&out));
}

static int corv_refuse(const struct corv *c, struct reception_message *m, const struct notice *n, const char *code, const char *why) {
        char value[RECEPTION_VALUE_MAX];

        m->refused = true;
        m->status = CORV_FAULT;
        reply_fault(n, REPLY_NOT_THE_INTERFACE, REPLY_CLIENT, why, clock_realtime(&c->env->clock), &m->reply);
        corv_value(n, value);
        corv_count(c, CORV_REFUSED);
        return m->reply.failed ? -ENOMEM : reception_letter(c->reception, code, why, value);
}

static int corv_take(void *ctx, struct reception_message *m, struct error *err) {
        const struct corv *c = ctx;
        CLEANUP(notice_free_p) struct notice *n = NULL;
        const char *municipality = NULL;
        struct error why = {0};
        int r = notice_read(m->bytes ? m->bytes : "", m->bytes ? m->n : XML_BYTES_MAX + 1, &n, &why);

        m->content_type = CORV_TYPE;
        if (r == NOTICE_E_REFUSED)
                return corv_refuse(c, m, n, "BAD_VALUE", why.text);
        if (r)
                return r;
        municipality = option_pairs_find(&c->municipalities, n->receiver);
        if (!municipality)
                return corv_refuse(c, m, n, "UNKNOWN_ORGANISATION", "ontvanger: stands not in municipalities of the connector's file");
        r = corv_decisions(c, n, municipality, err);
        m->status = 200;
        reply_received(n, clock_realtime(&c->env->clock), &m->reply);
        return r == 0 && m->reply.failed ? -ENOMEM : r;
}

static int corv_publish_draft(const struct corv *c, json_t *event, const char *case_id) {
        CLEANUP(cleanup_free) void *text = NULL;

        if (json_object_set_new(event, "case_id", json_string(case_id)))
                return -ENOMEM;
        text = json_dumps(event, JSON_COMPACT);
        if (!text)
                return -ENOMEM;
        return reception_event(c->reception, CORV_EVENT, c->source->id, json_string_value(json_object_get(event, "event_id")), text_of(text));
}

static int corv_give_up(const struct corv *c, const json_t *event) {
        char value[RECEPTION_VALUE_MAX];

        (void) snprintf(value, sizeof(value), "{\"decision_id\":\"%s\"}", json_string_value(json_object_get(event, "decision_id")));
        return reception_letter(c->reception, "NO_CASE",
                                "nobody knew whose case it is within wait_for; hand over a list of pairs, and send the notification again", value);
}

static int corv_again(void *ctx, const struct case_keys_waiting *w, struct error *err) {
        const struct corv *c = ctx;
        json_t *draft = json_loadb(w->what.s, w->what.n, JSON_REJECT_DUPLICATES, NULL), *event = json_object_get(draft, "event");
        const char *bsn = json_string_value(json_object_get(draft, "bsn")), *number = json_string_value(json_object_get(draft, "number"));
        char case_id[UUID_TEXT + 1];
        struct corv_hashes hashes;
        int r;

        if (!event || !bsn || !number || !json_is_string(json_object_get(event, "event_id"))) {
                json_decref(draft);
                return 0; /* none of ours: nothing can follow from it */
        }
        (void) snprintf(hashes.bsn, sizeof(hashes.bsn), "%s", bsn);
        (void) snprintf(hashes.number, sizeof(hashes.number), "%s", number);
        r = corv_find(c, &hashes, case_id, err);
        if (r == 1)
                r = corv_publish_draft(c, event, case_id);
        else if (r == 0)
                r = clock_realtime(&c->env->clock) - w->since < c->reception_options.wait_for ? 1 : corv_give_up(c, event);
        json_decref(draft);
        return r;
}

static int corv_begin(void *ctx, struct case_keys *keys, struct error *err) {
        struct corv *c = ctx;
        const struct case_life_config config = {.env = c->env, .keys = keys, .forget_days = c->forget_days};

        c->keys = keys;
        return case_life_new(&config, &c->life, err);
}

static int corv_follow(void *ctx, bool *ret_ready, struct error *err) {
        struct corv *c = ctx;

        return case_life_turn(c->life, ret_ready, err);
}

static unsigned corv_put_off(void *ctx, const struct problem_row *row, struct buffer *out, const char **ret_type) {
        const struct corv *c = ctx;

        reply_fault(NULL, REPLY_NOT_HANDLED, REPLY_SERVER, row->title, clock_realtime(&c->env->clock), out);
        *ret_type = CORV_TYPE;
        return 503; /* not the 500 of a fault: the message was not looked at, and is to come again */
}

/* -- Opening and closing -- */

static int corv_check_pairs(const struct option_pairs *pairs, const char *option, const struct connector_env *env, enum organisation_kind kind,
                            const char *what, struct error *err) {
        for (size_t i = 0; i < pairs->n; i++) {
                const struct organisation *o = organisations_find(env->organisations, text_of(pairs->items[i].value));

                if (o && o->kind == kind)
                        continue;
                error_set(err, "%s: '%s' is no %s of organisations.yaml", option, pairs->items[i].value, what);
                return -EINVAL;
        }
        return 0;
}

static int corv_check(void *ctx, const struct connector_env *env, struct error *err) {
        const struct corv *c = ctx;
        int r = reception_check(&c->reception_options, err);

        if (r == 0 && c->source->kind != KIND_COUNCIL && c->source->kind != KIND_MUNICIPALITY) {
                error_set(err, "source: %s is neither a council nor a municipality; only these say what a court decided", c->source->id);
                return -EINVAL;
        }
        if (r == 0)
                r = corv_check_pairs(&c->municipalities, "municipalities", env, KIND_MUNICIPALITY, "municipality", err);
        if (r == 0)
                r = corv_check_pairs(&c->institutions, "institutions", env, KIND_GI, "GI", err);
        for (size_t i = 0; i < c->kinds.n && r == 0; i++) {
                if (corv_kind_is_known(c->kinds.items[i].value))
                        continue;
                error_set(err, "kinds: '%s' is no kind of measure; court-decided.avsc names them", c->kinds.items[i].value);
                r = -EINVAL;
        }
        return r;
}

static int corv_metrics(struct corv *c, struct error *err) {
        const struct metric_row notifications = {.name = "ketenwacht_corv_notifications_total",
                                                 .kind = METRIC_COUNTER,
                                                 .help = "Notifications of the council by what became of them.",
                                                 .labels = {{"result", corv_counted_names, CORV_COUNTED}}};
        const struct metric_row unread = {.name = "ketenwacht_corv_unread_total",
                                          .kind = METRIC_COUNTER,
                                          .help = "Decisions of which no pattern of the connector's file fits the kind, or the GI.",
                                          .labels = {{"what", corv_unread_names, CORV_UNREADS}}};
        int r = c->env->metrics ? metrics_register(c->env->metrics, &notifications, &c->notifications, err) : 0;

        return r == 0 && c->env->metrics ? metrics_register(c->env->metrics, &unread, &c->unread, err) : r;
}

static int corv_open(void *ctx, const struct connector_env *env, struct error *err) {
        struct corv *c = ctx;
        const struct reception_config config = {
                .env = env,
                .options = &c->reception_options,
                .path = CORV_PATH,
                .what = "send one notificatieDi01 in a SOAP 1.1 envelope as text/xml",
                .ctx = c,
                .take = corv_take,
                .again = corv_again,
                .turn = corv_follow,
                .begin = corv_begin,
                .put_off = corv_put_off,
        };
        int r;

        c->env = env;
        r = corv_metrics(c, err);
        return r ? r : reception_open(&config, &c->reception, err);
}

static void corv_close(void *ctx) {
        struct corv *c = ctx;

        c->life = case_life_free(c->life);
        c->reception = reception_free(c->reception);
        c->keys = NULL;
}

static int corv_turn(void *ctx, int timeout_ms, struct error *err) {
        struct corv *c = ctx;

        return reception_turn(c->reception, timeout_ms, err);
}

static bool corv_quiesce(void *ctx) {
        struct corv *c = ctx;

        return reception_quiesce(c->reception);
}

static void corv_settled(void *ctx, void *cookie, enum submitted outcome) {
        struct corv *c = ctx;

        reception_settled(c->reception, cookie, outcome);
}

static int corv_try(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        const struct corv *c = ctx;

        return reception_try(&c->reception_options, env, out, err);
}

static const struct connector_verb verbs[] = {
        {CONNECTOR_VERB_TRY, "looks whether the folder is there and can be written.", corv_try},
        {0},
};

static const struct connector_option options[] = {
        RECEPTION_OPTION_ROWS(struct corv, reception_options),
        {.key = "source",
         .doc = "In whose name the decisions are published: the council whose statement they are, or the municipality that hears of them.",
         .type = OPTION_ORGANISATION,
         .offset = offsetof(struct corv, source)},
        {.key = "municipalities",
         .doc = "Which municipality an ontvanger is, by its OIN: {'00000001002220647000': gm0014}. What is for another is refused.",
         .type = OPTION_PAIRS,
         .offset = offsetof(struct corv, municipalities)},
        {.key = "kinds",
         .fallback = "",
         .doc = "Words of a decision and the kind of measure that they mean: {voorlopige ondertoezichtstelling: VOTS, ondertoezichtstelling: OTS}. Whole "
                "words, in capitals or not; the first that fits counts; none: UNKNOWN.",
         .type = OPTION_PAIRS,
         .offset = offsetof(struct corv, kinds)},
        {.key = "institutions",
         .fallback = "",
         .doc = "Words of a decision and the GI that they mean, such as the council's codes: {AST096: gi-jbn}. None fits: no GI is told.",
         .type = OPTION_PAIRS,
         .offset = offsetof(struct corv, institutions)},
        CASE_LIFE_OPTION_ROWS(struct corv, forget_days),
        {0},
};

const struct connector_ops connector_corv = {
        .name = "corv",
        .summary = "takes what the council tells of a court's decision (notificatieDi01), over SOAP or from a folder",
        .direction = CONNECTOR_IN,
        .ctx_size = sizeof(struct corv),
        .options = options,
        .verbs = verbs,
        .check = corv_check,
        .open = corv_open,
        .close = corv_close,
        .turn = corv_turn,
        .quiesce = corv_quiesce,
        .settled = corv_settled,
};
