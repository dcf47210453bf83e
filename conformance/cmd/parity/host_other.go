//go:build !linux

package main

import (
	"io"
	"runtime"
)

// engine is net's: off Linux net2 is made of aliases.
const engine = "net"

func kernel() string { return runtime.GOOS }

func width(io.Writer) int { return 0 }

func isTerminal(io.Writer) bool { return false }
