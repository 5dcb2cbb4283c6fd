/* SPDX-License-Identifier: EUPL-1.2 */

/* Gives the stored inputs of a fuzzer to its entry, one after another: what was found once stays found. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

#define PATH_BYTES_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        struct error err = {.text = "usage: replay FOLDER"};
        size_t n = 0;

        if (argc != 2 || folder_names(argv[1], "", &names, &n, &err) || n == 0) {
                fprintf(stderr, "%s\n", err.text[0] ? err.text : "the folder is empty");
                return EXIT_FAILURE;
        }
        for (size_t i = 0; i < n; i++) {
                char path[PATH_BYTES_MAX];
                char *bytes;
                uint8_t *exact;
                size_t size;

                (void) snprintf(path, sizeof(path), "%s/%s", argv[1], names[i]);
                if (file_read(path, &bytes, &size, &err)) {
                        fprintf(stderr, "%s\n", err.text);
                        return EXIT_FAILURE;
                }
                printf("%s\n", names[i]);
                exact = malloc(size ? size : 1); /* so that a sanitizer sees the first byte behind */
                if (!exact)
                        return EXIT_FAILURE;
                for (size_t k = 0; k < size; k++)
                        exact[k] = (uint8_t)bytes[k];
                (void) LLVMFuzzerTestOneInput(exact, size); /* 0 always; it aborts */
                free(exact);
                free(bytes);
        }
        return EXIT_SUCCESS;
}
