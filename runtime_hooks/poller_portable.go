//go:build linux && net2_portable

package runtimehooks

import (
	"fmt"
	"os"
	"sync"
)

// choosePoller returns an error for a poller that this build does not have: no network
// is better than a poller for which nobody asked.
var choosePoller = sync.OnceValue(func() error {
	switch name := os.Getenv("NET2_POLLER"); name {
	case "", "epoll":
		return nil
	default:
		return fmt.Errorf("NET2_POLLER=%q: the one poller of a program built with net2_portable is %q", name, "epoll")
	}
})

// Poller names the poller of this process.
func Poller() string { return "portable" }

// PollServerInit makes the poller ready. Once it has succeeded, further calls cost next
// to nothing. It returns an error if the environment asks for another poller. If the
// poller cannot start, it returns the errno, such as EMFILE, and may be called again.
func PollServerInit() error {
	if err := choosePoller(); err != nil {
		return err
	}
	return netpollGenericInit()
}
