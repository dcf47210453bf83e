//go:build !linux

// Package terminal asks what is known of the terminal that somebody writes to:
// here nothing is.
package terminal

import "io"

// Is reports false.
func Is(io.Writer) bool { return false }

// Width returns 0.
func Width(io.Writer) int { return 0 }
