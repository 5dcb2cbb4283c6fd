// SPDX-License-Identifier: EUPL-1.2

// Reads what was recorded, and posts events, with the CloudEvents SDK for Go; part of cloudevents.sh. Usage as sdk.py, without an interface.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Instants in milliseconds, since SDKs write them in their own way.
func line(event *cloudevents.Event) {
	var data map[string]any
	must(event.DataAs(&data))
	fmt.Println(event.ID(), event.Source(), event.Type(), event.Time().UnixMilli(), data["event_id"])
}

func page(path string) {
	text, err := os.ReadFile(path)
	must(err)
	events, err := cehttp.NewEventsFromHTTPResponse(&http.Response{
		Header: http.Header{"Content-Type": {"application/cloudevents-batch+json"}}, Body: io.NopCloser(bytes.NewReader(text))})
	must(err)
	for i := range events {
		line(&events[i])
	}
}

func read(path string) {
	file, err := os.Open(path)
	must(err)
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var row struct {
			Headers map[string]string
			Body    string
		}
		must(json.Unmarshal(lines.Bytes(), &row))
		request, err := http.NewRequest("POST", "http://localhost/", strings.NewReader(row.Body))
		must(err)
		for name, value := range row.Headers {
			request.Header.Set(name, value)
		}
		event, err := cloudevents.NewEventFromHTTPRequest(request)
		must(err)
		line(event)
	}
}

func send(mode, address string) {
	var data map[string]any
	must(json.NewDecoder(os.Stdin).Decode(&data))
	event := cloudevents.NewEvent()
	event.SetID(data["event_id"].(string))
	event.SetSource("urn:ketenwacht:" + data["source"].(string))
	event.SetType("nl.ketenwacht." + os.Getenv("EVENT") + ".v1")
	must(event.SetData("application/json", data))
	request, err := http.NewRequest("POST", address+"/events/"+os.Getenv("EVENT"), nil)
	must(err)
	with := map[string]func(context.Context) context.Context{"structured": binding.WithForceStructured, "binary": binding.WithForceBinary}[mode]
	must(cehttp.WriteRequest(with(context.Background()), binding.ToMessage(&event), request))
	request.Header.Set("Authorization", "Bearer "+os.Getenv("TOKEN_GI"))
	answer, err := http.DefaultClient.Do(request)
	must(err)
	text, err := io.ReadAll(answer.Body)
	must(err)
	fmt.Println(answer.StatusCode, string(text))
}

func main() {
	switch {
	case os.Args[1] == "send":
		send(os.Args[2], os.Args[3])
	case os.Args[2] == "page":
		page(os.Args[3])
	default:
		read(os.Args[3])
	}
}
