//go:build !linux

// Package terminal asks what is known about the terminal that a program writes
// to: here, nothing.
package terminal

import "io"

// Is reports false.
func Is(io.Writer) bool { return false }

// Width returns 0.
func Width(io.Writer) int { return 0 }
