// SPDX-License-Identifier: EUPL-1.2

// Reads one's inbox with franz-go and twmb/avro until Ctrl-C: read BOOTSTRAP INBOX SCHEMAS STORE
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"strings"

	"clients/schemas"
	"clients/store"

	"github.com/twmb/franz-go/pkg/kgo"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func header(record *kgo.Record, key string) string {
	for _, header := range record.Headers {
		if header.Key == key {
			return string(header.Value)
		}
	}
	return ""
}

func main() {
	bootstrap, inbox, folder, path := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	known, table := must(schemas.Load(folder)), must(store.Open(path))
	client := must(kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...),
		kgo.ConsumeTopics(inbox), kgo.ConsumerGroup(inbox), // the one group that may read it
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), // it is not the default
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit()))
	defer client.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil && ctx.Err() == nil {
			log.Fatal(err)
		}
		for _, record := range fetches.Records() {
			if err := table.Put(header(record, "ce_type"), must(known.Decode(record.Value))); err != nil {
				log.Fatal(err)
			}
		}
		if err := client.CommitUncommittedOffsets(context.Background()); err != nil { // only now: what is stored is not asked for again
			log.Fatal(err)
		}
	}
}
