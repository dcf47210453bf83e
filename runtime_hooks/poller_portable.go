//go:build linux && net2_portable

package runtimehooks

import (
	"fmt"
	"os"
	"sync"
)

// choosePoller refuses a poller that this build does not have: better no
// network than another poller than the one that was asked for.
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

// PollServerInit makes the poller ready; once it has succeeded it costs next to
// nothing. It returns an error if the environment asks for another poller, or
// the errno of what failed, EMFILE for one, and may then be called again.
func PollServerInit() error {
	if err := choosePoller(); err != nil {
		return err
	}
	return netpollGenericInit()
}
