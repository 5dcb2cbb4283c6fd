/* SPDX-License-Identifier: EUPL-1.2 */

/* Container files to plain JSON, block by block. */

#include "cli/decode_container.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "avro/container.h"
#include "avro/datum.h"
#include "base/file.h"
#include "cli/command.h"

struct unpacking {
        const char *name; /* of the file, in sentences */
        FILE *in;
        struct container *container;
        struct schema_file *reader; /* NULL: the writer's */
        struct program *program;
        struct datum_memory memory;
        struct buffer out;
};

static int unpacking_schemas(struct unpacking *u, const char *reader_path, enum language language, struct error *err) {
        char magic[CONTAINER_MAGIC_BYTES];
        const struct schema_file *writer;
        int r;

        if (fread(magic, 1, sizeof(magic), u->in) != sizeof(magic) || memcmp(magic, CONTAINER_MAGIC, sizeof(magic)) != 0) {
                error_set(err, "%s is no container file; say --writer FILE for datums that stand one after another", u->name);
                return -EINVAL;
        }
        r = container_open(u->in, u->name, &u->container, err);
        if (r == 0 && reader_path)
                r = schema_read(reader_path, language, &u->reader, err);
        if (r)
                return r;
        writer = container_schema(u->container);
        return program_new_any(writer, u->reader ? u->reader : writer, &u->program, err);
}

/* The data of one block. Return: an exit status; of EXIT_NO with the sentence in @err. */
static int unpacking_block(struct unpacking *u, const struct container_block *block, struct error *err) {
        size_t at = 0, n;

        for (uint64_t i = 0; i < block->count; i++) {
                int r = datum_to_json(u->program, block->bytes + at, block->n - at, at, &u->memory, &u->out, &n, err);

                if (r) {
                        error_prefix(err, "%s: datum %" PRIu64 ", in the block at byte %" PRIu64, u->name, block->first + i, block->at);
                        return EXIT_NO;
                }
                at += n;
                buffer_add_byte(&u->out, '\n');
                if (u->out.n > DECODE_HELD && (r = command_write("decode", &u->out)))
                        return r;
        }
        if (at == block->n)
                return EXIT_DONE;
        error_set(err, "%s: the block at byte %" PRIu64 " has %zu bytes behind its last datum", u->name, block->at, block->n - at);
        return EXIT_NO;
}

static int unpacking_all(struct unpacking *u) {
        struct error err = {0};
        int status = EXIT_DONE, r = 0, flushed;

        while (status == EXIT_DONE) {
                struct container_block block;

                r = container_next(u->container, &block, &err);
                if (r)
                        break;
                status = unpacking_block(u, &block, &err);
        }
        if (status == EXIT_BROKER)
                return status; /* said already: nothing can be written */
        flushed = command_write("decode", &u->out); /* the data before what is wrong */
        if (status == EXIT_DONE && r != CONTAINER_E_END)
                status = r == -EINVAL ? EXIT_NO : EXIT_BROKER;
        return status ? command_fail("decode", status, &err) : flushed;
}

int decode_container(const char *path, const char *reader_path, enum language language) {
        bool standard = strcmp(path, "-") == 0;
        struct unpacking u = {.name = standard ? "standard input" : path, .out = BUFFER_INIT(2 * DATUM_JSON_MAX)};
        struct error err = {0};
        char hint[FILE_HINT_MAX];
        int r, status;

        u.in = standard ? stdin : fopen(path, "re");
        if (!u.in) {
                int e = errno;

                error_set(&err, "cannot open %s: %s%s", path, strerror(e), file_hint(path, e, LANGUAGE_EN, hint));
                return command_fail("decode", EXIT_USAGE, &err);
        }
        r = unpacking_schemas(&u, reader_path, language, &err);
        status = r ? command_fail("decode", EXIT_USAGE, &err) : unpacking_all(&u);
        container_free(u.container);
        program_free(u.program);
        schema_free(u.reader);
        datum_memory_done(&u.memory);
        buffer_done(&u.out);
        if (!standard)
                (void) fclose(u.in); /* only read */
        return status;
}
