/* SPDX-License-Identifier: EUPL-1.2 */

/* Writes elements of iJw messages, and names messages. */

#include "channel/ijw.h"

#include <string.h>

#include "channel/xml.h"

bool ijw_prefix_is_valid(const char *prefix) {
        return strlen(prefix) == IJW_PREFIX && strspn(prefix, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == IJW_PREFIX;
}

void ijw_identification(const char *prefix, const struct uuid *id, char ret[IJW_IDENTIFICATION + 1]) {
        static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        uint64_t bits = 0;

        for (size_t i = 0; i < 8; i++)
                bits = bits << 8 | id->bytes[i + 8];
        memcpy(ret, prefix, IJW_PREFIX);
        for (size_t i = IJW_PREFIX; i < IJW_IDENTIFICATION; i++, bits >>= 5)
                ret[i] = digits[bits & 31];
        ret[IJW_IDENTIFICATION] = '\0';
}

void ijw_put(struct buffer *out, const char *prefix, const char *name, struct text value) {
        buffer_printf(out, "<%s:%s>", prefix, name);
        xml_escape(value, out);
        buffer_printf(out, "</%s:%s>\r\n", prefix, name);
}
