/* SPDX-License-Identifier: EUPL-1.2 */

/* Records that are no events, to bytes and back. */

#include "cluster/own_record.h"

#include <assert.h>
#include <errno.h>

#include "avro/framing.h"

int own_codec_open(const struct event_types *types, const char *topic, const char *const *names, size_t n, struct own_codec *ret, struct error *err) {
        int r;

        assert(n <= OWN_FIELDS_MAX);
        *ret = (struct own_codec){.layout = event_types_other(types, topic)};
        if (!ret->layout) {
                error_set(err, "there is no schema %s.avsc among the schemas", topic);
                return -EINVAL;
        }
        for (size_t i = 0; i < n; i++) {
                ret->slots[i] = layout_slot(ret->layout, names[i]);
                if (ret->slots[i] < 0) {
                        error_set(err, "%s.avsc has no field %s", topic, names[i]);
                        return -EINVAL;
                }
        }
        r = program_new(ret->layout->file, ret->layout, &ret->program, err);
        return r < 0 ? r : 0;
}

void own_codec_done(struct own_codec *codec) {
        program_free(codec->program);
        *codec = (struct own_codec){0};
}

void own_record_begin(const struct own_codec *codec, struct slot slots[LAYOUT_SLOTS_MAX]) {
        for (size_t i = 0; i < codec->layout->n; i++)
                slots[i] = codec->layout->fields[i].has_default ? codec->layout->fields[i].default_value : (struct slot){0};
}

void own_record_write(const struct own_codec *codec, const struct slot *slots, struct buffer *out) {
        framing_write_single(codec->layout->fingerprint, out);
        record_encode(codec->layout, slots, out);
}

bool own_record_read(const struct own_codec *codec, const void *value, size_t n, struct slot slots[LAYOUT_SLOTS_MAX]) {
        struct framing framing = framing_read(value, n);

        return framing.kind == FRAMING_SINGLE && framing.id == codec->layout->fingerprint &&
               record_decode(codec->program, framing.body, framing.n, slots, NULL) == 0;
}
