//go:build !linux

package conformance

// Poller names the poller of this process's net2: off Linux net2 is made of
// aliases.
func Poller() string { return "net" }

// Pollers lists the pollers that this program's net2 can have.
func Pollers() []string { return []string{Poller()} }
