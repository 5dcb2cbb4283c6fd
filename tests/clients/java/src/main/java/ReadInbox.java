// SPDX-License-Identifier: EUPL-1.2

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads one's inbox with kafka-clients and avro until Ctrl-C: ReadInbox BOOTSTRAP INBOX SCHEMAS STORE */
final class ReadInbox {
    public static void main(String[] args) throws Exception {
        String bootstrap = args[0], inbox = args[1];
        Schemas schemas = new Schemas(new File(args[2]));
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "group.id", inbox, // the one group that may read it
                "isolation.level", "read_committed", // it is not the default
                "auto.offset.reset", "earliest", "enable.auto.commit", false);
        try (Store store = new Store(args[3]);
             var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
            Thread main = Thread.currentThread();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(consumer, main)));
            consumer.subscribe(List.of(inbox));
            while (true) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    String type = new String(record.headers().lastHeader("ce_type").value(), StandardCharsets.UTF_8);
                    store.put(type, schemas.read(record.value()));
                }
                consumer.commitSync(); // only now: what is stored is not asked for again
            }
        } catch (WakeupException stopped) {
            // As we were told.
        }
    }

    /** Leaves the group, so that another member need not wait for the session to end. */
    private static void stop(KafkaConsumer<?, ?> consumer, Thread main) {
        consumer.wakeup();
        try {
            main.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
