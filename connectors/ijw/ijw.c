/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * ijw: messages of iJw 3.2 between municipalities, providers and GIs become events
 *
 * From a folder, or over HTTP (channel/reception.h). What nobody knows the case of waits in `connector-keys`, not here.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel/case_life.h"
#include "channel/ijw.h"
#include "channel/reception.h"
#include "connect/runtime.h"
#include "connectors/connector.h"
#include "connectors/ijw/learn.h"
#include "connectors/ijw/receipt.h"

#define IJW_PATH "/ijw"

static const char *const ijw_forms[] = {"CONTRACTED", "CUSTOM", "STACKED", "PERSONAL_BUDGET", "UNCONTRACTED", NULL};
static const char *const ijw_measures[] = {"47", "48", "49"}; /* juvenile probation, child protection, preventive justice work */
static const char *const ijw_unknown[] = {"dead-letter", "drop", NULL};

/* What became of messages, as they are counted. */
enum counted { COUNT_MAPPED, COUNT_WAITS, COUNT_RECEIPT, COUNT_MEASURE, COUNT_MOVED, COUNT_NOTHING, COUNT_REPEATED, COUNT_REFUSED, COUNT_NOBODY, COUNTED };
static const char *const counted_names[COUNTED] = {"mapped", "waiting", "receipt", "measure-product", "moved", "nothing", "repeated", "refused", "nobody"};
static const char *const message_names[2 * IJW_KINDS + 1] = {"JW301", "JW302", "JW305", "JW306", "JW307", "JW308", "JW315",
                                                             "JW316", "JW317", "JW318", "JW319", "JW320", "unknown"};

struct ijw {
        /* options */
        struct reception_options reception_options;
        const char *xsd, *answers, *prefix;
        struct option_pairs agb;
        struct option_list measure_categories;
        int form, unknown;
        int64_t allocation_within, forget_days;
        /* the rest */
        const struct connector_env *env;
        struct reception *reception;
        struct case_keys *keys; /* the reception's; NULL: not there yet */
        struct case_life *life;
        struct ijw_schemas *schemas;
        struct ijw_mapping mapping;
        struct metric *messages;
};

/* -- What came -- */

static void ijw_count(const struct ijw *i, const struct ijw_message *m, enum counted what) {
        size_t message = m && m->kind ? (size_t)(m->kind - ijw_kinds) * 2 + m->answer : ELEMENTS(message_names) - 1;

        metric_add(i->messages, metric_series(i->messages, message, what), 1);
}

/* What a dead letter may hold of a message: its header, as far as that is of no person. */
static void header_write(const struct ijw_message *m, char ret[RECEPTION_VALUE_MAX]) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(RECEPTION_VALUE_MAX);
        struct json_writer w = JSON_WRITER(&out);
        char dated[DATE_TEXT + 1];

        ret[0] = '\0';
        if (!m || !m->kind)
                return;
        jsonw_open_object(&w);
        jsonw_put_int(&w, "message", ijw_message_number(m));
        jsonw_put_text(&w, "sender", m->sender);
        jsonw_put_text(&w, "receiver", m->receiver);
        if (!bsn_is_in(m->identification) && !(m->bsn[0] && memmem(m->identification.s, m->identification.n, m->bsn, strlen(m->bsn))))
                jsonw_put_text(&w, "identification", m->identification);
        date_format(m->dated, dated);
        jsonw_put_string(&w, "dated", dated);
        jsonw_close_object(&w);
        if (!out.failed)
                (void) snprintf(ret, RECEPTION_VALUE_MAX, "%s", buffer_text(&out));
}

/* Into the answers, where there are some. @fault: as receipt_make() has it. */
static int take_answer(const struct ijw *i, struct reception_message *t, const struct ijw_message *m, const char *fault) {
        if (i->answers)
                (void) receipt_make(m, i->prefix, date_of_instant(clock_realtime(&i->env->clock)), fault, &t->written, t->written_as);
        return t->written.failed ? -ENOMEM : 0;
}

