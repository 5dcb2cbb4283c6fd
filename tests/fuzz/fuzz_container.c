/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Any bytes, as a container file behind its magic: no crash, no byte read that is not there, no more memory than a block may have, and every datum that is
 * passed over lies in its block.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro/container.h"
#include "avro/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Broken invariants end the process, as an assertion would. */
static void must(bool holds) {
        if (!holds)
                abort();
}

/* Reads the data until one is not right. */
static void try_block(const struct schema *root, const struct container_block *block) {
        size_t at = 0, n;

        must(block->count > 0 && block->n <= CONTAINER_BLOCK_MAX && block->first > 0);
        for (uint64_t i = 0; i < block->count && record_skip_first(root, block->bytes + at, block->n - at, &n) == 0; i++) {
                must(n <= block->n - at);
                at += n;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        CLEANUP(container_free_p) struct container *c = NULL;
        struct container_block block;
        struct error err = {0};
        FILE *in = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL; /* only read */
        int r;

        if (!in)
                return 0;
        r = container_open(in, "f", &c, &err);
        while (r == 0 && (r = container_next(c, &block, &err)) == 0)
                try_block(schema_root(container_schema(c)), &block);
        must(r == CONTAINER_E_END || err.text[0]);
        fclose(in);
        return 0;
}
