//go:build linux

package net2

import (
	"errors"
	"syscall"
)

// OptionError says which option of a socket the kernel refused. If the kernel does not
// know the option, errors.Is finds [errors.ErrUnsupported] in it.
type OptionError struct {
	Option string // such as "UDP_GRO"
	Err    error
}

func (e *OptionError) Error() string { return e.Option + ": " + e.Err.Error() }

// Unwrap returns the kernel's error.
func (e *OptionError) Unwrap() error { return e.Err }

// Is reports whether target is [errors.ErrUnsupported] and the kernel lacks the option.
func (e *OptionError) Is(target error) bool {
	return target == errors.ErrUnsupported && errors.Is(e.Err, syscall.ENOPROTOOPT)
}
