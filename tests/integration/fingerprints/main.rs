// SPDX-License-Identifier: EUPL-1.2
// Prints what apache-avro puts before the records of each schema: FILE LIBRARY WIRE.
use apache_avro::{rabin::Rabin, Schema};

fn main() {
    for file in std::env::args().skip(1) {
        let schema = Schema::parse_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        println!("{} apache-avro {}", file, schema.fingerprint::<Rabin>());
    }
}
