// SPDX-License-Identifier: EUPL-1.2

//! Reads and writes records by the schemas of ketenwacht's folder.

use apache_avro::{reader::datum::GenericDatumReader, types::Value, Schema};
use std::{collections::HashMap, error::Error, fs, path::Path};

/// What is said on the way out.
pub type Failure = Box<dyn Error>;

const MARKER: &str = "c301"; // every frame begins so, as hex; behind it stands the fingerprint of the schema with which the body was written …
const FRAME: usize = 10; // … which begins after so many bytes

/// The schemas by their frame, and the frames by the file of the schema.
pub struct Schemas {
    pub schemas: HashMap<Vec<u8>, Schema>,
    pub frames: HashMap<String, Vec<u8>>,
}

fn bytes(hex: &str) -> Result<Vec<u8>, Failure> {
    (0..hex.len()).step_by(2).map(|at| Ok(u8::from_str_radix(&hex[at..at + 2], 16)?)).collect()
}

impl Schemas {
    /// Reads the whole folder.
    pub fn load(folder: &str) -> Result<Schemas, Failure> {
        let table: serde_json::Value = serde_json::from_str(&fs::read_to_string(Path::new(folder).join("fingerprints.json"))?)?;
        let mut known = Schemas { schemas: HashMap::new(), frames: HashMap::new() };
        for entry in table["schemas"].as_array().ok_or("no schemas")? {
            let file = entry["file"].as_str().ok_or("no file")?;
            let wire = entry["fingerprints"]["specification"]["wire"].as_str().ok_or("no wire")?;
            let frame = bytes(&format!("{MARKER}{wire}"))?;
            known.schemas.insert(frame.clone(), Schema::parse_str(&fs::read_to_string(Path::new(folder).join(file))?)?);
            known.frames.insert(file.to_string(), frame);
        }
        Ok(known)
    }

    /// What a record says.
    pub fn read(&self, record: &[u8]) -> Result<Value, Failure> {
        let (frame, mut body) = record.split_at_checked(FRAME).ok_or("no frame")?;
        let schema = self.schemas.get(frame).ok_or_else(|| format!("no schema has the frame {frame:02x?}"))?;
        Ok(GenericDatumReader::builder(schema).build()?.read_value(&mut body)?)
    }
}
