// SPDX-License-Identifier: EUPL-1.2

// Writes one event to one's outbox with franz-go and twmb/avro: write BOOTSTRAP OUTBOX SCHEMAS ORGANISATION CASE_ID MEASURE_ID DATE
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kgo"
)

const event = "measure-ended"

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func randomUUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func main() {
	bootstrap, outbox, folder, organisation, caseID, measureID := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6]
	id, now := randomUUID(), time.Now().UTC()
	value := map[string]any{"event_id": id, "case_id": caseID, "source": organisation, "occurred_at": now, "recorded_at": now, "replaces": nil,
		"measure_id": measureID, "date": must(time.Parse(time.DateOnly, os.Args[7])), "reason": "EXPIRED"} // a date is 00:00 UTC
	headers := map[string]string{"ce_specversion": "1.0", "ce_id": id, "ce_source": "urn:ketenwacht:" + organisation,
		"ce_type": "nl.ketenwacht." + event + ".v1", "ce_time": now.Format("2006-01-02T15:04:05.000Z"), "content-type": "application/avro"}
	schema := must(avro.Parse(string(must(os.ReadFile(filepath.Join(folder, event+".avsc"))))))
	record := &kgo.Record{Topic: outbox, Key: []byte(caseID), Value: must(schema.AppendSingleObject(nil, value))} // the frame, too
	for key, text := range headers {
		record.Headers = append(record.Headers, kgo.RecordHeader{Key: key, Value: []byte(text)})
	}
	client := must(kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...)))
	defer client.Close()
	if err := client.ProduceSync(context.Background(), record).FirstErr(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(id)
}
