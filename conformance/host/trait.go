package host

import (
	"os"
	"strings"
)

// A trait is what the package knows about a need without asking the host.
type trait struct {
	words   string // after "needs"
	without string // after "not possible"

	restsOn []Need // needs without which this one cannot be met

	// tells reports whether the text of an error may come from this lack.
	// blamed reports the same of a failure of net, whose text is not always the
	// error that a check looks for.
	tells, blamed func(text string) bool
}

var traits = map[Need]trait{
	Linux: {words: "Linux: elsewhere net2 is net itself", without: "but on Linux"},
	Loopback: {
		words: "the loopback interface", without: "without a loopback interface",
		tells: says("network is unreachable", "no route to host", "cannot assign requested address",
			"no loopback interface", "no such network interface"),
	},
	IPv6: {
		words: "IPv6 on the loopback interface", without: "without IPv6",
		restsOn: []Need{Loopback},
		tells:   both(says("tcp6", "udp6", "ip6", "[::"), says("cannot assign requested address", "address family not supported", "unreachable")),
	},
	MappedIPv4: {
		words: "IPv4 by way of IPv6 sockets", without: "without IPv6",
		restsOn: []Need{IPv6},
	},
	Multicast: {
		words: "multicast on the loopback interface", without: "without multicast",
		restsOn: []Need{Loopback},
		tells:   says("224.0.0.", "232.0.1."),
	},
	MulticastIPv6: {
		words: "IPv6 multicast on the loopback interface", without: "without IPv6 multicast",
		restsOn: []Need{IPv6},
		tells:   says("ff01::", "ff02::"),
	},
	MultipathTCP: {
		words: "Multipath TCP", without: "without Multipath TCP",
		restsOn: []Need{Proc},
	},
	Localhost: {
		words: "localhost in /etc/hosts", without: "without localhost in /etc/hosts",
	},
	Descriptors: {
		words: "more open files than this process may have", without: "with so few descriptors",
		tells: says("too many open files"),
	},
	ManyDescriptors: {
		words: "thousands of open files", without: "with so few descriptors",
		restsOn: []Need{Descriptors},
	},
	TempDir: {
		words: "a folder for temporary files (TMPDIR)", without: "without a folder for temporary files",
		tells: func(text string) bool { return strings.Contains(text, os.TempDir()) },
	},
	Proc: {
		words: "/proc", without: "without /proc",
		tells: says("/proc/"),
	},
	Ptrace: {
		words: "ptrace", without: "without ptrace",
		restsOn: []Need{Proc}, // in /proc a program finds its own binary
		tells:   says("ptrace"),
	},
	Seccomp: {words: "seccomp filters", without: "without seccomp"},
	GoCommand: {
		words: "the go command, in this module", without: "without the go command",
		tells: says("go list", "go build", "go command", `"go": executable file not found`),
	},
	RaceDetector: {
		words: "the race detector, which needs a C compiler", without: "without the race detector",
		restsOn: []Need{GoCommand},
		tells:   says("-race", "C compiler", "cgo"),
	},
	RawSockets: {
		words: "a user who may open raw sockets", without: "without privileges",
		blamed: says("operation not permitted"),
	},
	RawSocketsIPv6: {
		words: "a user who may open raw sockets", without: "without privileges",
		restsOn: []Need{IPv6},
	},
	NoLowPorts:   {words: "a user without privileges", without: "as root"},
	NoRawSockets: {words: "a user without privileges", without: "as root"},
	RuntimePoller: {
		words: "net2 to wait in the runtime's poller", without: "with a poller of net2's own",
	},
	NetItself: {words: "net itself to get through", without: "where net itself fails"},
}

// order is the order in which a failure's text is held against the needs: the
// most particular come first.
var order = []Need{
	Descriptors, TempDir, Proc, Ptrace, RaceDetector, GoCommand, MulticastIPv6, Multicast, IPv6, Loopback,
}

// says returns a function that looks for one of the words.
func says(words ...string) func(string) bool {
	return func(text string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
}

func both(a, b func(string) bool) func(string) bool {
	return func(text string) bool { return a(text) && b(text) }
}
