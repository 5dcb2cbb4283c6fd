/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The imprint of a configuration: what tells two with the same version apart
 *
 * A digest of each file by which a worker decides: calendar.yaml, organisations.yaml, the protocols, and the schemas of the events
 * (not their history); of the bytes as they stand, comments too. Not broker.yaml, connectors or coverage.yaml: secrets are in
 * none of what is hashed. A digest is CRC-64-AVRO: it tells slips apart, and is no proof against anybody.
 *
 * As text, which stands in case-state beside the version (model/row_key.h): "VERSION FINGERPRINT", then a line "NAME DIGEST" for each file.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/mistakes.h"
#include "base/text.h"

#define IMPRINT_BYTES_MAX 524288 /* as text; files that have no room count in the fingerprint only */
#define IMPRINT_DIGEST_TEXT 16   /* hexadecimal digits */
#define IMPRINT_NAMED_MAX 5      /* files that a sentence names */

struct imprint_file {
        const char *name; /* "protocols/x.yaml" */
        uint64_t digest;
};

struct imprint {
        uint64_t fingerprint; /* of all names and digests */
        struct imprint_file *files;
        size_t n;
};

/*
 * Reads all files again; those that are not there do not count. @ret stands in @arena. Return: 0; -ENOMEM, or a negative errno with
 * the sentence in mistakes->failure.
 */
int imprint_read(const char *config_dir, const char *schemas_dir, struct arena *arena, struct imprint *ret, struct mistakes *mistakes) MUSTCHECK;

/* Appends it as text. */
void imprint_write(const struct imprint *imprint, unsigned version, struct buffer *out);

/* The first line of such a text; false: it is none. */
bool imprint_head(struct text text, unsigned *ret_version, uint64_t *ret_fingerprint) MUSTCHECK;

/* Appends which files of @imprint and of @text, an imprint as text, differ, at most IMPRINT_NAMED_MAX by name. */
void imprint_differ(const struct imprint *imprint, struct text text, struct buffer *out);
