//go:build linux && !net2_portable

package runtimehooks

import (
	"fmt"
	"os"
	"sync"
)

// pollerEnv names the environment variable that chooses the poller.
const pollerEnv = "NET2_POLLER"

// Its values. The empty one is pollerRuntime.
const (
	pollerRuntime = "runtime" // the runtime's, through its hooks; netpoll_runtime.go
	pollerEpoll   = "epoll"   // our own; netpoll_epoll.go
)

// choosePoller reads the environment once, when the first descriptor is opened:
// a descriptor is in one poller for its life, and all of them are in the same.
var choosePoller = sync.OnceValues(func() (string, error) {
	switch name := os.Getenv(pollerEnv); name {
	case "", pollerRuntime:
		return pollerRuntime, nil
	case pollerEpoll:
		return pollerEpoll, nil
	default:
		return "", fmt.Errorf("%s=%q: the pollers are %q and %q", pollerEnv, name, pollerRuntime, pollerEpoll)
	}
})

// Poller names the poller of this process: "runtime", or "epoll" for our own.
// It is empty if the environment names another, which PollServerInit refuses.
func Poller() string {
	name, _ := choosePoller()
	return name
}

// PollServerInit makes the poller ready; once it has succeeded it costs next to
// nothing. It returns an error if the environment names no poller of ours, and
// with our own the errno of what failed, EMFILE for one; it may then be called
// again. The runtime's ends the program when it cannot start.
//
// std: runtime.poll_runtime_pollServerInit
func PollServerInit() error {
	name, err := choosePoller()
	if err != nil {
		return err
	}
	if name == pollerRuntime {
		runtime_pollServerInit()
		return nil
	}
	return netpollGenericInit()
}
