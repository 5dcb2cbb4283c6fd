// SPDX-License-Identifier: EUPL-1.2

// Reads what was recorded, and posts events, with the CloudEvents SDK for Rust; part of cloudevents.sh. Usage as sdk.py, without an interface.
use cloudevents::binding::http::{to_event, Builder, Serializer};
use cloudevents::message::{BinaryDeserializer, Result, StructuredDeserializer};
use cloudevents::{AttributesReader, Data, Event, EventBuilder, EventBuilderV10};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::io::{Read, Write};

fn data_of(event: &Event) -> Value {
    match event.data().expect("data") {
        Data::Json(value) => value.clone(),
        Data::String(text) => serde_json::from_str(text).expect("JSON"),
        Data::Binary(bytes) => serde_json::from_slice(bytes).expect("JSON"),
    }
}

// Instants in milliseconds, since SDKs write them in their own way.
fn line(event: &Event) {
    let time = event.time().expect("time").timestamp_millis();
    println!("{} {} {} {} {}", event.id(), event.source(), event.ty(), time, data_of(event)["event_id"].as_str().expect("event_id"));
}

fn read(path: &str) {
    for text in std::fs::read_to_string(path).expect("file").lines() {
        let row: Value = serde_json::from_str(text).expect("line");
        let mut headers = HeaderMap::new();
        for (name, value) in row["headers"].as_object().expect("headers") {
            headers.insert(name.parse::<HeaderName>().expect("name"), HeaderValue::from_str(value.as_str().unwrap()).expect("value"));
        }
        line(&to_event(&headers, row["body"].as_str().unwrap().as_bytes().to_vec()).expect("event"));
    }
}

// What the SDK makes of an event: headers and a body.
struct Made(String);

impl Builder<(String, Vec<u8>)> for Made {
    fn header(&mut self, key: &str, value: HeaderValue) {
        self.0 += &format!("{}: {}\r\n", key, value.to_str().expect("text"));
    }
    fn body(&mut self, bytes: Vec<u8>) -> Result<(String, Vec<u8>)> {
        Ok((self.0.clone(), bytes))
    }
    fn finish(&mut self) -> Result<(String, Vec<u8>)> {
        self.body(Vec::new())
    }
}

fn send(mode: &str, address: &str) {
    let name = std::env::var("EVENT").unwrap();
    let data: Value = serde_json::from_reader(std::io::stdin()).expect("event");
    let event = EventBuilderV10::new()
        .id(data["event_id"].as_str().unwrap())
        .source(format!("urn:ketenwacht:{}", data["source"].as_str().unwrap()))
        .ty(format!("nl.ketenwacht.{name}.v1"))
        .data("application/json", data)
        .build()
        .expect("event");
    let serializer = Serializer::new(Made(String::new()));
    let (headers, body) = match mode {
        "structured" => StructuredDeserializer::deserialize_structured(event, serializer),
        _ => BinaryDeserializer::deserialize_binary(event, serializer),
    }
    .expect("message");
    let host = address.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(host).expect("connection");
    write!(stream, "POST /events/{name} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\nAuthorization: Bearer {}\r\n{headers}\r\n",
           body.len(), std::env::var("TOKEN_GI").unwrap()).expect("head");
    stream.write_all(&body).expect("body");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answer");
    println!("{} {}", answer.split(' ').nth(1).unwrap(), answer.split("\r\n\r\n").nth(1).unwrap());
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match (arguments[1].as_str(), arguments[2].as_str()) {
        ("send", mode) => send(mode, &arguments[3]),
        (_, "page") => {
            let text = std::fs::read_to_string(&arguments[3]).expect("file");
            serde_json::from_str::<Vec<Event>>(&text).expect("batch").iter().for_each(line);
        }
        _ => read(&arguments[3]),
    }
}
