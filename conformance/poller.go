package conformance

import (
	"os"
	"slices"
	"strings"
)

// PollerEnv is the environment variable that chooses net2's poller. The
// library reads it once, when it opens its first descriptor.
const PollerEnv = "NET2_POLLER"

// The pollers of net2, as runtimehooks.Poller names them.
const (
	Runtime  = "runtime"  // the default: waits in the runtime's poller
	Epoll    = "epoll"    // net2's own, chosen by PollerEnv
	Portable = "portable" // net2's own, in a build with the tag net2_portable
)

// Environ returns this process's environment for a child whose net2 is to wait
// in a poller.
func Environ(poller string) []string {
	env := slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, PollerEnv+"=") })
	if poller == Epoll {
		env = append(env, PollerEnv+"="+poller)
	}
	return env
}
