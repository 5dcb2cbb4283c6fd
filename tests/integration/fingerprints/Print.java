// SPDX-License-Identifier: EUPL-1.2

import java.io.File;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;

/** Prints what Java puts before the records of each schema: FILE LIBRARY WIRE. */
public class Print {
        public static void main(String[] files) throws Exception {
                for (String file : files) {
                        Schema schema = new Schema.Parser().parse(new File(file));
                        System.out.printf("%s java %016x%n", file, Long.reverseBytes(SchemaNormalization.parsingFingerprint64(schema)));
                }
        }
}
