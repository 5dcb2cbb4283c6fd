// SPDX-License-Identifier: EUPL-1.2

import io.debezium.embedded.Connect;
import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Reads an outbox table with Debezium's outbox router, as an application that embeds it would, and says what it was given: topic, key, header id and
 * value, a line each, separated by tabs. Ends after so many records, and then prints what it took: records, seconds from the first to the last, CPU seconds, memory.
 *
 * Usage: Outbox PORT USER PASSWORD RECORDS FILE
 */
public final class Outbox {
    private static long first, last, records;

    private static Properties settings(String[] args, Path folder) {
        Properties p = new Properties();
        p.setProperty("name", "outbox");
        p.setProperty("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
        p.setProperty("offset.storage", "org.apache.kafka.connect.storage.FileOffsetBackingStore");
        p.setProperty("offset.storage.file.filename", folder.resolve("offsets").toString());
        p.setProperty("offset.flush.interval.ms", "1000");
        p.setProperty("database.hostname", "127.0.0.1");
        p.setProperty("database.port", args[0]);
        p.setProperty("database.user", args[1]);
        p.setProperty("database.password", args[2]);
        p.setProperty("database.dbname", "zaken");
        p.setProperty("topic.prefix", "zaken");
        p.setProperty("plugin.name", "pgoutput");
        p.setProperty("slot.name", "outbox");
        p.setProperty("publication.autocreate.mode", "filtered");
        p.setProperty("snapshot.mode", "no_data");
        p.setProperty("table.include.list", "public.outbox");
        p.setProperty("tombstones.on.delete", "false");
        p.setProperty("transforms", "outbox");
        p.setProperty("transforms.outbox.type", "io.debezium.transforms.outbox.EventRouter");
        return p;
    }

    private static String id(SourceRecord record) {
        Header header = record.headers().lastWithName("id");
        return header == null ? "" : String.valueOf(header.value());
    }

    private static String memory() throws Exception {
        return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("VmHWM:")).findFirst().orElse("").replaceAll("\\D", "");
    }

    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("outbox");
        long wanted = Long.parseLong(args[3]);
        CountDownLatch done = new CountDownLatch(1);
        PrintWriter out = new PrintWriter(Files.newBufferedWriter(Path.of(args[4]), StandardCharsets.UTF_8));
        DebeziumEngine.ChangeConsumer<ChangeEvent<SourceRecord, SourceRecord>> take = (List<ChangeEvent<SourceRecord, SourceRecord>> events,
                DebeziumEngine.RecordCommitter<ChangeEvent<SourceRecord, SourceRecord>> committer) -> {
            if (records == 0)
                first = System.nanoTime();
            for (ChangeEvent<SourceRecord, SourceRecord> event : events) {
                SourceRecord record = event.value();
                out.println(record.topic() + "\t" + record.key() + "\t" + id(record) + "\t" + record.value());
                records++;
                committer.markProcessed(event);
            }
            committer.markBatchFinished();
            last = System.nanoTime();
            if (records >= wanted)
                done.countDown();
        };
        DebeziumEngine<ChangeEvent<SourceRecord, SourceRecord>> engine =
                DebeziumEngine.create(Connect.class).using(settings(args, folder)).notifying(take).build();
        Thread thread = new Thread(engine);
        thread.start();
        done.await();
        out.close();
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        System.out.printf("%d %.3f %.3f %s%n", records, (last - first) / 1e9, system.getProcessCpuTime() / 1e9, memory());
        System.out.flush();
        engine.close();
        thread.join(10000);
        System.exit(0);
    }
}