/* @fault: the code of its return message; NULL: it is told outside the traffic, if at all. */
static int take_refuse(struct ijw *i, struct reception_message *t, const struct ijw_message *m, const char *code, const char *why, const char *fault) {
        static const struct problem_row refused = {"REFUSED", PROBLEM_URN "ijw-refused", "The message is refused", "Het bericht is geweigerd", 422};
        char value[RECEPTION_VALUE_MAX];
        int r;

        t->refused = true;
        t->status = refused.status;
        t->content_type = PROBLEM_CONTENT_TYPE;
        problem_write_row(&refused, LANGUAGE_EN, why, &t->reply);
        header_write(m, value);
        ijw_count(i, m, COUNT_REFUSED);
        r = m && fault ? take_answer(i, t, m, fault) : 0;
        return r ? r : reception_letter(i->reception, code, why, value);
}

static int event_take(struct ijw *i, const json_t *event) {
        CLEANUP(cleanup_free) void *text = json_dumps(event, JSON_COMPACT);

        if (!text)
                return -ENOMEM;
        return reception_event(i->reception, parcel_text(event, "event"), parcel_text(event, "source"), parcel_text(event, "event_id"), text_of(text));
}

/* What has just come waits from now on when nobody knows, what waited goes on. *ret_counted: what became of it. Return: 0 or negative errno. */
static int parcel_take(struct ijw *i, const json_t *parcel, const char *id, instant_t since, enum counted *ret_counted, struct error *err) {
        instant_t now = clock_realtime(&i->env->clock);
        CLEANUP(cleanup_free) void *text = NULL;
        struct ijw_result result;
        char value[RECEPTION_VALUE_MAX];
        int r = ijw_resolve(&i->mapping, parcel, since, now, &result, err);

        if (r)
                return r;
        *ret_counted = result.outcome == OUTCOME_MEASURE ? COUNT_MEASURE : result.outcome == OUTCOME_NOBODY ? COUNT_NOBODY : COUNT_MAPPED;
        for (size_t n = 0; r == 0 && n < json_array_size(result.events); n++)
                r = event_take(i, json_array_get(result.events, n));
        if (r == 0 && result.outcome == OUTCOME_WAITS) {
                *ret_counted = COUNT_WAITS;
                text = json_dumps(parcel, JSON_COMPACT);
                r = text ? case_keys_wait(i->keys, id, since, text_of(text), err) : -ENOMEM;
        }
        if (r == 0 && result.outcome == OUTCOME_NOBODY) {
                (void) snprintf(value, sizeof(value), "{\"said\":\"%s\",\"event_id\":\"%s\"}", parcel_text(parcel, "do"), parcel_text(parcel, "id"));
                if (i->unknown == 0 || strcmp(result.code, "DELETION_REFUSED") == 0)
                        r = reception_letter(i->reception, result.code, result.error, value);
                if (r == 0)
                        r = ijw_forget(&i->mapping, parcel, err);
        }
        json_decref(result.events);
        return r;
}

static int parcels_take(struct ijw *i, const struct ijw_message *m, const struct ijw_parcels *parcels, struct error *err) {
        enum counted all = COUNT_MAPPED, one = COUNT_MAPPED;
        char id[CASE_KEYS_HASH + 1], name[2 * CASE_KEYS_HASH];
        size_t n;
        const json_t *parcel;

        json_array_foreach(parcels->items, n, parcel) {
                int r;

                (void) snprintf(name, sizeof(name), "%s|%zu|%d", parcels->message, n, m->answer);
                case_keys_hash(i->keys, "wait", text_of(name), id);
                r = parcel_take(i, parcel, id, clock_realtime(&i->env->clock), &one, err);
                if (r)
                        return r;
                all = one == COUNT_WAITS || n == 0 ? one : all;
        }
        ijw_count(i, m, all);
        return 0;
}

