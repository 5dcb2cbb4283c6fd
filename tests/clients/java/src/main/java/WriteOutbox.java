// SPDX-License-Identifier: EUPL-1.2

import java.io.File;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.UUID;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Writes one event to one's outbox with kafka-clients and avro: WriteOutbox BOOTSTRAP OUTBOX SCHEMAS ORGANISATION CASE_ID MEASURE_ID DATE */
final class WriteOutbox {
    private static final String EVENT = "measure-ended";

    public static void main(String[] args) throws Exception {
        String bootstrap = args[0], outbox = args[1], folder = args[2], organisation = args[3], caseId = args[4], id = UUID.randomUUID().toString();
        Schema schema = new Schema.Parser().parse(new File(folder, EVENT + ".avsc"));
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        GenericRecord value = new GenericRecordBuilder(schema).set("event_id", id).set("case_id", caseId).set("source", organisation)
                .set("occurred_at", now.toEpochMilli()).set("recorded_at", now.toEpochMilli()).set("measure_id", args[5])
                .set("date", (int) LocalDate.parse(args[6]).toEpochDay())
                .set("reason", new GenericData.EnumSymbol(schema.getField("reason").schema(), "EXPIRED")).build();
        ByteBuffer body = new BinaryMessageEncoder<GenericRecord>(new GenericData(), schema).encode(value); // with the frame
        var record = new ProducerRecord<>(outbox, caseId, body.array());
        Map.of("ce_specversion", "1.0", "ce_id", id, "ce_source", "urn:ketenwacht:" + organisation, "ce_type", "nl.ketenwacht." + EVENT + ".v1",
                "ce_time", now.toString(), "content-type", "application/avro")
                .forEach((name, text) -> record.headers().add(name, text.getBytes(StandardCharsets.UTF_8)));
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap); // acks=all and idempotence are the default
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
            producer.send(record).get(); // throws what the broker said
        }
        System.out.println(id);
    }
}
