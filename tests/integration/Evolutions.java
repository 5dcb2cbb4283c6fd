// SPDX-License-Identifier: EUPL-1.2

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/** What Avro of Java says of pairs of schemas, and reads of datums: JSON lines in, JSON lines out, in the order of the input. */
public final class Evolutions {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Evolutions() {
    }

    /** A datum as plain JSON: what a union holds stands bare, bytes and fixed as hex. */
    private static Object plain(Object datum) {
        if (datum instanceof GenericRecord record) {
            Map<String, Object> made = new TreeMap<>();
            record.getSchema().getFields().forEach(f -> made.put(f.name(), plain(record.get(f.pos()))));
            return made;
        }
        if (datum instanceof Map<?, ?> map) {
            Map<String, Object> made = new TreeMap<>();
            map.forEach((key, value) -> made.put(key.toString(), plain(value)));
            return made;
        }
        if (datum instanceof Collection<?> items) {
            return items.stream().map(Evolutions::plain).toArray();
        }
        if (datum instanceof ByteBuffer bytes) {
            byte[] copy = new byte[bytes.remaining()];
            bytes.duplicate().get(copy);
            return HexFormat.of().formatHex(copy);
        }
        if (datum instanceof GenericFixed fixed) {
            return HexFormat.of().formatHex(fixed.bytes());
        }
        if (datum instanceof Float f) {
            return f.doubleValue();
        }
        return datum == null || datum instanceof Number || datum instanceof Boolean ? datum : datum.toString();
    }

    /** The class of what was thrown, for people. */
    private static String said(Throwable thrown) {
        String text = String.valueOf(thrown.getMessage());
        return thrown.getClass().getSimpleName() + ": " + text.substring(0, Math.min(text.length(), 200));
    }

    private static void read(Schema writer, Schema reader, JsonNode data, ArrayNode to) {
        for (JsonNode hex : data) {
            ObjectNode one = to.addObject();
            try {
                BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(HexFormat.of().parseHex(hex.textValue()), null);
                one.set("value", JSON.valueToTree(plain(new GenericDatumReader<>(writer, reader).read(null, decoder))));
            } catch (Exception | StackOverflowError e) {
                one.put("error", said(e));
            }
        }
    }

    private static Schema parse(JsonNode schema) {
        return new Schema.Parser().parse(schema.toString());
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode pair = JSON.readTree(line);
            ObjectNode answer = JSON.createObjectNode();
            try {
                Schema writer = parse(pair.get("writer"));
                Schema reader = parse(pair.get("reader"));
                answer.put("fingerprint", String.format("%016x", SchemaNormalization.parsingFingerprint64(writer)));
                answer.put("canonical", SchemaNormalization.toParsingForm(writer));
                try {
                    answer.put("reads", SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getType()
                            == SchemaCompatibility.SchemaCompatibilityType.COMPATIBLE);
                } catch (Exception | StackOverflowError e) {
                    answer.put("reads", false).put("said", said(e));
                }
                read(writer, reader, pair.get("data"), answer.putArray("data"));
            } catch (Exception e) {
                answer.put("refused", said(e));
            }
            System.out.println(answer);
        }
    }
}