/* A message that its receiver refused, with the codes. */
static int return_letter(struct ijw *i, const struct ijw_message *m) {
        CLEANUP(buffer_done) struct buffer why = BUFFER_INIT(ERROR_TEXT_MAX);
        char value[RECEPTION_VALUE_MAX];

        buffer_printf(&why, "IJW %d: its receiver refused the message; codes", ijw_message_number(m));
        for (size_t n = 0; n < m->codes_n; n++)
                buffer_printf(&why, " %s", m->codes[n]);
        header_write(m, value);
        return reception_letter(i->reception, "RETURNED", buffer_text(&why), value);
}

static int message_take(struct ijw *i, struct reception_message *t, const struct ijw_message *m, struct error *err) {
        static const enum counted counted[] = {
                [SAID_RECEIPT] = COUNT_RECEIPT, [SAID_MEASURE] = COUNT_MEASURE, [SAID_MOVED] = COUNT_MOVED, [SAID_NOTHING] = COUNT_NOTHING};
        struct ijw_parcels parcels;
        struct error why = {0};
        int r = ijw_parcels_make(m, &i->mapping.parties, i->keys, &parcels, &why);

        if (r == PARCEL_E_ORGANISATION)
                return take_refuse(i, t, m, "UNKNOWN_ORGANISATION", why.text, NULL);
        if (r)
                return r;
        if (parcels.said != SAID_PARCELS) {
                ijw_count(i, m, counted[parcels.said]);
        } else if (!m->answer && ijw_seen(&i->mapping, &parcels) == IJW_MESSAGE_OTHER) {
                r = take_refuse(i, t, m, "BAD_VALUE", "IJW 9056: level 3, Identificatie: the sender used it before, for a message that says something else",
                                RECEIPT_NOT_UNIQUE);
        } else {
                r = m->answer ? return_letter(i, m) : ijw_remember(&i->mapping, &parcels, err);
                if (r == 0)
                        r = parcels_take(i, m, &parcels, err);
        }
        json_decref(parcels.items);
        return r;
}

/* One message, from its bytes to what is on its way because of it. */
static int ijw_take(void *ctx, struct reception_message *t, struct error *err) {
        CLEANUP(ijw_message_free_p) struct ijw_message *m = NULL;
        struct ijw *i = ctx;
        struct ijw_refusal refusal = {0};
        day_t today = date_of_instant(clock_realtime(&i->env->clock));
        int r;

        if (t->bytes)
                r = ijw_message_read(t->bytes, t->n, today, i->schemas, &m, &refusal, err);
        else
                r = ijw_message_read("", XML_BYTES_MAX + 1, today, NULL, &m, &refusal, err); /* it is too large to be read at all */
        if (r == IJW_E_REFUSED)
                return take_refuse(i, t, m, refusal.level == 1 ? "LEVEL_1" : "LEVEL_2", refusal.why.text, receipt_code(&refusal));
        if (r)
                return r;
        r = message_take(i, t, m, err);
        if (r || t->refused)
                return r;
        t->status = 202;
        t->content_type = "application/json";
        buffer_add_text(&t->reply, "{\"taken\":true}");
        return take_answer(i, t, m, NULL);
}

static int ijw_again(void *ctx, const struct case_keys_waiting *w, struct error *err) {
        struct ijw *i = ctx;
        json_t *parcel = json_loadb(w->what.s, w->what.n, JSON_REJECT_DUPLICATES, NULL);
        enum counted counted = COUNT_MAPPED;
        int r = parcel ? parcel_take(i, parcel, w->id, w->since, &counted, err) : 0;

        json_decref(parcel);
        return r ? r : counted == COUNT_WAITS;
}

static int ijw_learn(void *ctx, size_t which, const struct event *event, struct error *err) {
        const struct ijw *i = ctx;

        return learn_event(&i->mapping, which, event, err);
}

static int ijw_begin(void *ctx, struct case_keys *keys, struct error *err) {
        struct ijw *i = ctx;
        const struct case_life_config config = {.env = i->env,
                                                .keys = keys,
                                                .forget_days = i->forget_days,
                                                .others = learn_types,
                                                .others_n = LEARN_TYPES,
                                                .ctx = i,
                                                .take = ijw_learn};

        i->keys = i->mapping.keys = keys;
        return case_life_new(&config, &i->life, err);
}

