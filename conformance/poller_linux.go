package conformance

import (
	"os"

	runtimehooks "go.parity/runtime_hooks"
)

// Poller names the poller of this process's net2.
func Poller() string {
	switch {
	case runtimehooks.Engine == Portable:
		return Portable
	case os.Getenv(PollerEnv) == Epoll:
		return Epoll
	}
	return Runtime
}

// Pollers lists the pollers that this program's net2 can have, its default
// first.
func Pollers() []string {
	if Poller() == Portable {
		return []string{Portable}
	}
	return []string{Runtime, Epoll}
}
