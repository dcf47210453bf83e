package main

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// A stamp stands in every binary with net2, even in one without symbols. We put
// the mark together at run time, so that this tool's own binary does not
// contain it.
var mark = strings.Join([]string{"net2", "is", "in", "this", "binary"}, "-")

// stamp is the text that the binary contains.
func (p plan) stamp() string {
	return fmt.Sprintf("%s{%s, %s, sources %.12s}", mark, p.mode, version(), p.files.Hash())
}

// version is the version of the module that the tool was built from: net2's own,
// or the tool's.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "version unknown"
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if (m.Path == "go.parity" || m.Path == "go.parity/net2/cmd/net2") && m.Version != "" {
			return m.Version
		}
	}
	return "(devel)"
}
