//go:build linux && !net2_portable

package around

import "os"

// buildTags are those of net2 that this binary was built with.
const buildTags = ""

// ownPoller reports whether net2's goroutines wait in a poller of its own.
func ownPoller() bool { return os.Getenv("NET2_POLLER") == "epoll" }

// onChannels says why the package cannot compare where a goroutine waits; here
// it can.
const onChannels = ""
