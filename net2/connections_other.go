//go:build !linux

package net2

import "errors"

// Connections returns an error that wraps [errors.ErrUnsupported].
func Connections() ([]Connection, error) { return nil, errors.ErrUnsupported }

// TraceOpen does nothing.
func TraceOpen(bool) {}
