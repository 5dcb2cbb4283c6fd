// SPDX-License-Identifier: EUPL-1.2
//
// Writes one event to one's outbox with @confluentinc/kafka-javascript and avsc: node write.js BOOTSTRAP OUTBOX SCHEMAS ORGANISATION CASE_ID MEASURE_ID DATE
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { randomUUID } = require('node:crypto')
const avro = require('avsc')
const { Kafka } = require('@confluentinc/kafka-javascript').KafkaJS

const EVENT = 'measure-ended'
const MARKER = 'c301' // every record begins so, as hex; behind it stands the fingerprint of the schema, as its bytes are on the wire
const DAY_MS = 24 * 60 * 60 * 1000
const [bootstrap, outbox, folder, organisation, caseId, measureId, date] = process.argv.slice(2)

const read = name => JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'))

function encoded (event, value) {
  const { file, fingerprints } = read('fingerprints.json').schemas.find(entry => entry.file === `${event}.avsc`)
  return Buffer.concat([Buffer.from(MARKER + fingerprints.specification.wire, 'hex'), avro.Type.forSchema(read(file)).toBuffer(value)])
}

async function main () {
  const now = new Date()
  const value = {
    event_id: randomUUID(), case_id: caseId, source: organisation, occurred_at: now.getTime(), recorded_at: now.getTime(), replaces: null,
    measure_id: measureId, date: Date.parse(date) / DAY_MS, reason: 'EXPIRED'
  }
  const headers = {
    ce_specversion: '1.0', ce_id: value.event_id, ce_source: `urn:ketenwacht:${organisation}`, ce_type: `nl.ketenwacht.${EVENT}.v1`,
    ce_time: now.toISOString(), 'content-type': 'application/avro'
  }
  const producer = new Kafka({ 'bootstrap.servers': bootstrap }).producer({ 'enable.idempotence': true })
  await producer.connect()
  await producer.send({ topic: outbox, messages: [{ key: caseId, value: encoded(EVENT, value), headers }] })
  await producer.disconnect()
  console.log(value.event_id)
}

main()
