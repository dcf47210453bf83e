//go:build linux

package net2

import (
	"errors"
	"syscall"
)

// An OptionError says which socket option could not be set or read. Package net has no
// such error: its options have no names.
type OptionError struct {
	Option string // the name of the field or method, such as "UserTimeout"
	Err    error
}

func (e *OptionError) Error() string { return e.Option + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *OptionError) Unwrap() error { return e.Err }

// Is reports that the error is [errors.ErrUnsupported] if the kernel, or the kind of
// socket, does not have the option.
func (e *OptionError) Is(target error) bool {
	return target == errors.ErrUnsupported && errors.Is(e.Err, syscall.ENOPROTOOPT)
}

// optionError names the option that a system call refused. Other errors, such as
// ErrClosed, it returns as they are.
func optionError(option, call string, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		return &OptionError{Option: option, Err: wrapSyscallError(call, errno)}
	}
	return err
}
