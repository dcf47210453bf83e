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

// choosePoller reads the environment once, when somebody opens the first descriptor: a
// descriptor is in one poller for its life, and all descriptors are in the same one.
func choosePoller() (name string, err error) {
	chosen.once.Do(func() {
		switch name := os.Getenv(pollerEnv); name {
		case "", pollerRuntime:
			chosen.name = pollerRuntime
		case pollerEpoll:
			chosen.name = pollerEpoll
		default:
			chosen.err = fmt.Errorf("%s=%q: the pollers are %q and %q", pollerEnv, name, pollerRuntime, pollerEpoll)
		}
	})
	return chosen.name, chosen.err
}

var chosen struct {
	once sync.Once
	name string
	err  error
}

// Poller names the poller of this process: "runtime", or "epoll" for our own.
// It returns "" if the environment names anything else; PollServerInit then fails.
func Poller() string {
	name, _ := choosePoller()
	return name
}

// PollServerInit makes the poller ready. Once it has succeeded, further calls cost next
// to nothing. It returns an error if the environment names a poller that does not exist.
// If our own poller cannot start, it returns the errno, such as EMFILE, and may be called
// again. The runtime's poller ends the program if it cannot start.
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
