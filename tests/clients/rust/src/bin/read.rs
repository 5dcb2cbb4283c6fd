// SPDX-License-Identifier: EUPL-1.2

//! Reads one's inbox with rdkafka and apache-avro until Ctrl-C: read BOOTSTRAP INBOX SCHEMAS STORE
//!
//! STORE stands for a table with (source, event_id) as its key: a file with a record a line.

use clients::{Failure, Schemas};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::ClientConfig;
use serde_json::{json, Value};
use std::sync::{atomic::{AtomicBool, Ordering}, Arc};
use std::{collections::HashSet, env, fs, io::Write, time::Duration};

fn key(value: &Value) -> (String, String) {
    (value["source"].to_string(), value["event_id"].to_string())
}

fn main() -> Result<(), Failure> {
    let [bootstrap, inbox, folder, path] = env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "read BOOTSTRAP INBOX SCHEMAS STORE")?;
    let schemas = Schemas::load(&folder)?;
    let mut known = HashSet::new();
    for line in fs::read_to_string(&path).unwrap_or_default().lines() {
        known.insert(key(&serde_json::from_str::<Value>(line)?["value"]));
    }
    let mut store = fs::OpenOptions::new().create(true).append(true).open(&path)?;

    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", &inbox) // the one group that may read it
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.offset.store", "false")
        .create()?;
    consumer.subscribe(&[&inbox])?;
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = stopped.clone();
    ctrlc::set_handler(move || stop.store(true, Ordering::SeqCst))?;
    while !stopped.load(Ordering::SeqCst) {
        let Some(message) = consumer.poll(Duration::from_secs(1)).transpose()? else { continue };
        let value = Value::try_from(schemas.read(message.payload().ok_or("no body")?)?)?; // instants and dates as numbers
        if known.insert(key(&value)) {
            let header = message.headers().and_then(|all| all.iter().find(|header| header.key == "ce_type")).and_then(|header| header.value);
            writeln!(store, "{}", json!({"type": std::str::from_utf8(header.ok_or("no ce_type")?)?, "value": value}))?;
        }
        consumer.store_offset_from_message(&message)?; // only now: what is stored is not asked for again
    }
    Ok(()) // dropped, the consumer commits and leaves the group
}