static int ijw_follow(void *ctx, bool *ret_ready, struct error *err) {
        struct ijw *i = ctx;

        return case_life_turn(i->life, ret_ready, err);
}

/* -- As a connector -- */

static int ijw_turn(void *ctx, int timeout_ms, struct error *err) {
        struct ijw *i = ctx;

        return reception_turn(i->reception, timeout_ms, err);
}

static bool ijw_quiesce(void *ctx) {
        struct ijw *i = ctx;

        return reception_quiesce(i->reception);
}

static void ijw_settled(void *ctx, void *cookie, enum submitted outcome) {
        struct ijw *i = ctx;

        reception_settled(i->reception, cookie, outcome);
}

/* -- Opening and closing -- */

static int ijw_check_agb(const struct ijw *i, struct error *err) {
        for (size_t n = 0; n < i->agb.n; n++) {
                const struct option_pair *pair = &i->agb.items[n];
                const struct organisation *org = organisations_find(i->env->organisations, text_of(pair->value));

                if (strlen(pair->key) != 8 || strspn(pair->key, "0123456789") != 8) {
                        error_set(err, "agb: '%s' is no AGB code: eight digits, in quotation marks", pair->key);
                        return -EINVAL;
                }
                if (!org || (org->kind != KIND_GI && org->kind != KIND_PROVIDER)) {
                        error_set(err, "agb: '%s' is no provider and no GI of organisations.yaml", pair->value);
                        return -EINVAL;
                }
        }
        return 0;
}

static int ijw_check(void *ctx, const struct connector_env *env, struct error *err) {
        struct ijw *i = ctx;

        i->env = env;
        if (reception_check(&i->reception_options, err) < 0)
                return -EINVAL;
        if (i->answers && (!i->prefix || !ijw_prefix_is_valid(i->prefix))) {
                error_set(err, "prefix: with answers, two of A-Z and 0-9 with which IdentificatieRetour begins");
                return -EINVAL;
        }
        for (size_t n = 0; n < i->measure_categories.n; n++) {
                if (strlen(i->measure_categories.items[n]) != 2 || strspn(i->measure_categories.items[n], "0123456789") != 2) {
                        error_set(err, "measure_categories: '%s' is no category of two digits", i->measure_categories.items[n]);
                        return -EINVAL;
                }
        }
        return ijw_check_agb(i, err);
}

static int ijw_metrics(struct ijw *i, struct error *err) {
        const struct metric_row messages = {.name = "ketenwacht_ijw_messages_total",
                                            .kind = METRIC_COUNTER,
                                            .help = "iJw messages by kind and what became of them.",
                                            .labels = {{"message", message_names, ELEMENTS(message_names)}, {"result", counted_names, COUNTED}}};

        return i->env->metrics ? metrics_register(i->env->metrics, &messages, &i->messages, err) : 0;
}

static int ijw_open(void *ctx, const struct connector_env *env, struct error *err) {
        struct ijw *i = ctx;
        const struct reception_config config = {
                .env = env,
                .options = &i->reception_options,
                .path = IJW_PATH,
                .what = "send one bare iJw message as application/xml",
                .answers = i->answers,
                .ctx = i,
                .take = ijw_take,
                .again = ijw_again,
                .turn = ijw_follow,
                .begin = ijw_begin,
        };
        int r;

        i->env = env;
        if (i->measure_categories.n == 0)
                i->measure_categories = (struct option_list){ijw_measures, ELEMENTS(ijw_measures)};
        i->mapping = (struct ijw_mapping){.parties = {.organisations = env->organisations, .agb = &i->agb, .measure_categories = &i->measure_categories},
                                          .form = ijw_forms[i->form],
                                          .wait_for = i->reception_options.wait_for,
                                          .allocation_within = i->allocation_within};
        r = ijw_metrics(i, err);
        if (r == 0 && i->xsd)
                r = ijw_schemas_open(i->xsd, &i->schemas, err);
        return r ? r : reception_open(&config, &i->reception, err);
}

