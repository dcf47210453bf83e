package trace

import (
	"context"
	"time"

	"go.parity/conformance"
)

// A Scenario is a script of two sides. The child's side runs on net and on
// net2 and is recorded; the peer's side runs untraced beside it.
type Scenario struct {
	Name string
	Step string // the step of a connection's life that it shows, see Steps
	Doc  string // what happens in it, one sentence

	cold  bool // it includes the first use of the stack in its process
	loops bool // the kernel chooses how often its loop turns
	env   []string

	child func(*child) error
	peer  func(*peer) error
}

// Steps are the steps of a connection's life in the order in which a connection
// takes them, followed by what stands beside them.
var Steps = []string{
	"listen", "accept", "dial", "read", "write", "deadline", "close",
	"udp", "unix", "sendfile", "splice", "file",
}

// timeLimit ends a recording that hangs.
const timeLimit = 20 * time.Second

// Scenarios returns all scenarios in the order of their steps.
func Scenarios() []Scenario { return scenarios }

func lookup(name string) (Scenario, bool) {
	for _, s := range scenarios {
		if s.Name == name {
			return s, true
		}
	}
	return Scenario{}, false
}

// Poller is where this process's net2 waits.
var Poller = conformance.Poller()

// RecordBoth records a scenario on net and on net2. If recording net failed,
// onNet is nil.
func RecordBoth(ctx context.Context, s Scenario) (onNet, onNet2 *Recording, err error) {
	if onNet, err = Record(ctx, s, Net); err != nil {
		return nil, nil, err
	}
	onNet2, err = Record(ctx, s, Net2)
	return onNet, onNet2, err
}
