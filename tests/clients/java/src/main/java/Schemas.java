// SPDX-License-Identifier: EUPL-1.2

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;

/** Reads records by the schemas of ketenwacht's folder. */
final class Schemas {
    private static final int FRAME = 10; // bytes before the body: C3 01 and the fingerprint of the schema with which it was written

    private final Map<String, Schema> known = new HashMap<>(); // by the frame, as hex

    Schemas(File folder) throws IOException {
        for (JsonNode entry : new ObjectMapper().readTree(new File(folder, "fingerprints.json")).get("schemas")) {
            String wire = entry.get("fingerprints").get("specification").get("wire").asText();
            known.put("c301" + wire, new Schema.Parser().parse(new File(folder, entry.get("file").asText())));
        }
    }

    /** What a record says: an instant is a long of milliseconds, a date an int of days, everything else text or a boolean. */
    GenericRecord read(byte[] record) throws IOException {
        String frame = HexFormat.of().formatHex(record, 0, FRAME);
        Schema schema = known.get(frame);
        if (schema == null) {
            throw new IOException("no schema has the frame " + frame);
        }
        var decoder = DecoderFactory.get().binaryDecoder(record, FRAME, record.length - FRAME, null);
        return new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
    }
}