static void ijw_close(void *ctx) {
        struct ijw *i = ctx;

        i->life = case_life_free(i->life);
        i->reception = reception_free(i->reception);
        i->schemas = ijw_schemas_free(i->schemas);
        i->keys = NULL;
}

/* Whether what it needs is there: the folder, the XSDs, a list of pairs. */
static int ijw_try(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        const struct ijw *i = ctx;
        CLEANUP(ijw_schemas_free_p) struct ijw_schemas *schemas = NULL;
        int r = reception_try(&i->reception_options, env, out, err);

        if (r == 0 && i->xsd)
                r = ijw_schemas_open(i->xsd, &schemas, err);
        if (r == 0 && i->xsd)
                buffer_printf(out, "xsd: every schema in %s can be built\n", i->xsd);
        return r;
}

static const struct connector_verb ijw_verbs[] = {
        {CONNECTOR_VERB_TRY, "looks whether the folder can be written and the XSDs can be built.", ijw_try},
        {0},
};

static const struct connector_option ijw_options[] = {
        RECEPTION_OPTION_ROWS(struct ijw, reception_options),
        {.key = "agb",
         .doc = "Which organisation an AGB code is, of each provider and GI: {'98900001': aanbieder-voorbeeld}. A sender who stands not there is refused.",
         .type = OPTION_PAIRS,
         .offset = offsetof(struct ijw, agb)},
        {.key = "measure_categories",
         .fallback = "",
         .doc = "Product categories that are the GI's own work and no help; when it is left out ['47', '48', '49'].",
         .type = OPTION_LIST,
         .offset = offsetof(struct ijw, measure_categories)},
        {.key = "form",
         .fallback = "CONTRACTED",
         .doc = "Form of a referral that a GI's own JW315 makes; no message says it.",
         .type = OPTION_CHOICE,
         .offset = offsetof(struct ijw, form),
         .choices = ijw_forms},
        {.key = "allocation_within",
         .fallback = "24 hours",
         .doc = "So long a message waits for the referral or allocation that it names before the BSN alone says whose it is.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct ijw, allocation_within),
         .min = 0,
         .max = 366 * DAY_MS},
        CASE_LIFE_OPTION_ROWS(struct ijw, forget_days),
        {.key = "unknown",
         .fallback = "dead-letter",
         .doc = "What becomes of what nobody knew within wait_for: dead-letter, or drop, where most of the traffic is about children without a measure.",
         .type = OPTION_CHOICE,
         .offset = offsetof(struct ijw, unknown),
         .choices = ijw_unknown},
        {.key = "answers",
         .fallback = "",
         .doc = "Folder into which the return message (JW302 to JW320) of each message is written, for whoever speaks with the other side: without a fault, "
                "or with the code of what is wrong with all of it; when it is left out somebody else answers.",
         .type = OPTION_PATH,
         .offset = offsetof(struct ijw, answers)},
        {.key = "prefix",
         .fallback = "",
         .doc = "Two of A-Z and 0-9 with which IdentificatieRetour begins; needed with answers.",
         .type = OPTION_STRING,
         .offset = offsetof(struct ijw, prefix)},
        {.key = "xsd",
         .fallback = "",
         .doc = "Folder with the published XSDs, JW301.xsd to JW320.xsd beside basisschema.xsd; without it the connector's own reader holds messages to the "
                "same trees, types and codes.",
         .type = OPTION_PATH,
         .offset = offsetof(struct ijw, xsd)},
        {0},
};

const struct connector_ops connector_ijw = {
        .name = "ijw",
        .summary = "messages of iJw 3.2 between municipalities, providers and GIs become events",
        .direction = CONNECTOR_IN,
        .ctx_size = sizeof(struct ijw),
        .options = ijw_options,
        .verbs = ijw_verbs,
        .check = ijw_check,
        .open = ijw_open,
        .close = ijw_close,
        .turn = ijw_turn,
        .quiesce = ijw_quiesce,
        .settled = ijw_settled,
};
