// Pack writes the archive of the library's sources; go generate runs it in the
// folder of package sources.
package main

import (
	"fmt"
	"os"

	"go.parity/net2/cmd/net2/internal/sources"
)

func main() {
	if err := pack(); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func pack() error {
	files, err := sources.Collect(".")
	if err != nil {
		return err
	}
	archive, err := files.Pack()
	if err != nil {
		return err
	}
	return os.WriteFile("sources.zip", archive, 0o666)
}
