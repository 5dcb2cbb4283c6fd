// SPDX-License-Identifier: EUPL-1.2

// Prints what each library puts before the records of each schema: FILE LIBRARY WIRE.
package main

import (
	"encoding/binary"
	"fmt"
	"os"

	hamba "github.com/hamba/avro/v2"
	"github.com/hamba/avro/v2/soe"
	"github.com/linkedin/goavro/v2"
	twmb "github.com/twmb/avro"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	for _, file := range os.Args[1:] {
		text := string(must(os.ReadFile(file)))
		fmt.Printf("%s hamba %x\n", file, must(soe.ComputeFingerprint(must(hamba.Parse(text)))))
		fmt.Printf("%s goavro %x\n", file, binary.LittleEndian.AppendUint64(nil, must(goavro.NewCodec(text)).Rabin))
		number := binary.BigEndian.Uint64(must(twmb.Parse(text)).Fingerprint(twmb.NewRabin()))
		fmt.Printf("%s twmb %x\n", file, binary.LittleEndian.AppendUint64(nil, number))
	}
}
