//go:build !linux

package main

import (
	"io"
	"runtime"
)

func kernel() string { return runtime.GOOS }

func width(io.Writer) int { return 0 }

func isTerminal(io.Writer) bool { return false }
