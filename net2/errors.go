//go:build linux

package net2

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// net compares some of its errors with ==, and so do its users with what they
// once got from it. So these are net's own values, taken from it by asking for
// them: no call below reaches the network.
var (
	errMissingAddress = netsOwn(context.Background(), new(net.Dialer), "")
	errTimeout        = netsOwn(context.Background(), &net.Dialer{Deadline: time.Unix(1, 0)}, "127.0.0.1:1")
	errCanceled       = netsOwn(canceled(), new(net.Dialer), "127.0.0.1:1")
)

// netsOwn returns the cause of the error with which d refuses to dial.
func netsOwn(ctx context.Context, d *net.Dialer, address string) error {
	_, err := d.DialContext(ctx, "tcp", address)
	return errors.Unwrap(err)
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// mapErr turns a context's error into the one that net has for it.
//
// std: net.mapErr
func mapErr(err error) error {
	switch err {
	case context.Canceled:
		return errCanceled
	case context.DeadlineExceeded:
		return errTimeout
	}
	return err
}

// wrapSyscallError names the system call that an errno comes from. Other errors
// it returns as they are.
//
// std: net.wrapSyscallError
func wrapSyscallError(name string, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		return os.NewSyscallError(name, errno)
	}
	return err
}
