package conformance

import runtimehooks "go.parity/runtime_hooks"

// Poller names the poller of this process's net2. It is "" if the environment
// names a poller that this net2 does not have.
func Poller() string { return runtimehooks.Poller() }

// Pollers lists the pollers that this program's net2 can have, its default
// first.
func Pollers() []string {
	if Poller() == Portable {
		return []string{Portable}
	}
	return []string{Runtime, Epoll}
}
