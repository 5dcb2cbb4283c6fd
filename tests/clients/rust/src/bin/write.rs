// SPDX-License-Identifier: EUPL-1.2

//! Writes one event to one's outbox with rdkafka and apache-avro: write BOOTSTRAP OUTBOX SCHEMAS ORGANISATION CASE_ID MEASURE_ID DATE

use apache_avro::types::{Record, Value};
use apache_avro::writer::datum::GenericDatumWriter;
use chrono::{NaiveDate, SecondsFormat, Utc};
use clients::{Failure, Schemas};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{util::Timeout, ClientConfig};
use std::env;
use uuid::Uuid;

const EVENT: &str = "measure-ended";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let [bootstrap, outbox, folder, organisation, case_id, measure_id, date] =
        env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "seven arguments, please")?;
    let schemas = Schemas::load(&folder)?;
    let frame = schemas.frames.get(&format!("{EVENT}.avsc")).ok_or("no such event")?;
    let schema = &schemas.schemas[frame];

    let (id, now) = (Uuid::new_v4(), Utc::now());
    let mut value = Record::new(schema).ok_or("no record")?;
    value.put("event_id", Value::Uuid(id));
    value.put("case_id", Value::Uuid(case_id.parse()?));
    value.put("source", organisation.clone());
    value.put("occurred_at", Value::TimestampMillis(now.timestamp_millis()));
    value.put("recorded_at", Value::TimestampMillis(now.timestamp_millis()));
    value.put("replaces", Value::Union(0, Box::new(Value::Null)));
    value.put("measure_id", Value::Uuid(measure_id.parse()?));
    value.put("date", Value::Date((date.parse::<NaiveDate>()? - NaiveDate::default()).num_days().try_into()?));
    value.put("reason", Value::Enum(0, "EXPIRED".to_string()));
    let mut body = frame.clone(); // not the library's own: of a schema with logical types it has another fingerprint
    GenericDatumWriter::builder(schema).build()?.write_value(&mut body, value)?;

    let (source, time) = (format!("urn:ketenwacht:{organisation}"), now.to_rfc3339_opts(SecondsFormat::Millis, true));
    let (id, kind) = (id.to_string(), format!("nl.ketenwacht.{EVENT}.v1"));
    let headers = [("ce_specversion", "1.0"), ("ce_id", &id), ("ce_source", &source), ("ce_type", &kind), ("ce_time", &time),
        ("content-type", "application/avro")];
    let headers = headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: Some(*value) }));
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", bootstrap).set("enable.idempotence", "true").create()?;
    let record = FutureRecord::to(&outbox).key(&case_id).payload(&body).headers(headers);
    producer.send(record, Timeout::Never).await.map_err(|(error, _)| error)?;
    println!("{id}");
    Ok(())
}
