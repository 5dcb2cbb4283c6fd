/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * ijw-out: answers of municipalities in an inbox become JW319 messages of iJw 3.2, as files in a folder
 *
 * Whoever speaks iJw with the other side, behind GGK or VECOZO, takes them from there. A file appears whole, and the same answer always under the same name
 * and with the same bytes, so that a try that is repeated replaces what it wrote. Records that are no such answer are left.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "channel/folder.h"
#include "channel/ijw.h"
#include "connect/runtime.h"
#include "connectors/connector.h"
#include "connectors/ijw-out/answer.h"

#define ANSWER_BYTES_MAX ((size_t)16 * 1024)
#define AGB_DIGITS 8

struct ijw_out {
        /* options */
        const char *folder, *xsd_version;
        int rejection;
        /* the rest */
        const struct connector_env *env;
};

/* Of one organisation whose inbox is answered from. */
struct ijw_out_target {
        const char *agb, *prefix;
};

static const char *const rejections[] = {"1", "2", "3", "4", "5", "6", "7", "9", NULL}; /* WJ759; 8 is residence, which events say themselves */

static bool is_all(const char *s, size_t n, const char *of) {
        return strlen(s) == n && strspn(s, of) == n;
}

static int ijw_out_check(void *ctx, const struct connector_env *env, struct error *err) {
        const struct ijw_out *o = ctx;

        for (size_t i = 0; i < env->targets_n; i++) {
                const struct ijw_out_target *t = env->targets[i].options;

                if (!is_all(t->agb, AGB_DIGITS, "0123456789")) {
                        error_set(err, "%s: agb must be the eight digits of an AGB code", env->targets[i].organisation->id);
                        return -EINVAL;
                }
                if (!ijw_prefix_is_valid(t->prefix)) {
                        error_set(err, "%s: prefix must be two of A-Z and 0-9", env->targets[i].organisation->id);
                        return -EINVAL;
                }
                for (size_t j = 0; j < i; j++) {
                        const struct ijw_out_target *other = env->targets[j].options;

                        if (strcmp(other->prefix, t->prefix) == 0) {
                                error_set(err, "%s and %s have the same prefix; their messages could not be told apart",
                                          env->targets[j].organisation->id, env->targets[i].organisation->id);
                                return -EINVAL;
                        }
                }
        }
        if (strspn(o->xsd_version, "0123456789.") != strlen(o->xsd_version)) {
                error_set(err, "xsd_version must be three numbers, such as 1.0.0");
                return -EINVAL;
        }
        return 0;
}

static int ijw_out_open(void *ctx, const struct connector_env *env, struct error *err) {
        struct ijw_out *o = ctx;

        o->env = env;
        return folder_is_writable(o->folder, err);
}

static void ijw_out_close(void *ctx) {
        (void) ctx; /* a file is open only while it is written */
}

static void ijw_out_write(const struct ijw_out *o, const struct answer_from *from, struct attempt *ret) {
        CLEANUP(buffer_done) struct buffer message = BUFFER_INIT(ANSWER_BYTES_MAX);
        char name[ANSWER_NAME_MAX];
        struct error err = {0};
        enum answer_made made = answer_make(from, &message, name, &err);

        *ret = (struct attempt){.outcome = TRIED_DELIVERED, .pause_ms = -1};
        if (made == ANSWER_NONE) {
                ret->outcome = TRIED_LEFT;
        } else if (made == ANSWER_REFUSED) {
                ret->outcome = TRIED_REFUSED;
        } else if (message.failed) {
                ret->outcome = TRIED_AGAIN;
                error_set(&err, "out of memory");
        } else if (folder_put(o->folder, name, (struct text){(const char *)message.bytes, message.n}, &err) < 0) {
                ret->outcome = TRIED_AGAIN;
        }
        (void) snprintf(ret->reason, sizeof(ret->reason), "%.*s", TRIED_REASON_MAX - 1, err.text);
}

static int ijw_out_deliver(void *ctx, const struct delivery *delivery, struct error *err) {
        const struct ijw_out *o = ctx;
        const struct ijw_out_target *target = delivery->target;
        const struct answer_from from = {
                .event = delivery->ce->event,
                .delivery_id = delivery->delivery_id,
                .agb = target->agb,
                .prefix = target->prefix,
                .rejection = rejections[o->rejection],
                .xsd_version = o->xsd_version,
        };
        struct attempt attempt = {.outcome = TRIED_LEFT, .pause_ms = -1};

        (void) err; /* what goes wrong is the record's or the folder's */
        if (strcmp(from.event->type->name, "referral-answered") == 0)
                ijw_out_write(o, &from, &attempt);
        runtime_tried(o->env->runtime, delivery->cookie, &attempt);
        return 0;
}

static int ijw_out_turn(void *ctx, int timeout_ms, struct error *err) {
        (void) ctx;
        (void) timeout_ms;
        (void) err;
        return 0;
}

static void ijw_out_abandon(void *ctx) {
        (void) ctx; /* a try ends where it begins */
}

static int ijw_out_try(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        const struct ijw_out *o = ctx;
        int r = folder_is_writable(o->folder, err);

        (void) env;
        if (r == 0)
                buffer_printf(out, "%s: files can be written there\n", o->folder);
        return r;
}

static const struct connector_verb verbs[] = {
        {.name = CONNECTOR_VERB_TRY, .doc = "looks whether the folder is there and takes files; leaves none.", .run = ijw_out_try},
        {0},
};

static const struct connector_option options[] = {
        {.key = "folder",
         .doc = "Where messages go, one a file, JW319-<municipality>-<Identificatie>.xml: each appears whole.",
         .type = OPTION_PATH,
         .offset = offsetof(struct ijw_out, folder)},
        {.key = "rejection",
         .fallback = "7",
         .doc = "Code of list WJ759 for a rejection of which the event says no more than OTHER. 1 no change but a new request, 2 budget, 3 no contract, "
                "4 outside the contract, 5 another municipality, 6 stacking, 7 content of the care, 9 age.",
         .type = OPTION_CHOICE,
         .choices = rejections,
         .offset = offsetof(struct ijw_out, rejection)},
        {.key = "xsd_version",
         .fallback = "1.0.0",
         .doc = "What XsdVersie says of both schemas: that of those which the other side goes by.",
         .type = OPTION_STRING,
         .offset = offsetof(struct ijw_out, xsd_version)},
        {0},
};

static const struct connector_option target_options[] = {
        {.key = "agb",
         .doc = "AGB code of the organisation, to which the answers go.",
         .type = OPTION_STRING,
         .offset = offsetof(struct ijw_out_target, agb)},
        {.key = "prefix",
         .doc = "Two of A-Z and 0-9 with which Identificatie begins; another for each organisation that a municipality answers, and another when the inbox "
                "was made anew.",
         .type = OPTION_STRING,
         .offset = offsetof(struct ijw_out_target, prefix)},
        {0},
};

const struct connector_ops connector_ijw_out = {
        .name = "ijw-out",
        .summary = "writes answers to requests for allocation in an inbox as iJw messages (JW319) into a folder",
        .direction = CONNECTOR_OUT,
        .ctx_size = sizeof(struct ijw_out),
        .options = options,
        .target_options = target_options,
        .target_size = sizeof(struct ijw_out_target),
        .verbs = verbs,
        .check = ijw_out_check,
        .open = ijw_out_open,
        .close = ijw_out_close,
        .turn = ijw_out_turn,
        .deliver = ijw_out_deliver,
        .abandon = ijw_out_abandon,
};
