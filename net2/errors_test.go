//go:build linux

package net2

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
)

func TestErrorsAreNetsOwn(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		text string
		is   error
	}{
		{"errMissingAddress", errMissingAddress, "missing address", nil},
		{"errTimeout", errTimeout, "i/o timeout", context.DeadlineExceeded},
		{"errCanceled", errCanceled, "operation was canceled", context.Canceled},
	} {
		if tt.err == nil || tt.err.Error() != tt.text {
			t.Errorf("%s = %v, want %q", tt.name, tt.err, tt.text)
		}
		if tt.is != nil && !errors.Is(tt.err, tt.is) {
			t.Errorf("Is(%s, %v) = false, want true", tt.name, tt.is)
		}
	}
	_, err := net.Dial("unix", "")
	if errors.Unwrap(err) != errMissingAddress {
		t.Errorf("net's cause of a missing address = %#v, want the same value as %#v", errors.Unwrap(err), errMissingAddress)
	}
}

func TestMapErr(t *testing.T) {
	for _, tt := range []struct{ err, want error }{
		{context.Canceled, errCanceled},
		{context.DeadlineExceeded, errTimeout},
		{os.ErrClosed, os.ErrClosed},
	} {
		if got := mapErr(tt.err); got != tt.want {
			t.Errorf("mapErr(%v) = %v, want %v", tt.err, got, tt.want)
		}
	}
}
