// SPDX-License-Identifier: EUPL-1.2

// Package store stands for a database: a table of records with (source, event_id) as its key, as a file with a record a line.
package store

import (
	"encoding/json"
	"io"
	"os"
)

// Table is an open one.
type Table struct {
	file  *os.File
	known map[[2]any]bool
}

type row struct {
	Type  string         `json:"type"`
	Value map[string]any `json:"value"`
}

func key(value map[string]any) [2]any {
	return [2]any{value["source"], value["event_id"]}
}

// Open opens a table, and makes it when there is none.
func Open(path string) (*Table, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, err
	}
	t := &Table{file, map[[2]any]bool{}}
	for rows := json.NewDecoder(file); ; {
		var r row
		if err := rows.Decode(&r); err == io.EOF {
			return t, nil
		} else if err != nil {
			return nil, err
		}
		t.known[key(r.Value)] = true
	}
}

// Put stores a record, unless it is there.
func (t *Table) Put(ceType string, value map[string]any) error {
	if t.known[key(value)] {
		return nil
	}
	t.known[key(value)] = true
	return json.NewEncoder(t.file).Encode(row{ceType, value})
}
