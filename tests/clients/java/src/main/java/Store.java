// SPDX-License-Identifier: EUPL-1.2

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.avro.generic.GenericRecord;

/** Stands for a database: a table of records with (source, event_id) as its key, as a file with a record a line. */
final class Store implements AutoCloseable {
    private final Set<List<String>> known = new HashSet<>();
    private final FileWriter file;

    Store(String path) throws IOException {
        if (Files.exists(Path.of(path))) {
            for (String line : Files.readAllLines(Path.of(path))) {
                JsonNode value = new ObjectMapper().readTree(line).get("value");
                known.add(List.of(value.get("source").asText(), value.get("event_id").asText()));
            }
        }
        file = new FileWriter(path, StandardCharsets.UTF_8, true);
    }

    /** Stores a record, unless it is there. */
    void put(String type, GenericRecord value) throws IOException {
        if (known.add(List.of(value.get("source").toString(), value.get("event_id").toString()))) {
            file.write("{\"type\": \"" + type + "\", \"value\": " + value + "}\n"); // a record of avro is written as JSON
            file.flush();
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
