//go:build linux && net2_portable

package around

// buildTags are those of net2 that this binary was built with.
const buildTags = "net2_portable"

// ownPoller reports whether net2's goroutines wait in a poller of its own.
func ownPoller() bool { return true }

// onChannels says why the package cannot compare where a goroutine waits.
const onChannels = "with net2_portable a goroutine waits on a channel, and the poller has one of its own"
