//go:build !linux

package study

// pollerIsSilent says why there is nothing to see.
func pollerIsSilent() string {
	return "On this system net2 is net, whose poller does not tell its state."
}

func readPoller() pollerState { return pollerState{} }
