// SPDX-License-Identifier: EUPL-1.2
//
// Reads what was recorded, and posts events, with the CloudEvents SDK for JavaScript; part of cloudevents.sh. Usage as sdk.py, without an interface.

const fs = require('node:fs')
const { CloudEvent, HTTP, Kafka } = require('cloudevents')

// Instants in milliseconds, since SDKs write them in their own way; of Avro its first bytes, which stand for its frame.
function line (event) {
        const said = event.data.event_id ?? Buffer.from(event.data).subarray(0, 2).toString('hex')
        console.log(event.id, event.source, event.type, Date.parse(event.time), said)
}

function read (kind, path) {
        const text = fs.readFileSync(path, 'utf8')
        if (kind === 'page') return HTTP.toEvent({ headers: { 'content-type': 'application/cloudevents-batch+json' }, body: text }).forEach(line)
        for (const row of text.trim().split('\n').map(JSON.parse)) {
                if (kind === 'kafka') line(Kafka.toEvent({ headers: row.headers, key: row.key, value: Buffer.from(row.body, 'hex') }))
                else line(HTTP.toEvent({ headers: row.headers, body: row.body }))
        }
}

async function send (mode, address) {
        const data = JSON.parse(fs.readFileSync(0, 'utf8')), { EVENT, TOKEN_GI } = process.env
        const event = new CloudEvent({ id: data.event_id, source: `urn:ketenwacht:${data.source}`, type: `nl.ketenwacht.${EVENT}.v1`, data })
        const { headers, body } = HTTP[mode](event)
        const answer = await fetch(`${address}/events/${EVENT}`, { method: 'POST', headers: { ...headers, authorization: `Bearer ${TOKEN_GI}` }, body })
        console.log(answer.status, answer.status === 202 ? '' : await answer.text())
}

const [what, ...given] = process.argv.slice(2)
if (what === 'send') send(...given)
else read(...given)
