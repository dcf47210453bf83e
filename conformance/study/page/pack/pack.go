// Pack writes the archive of the library's sources that the study shows; go
// generate runs it in the folder of package page.
package main

import (
	"fmt"
	"os"

	"go.parity/conformance/study/page"
)

func main() {
	archive, err := page.Pack(os.DirFS("../../.."))
	if err == nil {
		err = os.WriteFile("sources.zip", archive, 0o666)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}
