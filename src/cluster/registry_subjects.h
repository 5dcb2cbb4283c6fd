/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Our own schemas in a registry: the subject of each event type, its id, and the level that guards it
 *
 * What may be registered our own check has judged before: schemas that were read are FULL_TRANSITIVE to their history. Here only what the registry
 * makes of it is seen. Its id counts as ours when what it serves has our fingerprint; it may be an older text of ours, which differs in what does
 * not stand in the Parsing Canonical Form.
 */

#include "cluster/registry_client.h"
#include "model/event_types.h"

#define REGISTRY_LEVEL "FULL_TRANSITIVE"
#define REGISTRY_SUBJECT_MAX 512

struct registry_subjects {
        struct registry_client *client;
        const struct registry_config *config;
        const char *prefix; /* of topics */
};

struct registry_subject {
        char name[REGISTRY_SUBJECT_MAX];
        uint32_t id;     /* 0: our text is not registered */
        bool guarded;    /* its level is REGISTRY_LEVEL */
        bool older;      /* the text that stands under our id is not ours to the letter: another doc, or no enum default */
};

/* Looks how the schema of a type stands there. Return: 0; enum registry_answer, but ABSENT, with a sentence; -ENOMEM. */
int registry_subject_look(const struct registry_subjects *s, const struct event_type *type, struct registry_subject *ret, struct error *err) MUSTCHECK;

/* Sets the level, registers the text, and looks again; what is so already stays. Return: as above. */
int registry_subject_register(const struct registry_subjects *s, const struct event_type *type, struct registry_subject *subject, struct error *err) MUSTCHECK;
