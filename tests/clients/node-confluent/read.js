// SPDX-License-Identifier: EUPL-1.2
//
// Reads one's inbox with @confluentinc/kafka-javascript and avsc until Ctrl-C: node read.js BOOTSTRAP INBOX SCHEMAS STORE
//
// SCHEMAS is ketenwacht's folder of schemas. STORE stands for a table with (source, event_id) as its key: a file with a record a line.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const avro = require('avsc')
const { Kafka } = require('@confluentinc/kafka-javascript').KafkaJS

const MARKER = 'c301' // every frame begins so, as hex; behind it stands the fingerprint of the schema with which the body was written …
const FRAME = 10 // … which begins after so many bytes
const [bootstrap, inbox, folder, store] = process.argv.slice(2)

const read = name => JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'))

// By the frame, the type that reads the body behind it: instants and dates as numbers, since avsc has no logical types of its own.
const types = new Map(read('fingerprints.json').schemas.map(({ file, fingerprints }) =>
  [MARKER + fingerprints.specification.wire, avro.Type.forSchema(read(file))]))

const key = value => `${value.source} ${value.event_id}`
const stored = fs.existsSync(store) ? fs.readFileSync(store, 'utf8').split('\n').filter(Boolean).map(JSON.parse) : []
const known = new Set(stored.map(({ value }) => key(value)))

const kafka = new Kafka({ 'bootstrap.servers': bootstrap })
// The one group that may read it. It reads what is committed unless it is told otherwise.
const consumer = kafka.consumer({ 'group.id': inbox, 'auto.offset.reset': 'earliest' })

async function eachMessage ({ message }) {
  const type = types.get(message.value.toString('hex', 0, FRAME))
  const value = type.fromBuffer(message.value.subarray(FRAME))
  if (known.has(key(value))) return
  known.add(key(value))
  fs.appendFileSync(store, JSON.stringify({ type: message.headers.ce_type.toString(), value }) + '\n')
}

async function main () {
  await consumer.connect()
  await consumer.subscribe({ topic: inbox })
  await consumer.run({ eachMessage }) // commits behind what eachMessage is done with
}

process.once('SIGINT', () => consumer.disconnect())
main()
