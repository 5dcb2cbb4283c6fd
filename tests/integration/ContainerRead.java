// SPDX-License-Identifier: EUPL-1.2
// Reads container files into generic records, each with one reader of Java's avro: how many data, and the sum of their dates. For containers.py.
import java.io.File;
import java.lang.management.ManagementFactory;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;

public class ContainerRead {
    public static void main(String[] files) throws Exception {
        for (String file : files) {
            long n = 0, sum = 0;
            try (DataFileReader<GenericRecord> reader = new DataFileReader<>(new File(file), new GenericDatumReader<>())) {
                GenericRecord record = null;
                while (reader.hasNext()) {
                    record = reader.next(record);
                    n++;
                    sum += ((Number) record.get("verdict_date")).longValue();
                }
            }
            System.out.println(n + " " + sum);
        }
    }
}
