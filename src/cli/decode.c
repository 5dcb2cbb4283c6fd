/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht decode`: Avro of any schema from standard input to plain JSON, one datum a line
 *
 * What was read and is not a whole datum yet is tried again when more has come: when there is twice as much, or when nothing more is
 * there at once, so that a line comes as soon as its bytes, and large datums are not read over and over.
 */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "avro/canonical.h"
#include "avro/container.h"
#include "avro/datum.h"
#include "avro/framing.h"
#include "cli/decode_container.h"
#include "cli/options.h"

#define DECODE_INPUT_MAX (2 * DATUM_BYTES_MAX) /* a datum with its frame, and what was read with it */
#define DECODE_READ ((size_t)64 * 1024)        /* bytes, at least, for which there is room at each read */

static const char *const framing_words[] = {[FRAMING_NONE] = "none", [FRAMING_SINGLE] = "single", [FRAMING_CONFLUENT] = "confluent"};

struct decode {
        const char *writer_path, *reader_path, *framing_word, *lang;
        enum framing_kind framing;
        struct schema_file *writer, *reader; /* reader NULL: the writer's */
        struct program *program, *own;       /* own: what the reader's schema wrote, which its frame says */
        struct canonical_fingerprint writer_known[SPELLINGS], reader_known[SPELLINGS];
        struct datum_memory memory;
        struct buffer in, out;
        size_t at;        /* of in: what stands before it is done with */
        uint64_t offset;  /* of the first byte of in */
        uint64_t number;  /* datums that were decoded */
        bool ended;       /* nothing more comes */
};

/* What one datum may say besides an exit status. */
enum { DECODE_MORE = -1 };

static void decode_done(struct decode *d) {
        datum_memory_done(&d->memory);
        buffer_done(&d->in);
        buffer_done(&d->out);
        program_free(d->program);
        program_free(d->own);
        schema_free(d->reader);
        schema_free(d->writer);
}

/* -- Schemas -- */

static int decode_open(struct decode *d, struct error *err) {
        enum language language;
        int r = command_language("decode", d->lang, &language);

        if (r)
                return r;
        if (schema_read(d->writer_path, language, &d->writer, err) || (d->reader_path && schema_read(d->reader_path, language, &d->reader, err)))
                return command_fail("decode", EXIT_USAGE, err);
        r = program_new_any(d->writer, d->reader ? d->reader : d->writer, &d->program, err);
        if (r == 0 && d->reader)
                r = program_new_any(d->reader, d->reader, &d->own, err);
        if (r == 0)
                r = canonical_fingerprints(schema_root(d->writer), d->writer_known);
        if (r == 0 && d->reader)
                r = canonical_fingerprints(schema_root(d->reader), d->reader_known);
        if (r == -ENOMEM)
                error_set(err, "there is no memory for these schemas");
        return r ? command_fail("decode", EXIT_USAGE, err) : EXIT_DONE;
}

static bool decode_knows(const struct canonical_fingerprint known[SPELLINGS], uint64_t fingerprint) {
        for (unsigned i = 0; i < SPELLINGS; i++) {
                if (known[i].known && known[i].value == fingerprint)
                        return true;
        }
        return false;
}

/* -- One datum -- */

/* The bytes of the frame before it; its program. Return: EXIT_DONE, EXIT_NO with a sentence, or DECODE_MORE. */
static int decode_frame(const struct decode *d, const uint8_t *p, size_t n, uint64_t at, size_t *ret_frame, const struct program **ret, struct error *err) {
        size_t bytes = d->framing == FRAMING_SINGLE ? FRAMING_SINGLE_BYTES : FRAMING_CONFLUENT_BYTES;
        struct framing frame;

        *ret = d->program;
        *ret_frame = 0;
        if (d->framing == FRAMING_NONE)
                return EXIT_DONE;
        *ret_frame = bytes;
        if (n < bytes && !d->ended)
                return DECODE_MORE;
        frame = framing_read(p, n);
        if (frame.kind != d->framing) {
                error_set(err, "byte %" PRIu64 ": no frame of %s encoding stands here (%s)", at, framing_words[d->framing],
                          d->framing == FRAMING_SINGLE ? "C3 01 and eight bytes of fingerprint" : "00 and four bytes of id");
                return EXIT_NO;
        }
        if (d->framing == FRAMING_CONFLUENT || decode_knows(d->writer_known, frame.id))
                return EXIT_DONE;
        *ret = d->own;
        if (d->own && decode_knows(d->reader_known, frame.id))
                return EXIT_DONE;
        error_set(err, "byte %" PRIu64 ": this was written by a schema with fingerprint %016" PRIx64 ", and not by %s (%016" PRIx64 ")%s%s", at, frame.id,
                  d->writer_path, schema_fingerprint(d->writer), d->reader ? " or " : "", d->reader ? d->reader_path : "");
        return EXIT_NO;
}

/* Return: EXIT_DONE; EXIT_NO with a sentence; DECODE_MORE when its end is not there yet. */
static int decode_one(struct decode *d, struct error *err) {
        const uint8_t *p = d->in.bytes + d->at;
        size_t n = d->in.n - d->at, before = d->out.n, frame, taken;
        uint64_t at = d->offset + d->at;
        const struct program *program;
        int r = decode_frame(d, p, n, at, &frame, &program, err);

        if (r)
                return r;
        r = datum_to_json(program, p + frame, n - frame, at + frame, &d->memory, &d->out, &taken, err);
        if (r == DATUM_E_SHORT && !d->ended) {
                if (n - frame < DATUM_BYTES_MAX)
                        return DECODE_MORE;
                error_set(err, "byte %" PRIu64 ": the datum that begins here is larger than %zu bytes", at, DATUM_BYTES_MAX);
        }
        if (r)
                return EXIT_NO;
        if (frame + taken == 0) {
                d->out.n = before;
                error_set(err, "byte %" PRIu64 ": what %s describes takes no bytes, and yet there are some", at, d->writer_path);
                return EXIT_NO;
        }
        buffer_add_byte(&d->out, '\n');
        d->at += frame + taken;
        d->number++;
        return EXIT_DONE;
}

/* -- Standard input -- */

/* Whether something can be read without waiting. */
static bool decode_ready(void) {
        struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

        return poll(&fd, 1, 0) > 0;
}

/* Reads once, and on while more is there and less than twice of what was tried. Return: EXIT_DONE, or EXIT_BROKER with a sentence. */
static int decode_fill(struct decode *d, struct error *err) {
        size_t tried = d->in.n - d->at, want;

        if (d->at) { /* what is done with goes */
                memmove(d->in.bytes, d->in.bytes + d->at, tried);
                d->offset += d->at;
                d->in.n = tried;
                d->at = 0;
        }
        want = 2 * tried < DATUM_BYTES_MAX ? 2 * tried : DATUM_BYTES_MAX + FRAMING_SINGLE_BYTES;
        do {
                uint8_t *p = buffer_reserve(&d->in, DECODE_READ);
                ssize_t n = p ? read(STDIN_FILENO, p, d->in.capacity - d->in.n) : -1;

                if (n < 0 && p && errno == EINTR)
                        continue;
                if (n < 0) {
                        error_set(err, "cannot read standard input: %s", p ? strerror(errno) : "there is no memory for it");
                        return EXIT_BROKER;
                }
                d->ended = n == 0;
                d->in.n += (size_t)n;
        } while (!d->ended && d->in.n < want && decode_ready());
        return EXIT_DONE;
}

static int decode_all(struct decode *d, struct error *err) {
        for (;;) {
                int r = d->at < d->in.n ? decode_one(d, err) : d->ended ? EXIT_DONE : DECODE_MORE;

                if (r == EXIT_NO && d->number == 0 && d->in.n >= CONTAINER_MAGIC_BYTES && memcmp(d->in.bytes, CONTAINER_MAGIC, CONTAINER_MAGIC_BYTES) == 0)
                        error_set(err, "this is a container file, which has its schema inside: ketenwacht replay and publish take the events of one");
                else if (r == EXIT_NO)
                        error_prefix(err, "datum %" PRIu64, d->number + 1);
                if (r == EXIT_NO)
                        return r;
                if (r == EXIT_DONE && d->at == d->in.n && d->ended)
                        return r;
                if (r == DECODE_MORE || d->out.n > DECODE_HELD) {
                        if (command_write("decode", &d->out))
                                return EXIT_BROKER;
                }
                if (r == DECODE_MORE) {
                        r = decode_fill(d, err);
                        if (r)
                                return r;
                }
        }
}

static int decode_stream(struct decode *d) {
        struct error err = {.text = ""};
        int status = decode_open(d, &err), flushed;

        if (status)
                return status;
        d->in.max = DECODE_INPUT_MAX;
        d->out.max = 2 * DATUM_JSON_MAX;
        status = decode_all(d, &err);
        if (status == EXIT_BROKER && !err.text[0])
                return status; /* said already: nothing can be written */
        flushed = command_write("decode", &d->out); /* the datums before it */
        if (status)
                return command_fail("decode", status, &err);
        return flushed;
}

/* -- The command -- */

static int decode_read_framing(struct decode *d) {
        struct nearest nearest = NEAREST_INIT(d->framing_word);
        char hint[NEAREST_HINT_MAX];

        for (size_t i = 0; d->framing_word && i < ELEMENTS(framing_words); i++) {
                nearest_try(&nearest, framing_words[i]);
                if (strcmp(d->framing_word, framing_words[i]) != 0)
                        continue;
                d->framing = (enum framing_kind)i;
                return EXIT_DONE;
        }
        return d->framing_word ? command_usage("decode", "--framing is none, single or confluent, not '%.40s'%s", d->framing_word, nearest_hint(&nearest, hint))
                               : EXIT_DONE;
}

static int decode_file(const struct decode *d, const char *path) {
        enum language language;
        int status = command_language("decode", d->lang, &language);

        if (status == 0 && d->framing_word)
                status = command_usage("decode", "--framing is not for a container file: nothing stands before its datums");
        return status ? status : decode_container(path, d->reader_path, language);
}

static int decode_run(int argc, char **argv) {
        struct command_dirs dirs = command_dirs();
        struct decode d = {.framing = FRAMING_NONE};
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--writer", &d.writer_path),    OPTION_TEXT_ROW("--reader", &d.reader_path), OPTION_TEXT_ROW("--framing", &d.framing_word),
                OPTION_TEXT_ROW("--lang", &d.lang),             OPTION_TEXT_ROW("--config", &dirs.config),   OPTION_TEXT_ROW("--schemas", &dirs.schemas),
                OPTION_END_ROW,
        };
        const char *words[OPTION_ARGUMENTS_MAX];
        int n, status = options_read(argc, argv, rows, words, &n);

        if (status == 0 && n == 1 && !d.writer_path)
                return decode_file(&d, words[0]);
        if (status == 0 && n)
                status = command_usage("decode", "'%.40s' is too much: %s", words[n - 1],
                                       d.writer_path ? "datums come from standard input" : "one container file at most");
        if (status == 0 && !d.writer_path)
                status = command_usage("decode", "--writer FILE is missing: the schema by which the bytes were written; or a container file, which has it");
        if (status == 0)
                status = decode_read_framing(&d);
        if (status == 0)
                status = decode_stream(&d);
        decode_done(&d);
        return status;
}

const struct command command_decode = {
        .name = "decode",
        .summary = "turn Avro of any schema into JSON",
        .help = "Usage: ketenwacht decode --writer FILE [--reader FILE] [--framing none|single|confluent]\n"
                "       ketenwacht decode CONTAINER|- [--reader FILE]\n\n"
                "Reads Avro datums, one after another, from standard input and prints each as one line of JSON; or those of a container\n"
                "file (of standard input: -), which has the writer's schema itself and whose blocks are packed with deflate, snappy, zstandard or not.\n\n"
                "Options:\n"
                "  --writer FILE   the schema by which they were written: any Avro schema, nested or not\n"
                "  --reader FILE   the schema by which they are read: its names, its order, its defaults (else the writer's)\n"
                "  --framing WORD  what stands before each datum:\n"
                "                    none       nothing (when it is not given)\n"
                "                    single     C3 01 and the fingerprint, which must be the writer's or the reader's, by whichever library\n"
                "                    confluent  00 and the id in a registry, which is passed over\n"
                "  --lang WORD     nl or en: mistakes in schemas (else by locale)\n"
                "  --config DIR, --schemas DIR  are not used here\n\n"
                "In the JSON the value of a union stands bare; bytes and fixed are hex, decimals a string with the digits of their scale,\n"
                "uuids their text, dates YYYY-MM-DD, instants RFC 3339 with the offset of Amsterdam (local timestamps without one), times\n"
                "HH:MM:SS, durations ISO 8601, not-a-number and the infinities the strings NaN, Infinity and -Infinity. A time that no\n"
                "calendar has stays the number that it is.\n\n"
                "A datum has at most 16 MiB, 32 levels and a million items that take no bytes, and becomes at most 64 MiB of JSON. Bytes that\n"
                "are wrong end it: with the datum, the field (items[3].name; of a map the entry: tags{2}) and the offset in the input.\n\n"
                "Exit status: 0 done, 1 bytes that are not what the schema says, 2 wrong usage, or schemas that are not right or do not resolve,\n"
                "3 standard input or output failed.\n",
        .run = decode_run,
};
