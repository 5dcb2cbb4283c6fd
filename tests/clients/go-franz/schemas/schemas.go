// SPDX-License-Identifier: EUPL-1.2

// Package schemas reads records by the schemas of ketenwacht's folder.
package schemas

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/twmb/avro"
)

const frame = 10 // bytes before the body: C3 01 and the fingerprint of the schema with which it was written

// Known has the schema of each frame, which is written as hex.
type Known map[string]*avro.Schema

// Load reads the whole folder.
func Load(folder string) (Known, error) {
	text, err := os.ReadFile(filepath.Join(folder, "fingerprints.json"))
	if err != nil {
		return nil, err
	}
	var table struct {
		Schemas []struct {
			File         string
			Fingerprints map[string]struct{ Wire string }
		}
	}
	if err := json.Unmarshal(text, &table); err != nil {
		return nil, err
	}
	known := Known{}
	for _, entry := range table.Schemas {
		text, err := os.ReadFile(filepath.Join(folder, entry.File))
		if err != nil {
			return nil, err
		}
		if known["c301"+entry.Fingerprints["specification"].Wire], err = avro.Parse(string(text)); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// Decode returns what a record says; instants and dates as time.Time, in UTC.
func (known Known) Decode(record []byte) (value map[string]any, err error) {
	n := min(frame, len(record))
	schema := known[fmt.Sprintf("%x", record[:n])]
	if schema == nil {
		return nil, fmt.Errorf("no schema has the frame %x", record[:n])
	}
	_, err = schema.Decode(record[n:], &value)
	return value, err
}
