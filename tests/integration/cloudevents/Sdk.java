// SPDX-License-Identifier: EUPL-1.2
//
// Reads what was recorded, and posts events, with the CloudEvents SDK for Java; part of cloudevents.sh. Usage as sdk.py, without an interface.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.core.message.MessageWriter;
import io.cloudevents.http.HttpMessageFactory;
import io.cloudevents.jackson.JsonFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

public class Sdk {
        static final ObjectMapper JSON = new ObjectMapper();

        /* Instants in milliseconds, since SDKs write them in their own way. */
        static void line(Map<String, String> headers, byte[] body) throws Exception {
                CloudEvent event = HttpMessageFactory.createReader(headers, body).toEvent();
                String said = JSON.readTree(event.getData().toBytes()).get("event_id").asText();
                System.out.println(event.getId() + " " + event.getSource() + " " + event.getType() + " " + event.getTime().toInstant().toEpochMilli() + " " + said);
        }

        /* A page is taken apart, as the SDK reads no batch. */
        static void read(String kind, Path path) throws Exception {
                if (kind.equals("page")) {
                        for (JsonNode event : JSON.readTree(path.toFile()))
                                line(Map.of("content-type", "application/cloudevents+json"), JSON.writeValueAsBytes(event));
                        return;
                }
                for (String text : Files.readAllLines(path)) {
                        JsonNode row = JSON.readTree(text);
                        Map<String, String> headers = new HashMap<>();
                        row.get("headers").fields().forEachRemaining(header -> headers.put(header.getKey(), header.getValue().asText()));
                        line(headers, row.get("body").asText().getBytes("UTF-8"));
                }
        }

        static void send(String mode, String address) throws Exception {
                String name = System.getenv("EVENT");
                JsonNode data = JSON.readTree(System.in);
                CloudEvent event = CloudEventBuilder.v1().withId(data.get("event_id").asText()).withType("nl.ketenwacht." + name + ".v1")
                        .withSource(URI.create("urn:ketenwacht:" + data.get("source").asText()))
                        .withData("application/json", JSON.writeValueAsBytes(data)).build();
                HttpURLConnection connection = (HttpURLConnection) URI.create(address + "/events/" + name).toURL().openConnection();
                connection.setRequestMethod("POST");
                connection.setDoOutput(true);
                connection.setRequestProperty("Authorization", "Bearer " + System.getenv("TOKEN_GI"));
                MessageWriter<?, ?> writer = HttpMessageFactory.createWriter(connection::setRequestProperty, body -> {
                        try {
                                connection.getOutputStream().write(body);
                        } catch (IOException e) {
                                throw new UncheckedIOException(e);
                        }
                });
                if (mode.equals("structured"))
                        writer.writeStructured(event, JsonFormat.CONTENT_TYPE);
                else
                        writer.writeBinary(event);
                System.out.println(connection.getResponseCode());
        }

        public static void main(String[] given) throws Exception {
                if (given[0].equals("send"))
                        send(given[1], given[2]);
                else
                        read(given[1], Path.of(given[2]));
        }
}
