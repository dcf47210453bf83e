//go:build linux && (amd64 || arm64 || riscv64)

package fault

import (
	"context"
	"os"
	"strings"
	"time"

	"go.parity/conformance/stack"
	"go.parity/conformance/trace"
	"go.parity/net2"
)

// The operations that net lacks. There is no stack to compare with, so each step must
// succeed or return an OpError, and leave nothing open behind.
var beyondOperations = []operation{
	{name: "beyond-listen", beyond: true, do: listenWithOptions},
	{name: "beyond-group", beyond: true, do: listenGroup},
	{name: "beyond-dial", beyond: true, prepare: somebody("tcp"), do: dialWithOptions},
	{name: "beyond-info", beyond: true, prepare: connected("tcp"), do: info},
	{name: "beyond-buffers", beyond: true, prepare: sent("tcp", "abcd"), do: readBuffers},
	{name: "beyond-files", beyond: true, prepare: connectedAndNull, do: sendFiles},
	{name: "beyond-peer", beyond: true, prepare: connected("unix"), do: peer},
}

func init() { operations = append(operations, beyondOperations...) }

var someOptions = net2.SocketOptions{UserTimeout: time.Second, NotSentLowat: 4096, TOS: 0x28, FreeBind: true}

func listenWithOptions(r *runner) {
	lc := net2.ListenConfig{Options: someOptions, ReusePort: true, Backlog: 16}
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	r.keep(l, err)
	r.saw("Listen", err)
}

func listenGroup(r *runner) {
	var lc net2.ListenConfig
	g, err := lc.ListenGroup(context.Background(), "tcp", "127.0.0.1:0", 2)
	r.keep(g, err)
	r.saw("ListenGroup", err)
	if err != nil {
		return
	}
	l := g.Listeners()[0]
	n, limit, err := l.Backlog()
	r.saw("Backlog", err, n, limit)
	done, cancel := context.WithCancel(context.Background())
	cancel()
	r.saw("Drain", l.Drain(done))
}

func dialWithOptions(r *runner) {
	d := net2.Dialer{Options: someOptions, AttemptDelay: time.Second}
	c, err := d.Dial("tcp", r.address)
	r.keep(c, err)
	r.saw("Dial", err)
	if err == nil {
		use(r, c)
	}
}

func info(r *runner) {
	c := r.conn.(*net2.TCPConn)
	i, err := c.Info()
	r.saw("Info", err, i.State)
	r.saw("SetUserTimeout", c.SetUserTimeout(time.Second))
	r.saw("SetNotSentLowat", c.SetNotSentLowat(4096))
}

func readBuffers(r *runner) {
	c := r.conn.(*net2.TCPConn)
	for range 2 {
		n, err := c.ReadBuffers([][]byte{make([]byte, 1), make([]byte, 1)})
		r.saw("ReadBuffers", err, n)
	}
}

// connectedAndNull prepares a connection and a file to send over it.
func connectedAndNull(r *runner) (err error) {
	if err := connected("unix")(r); err != nil {
		return err
	}
	r.file, err = os.Open(os.DevNull)
	r.keep(r.file, err)
	return err
}

func sendFiles(r *runner) {
	c := r.conn.(*net2.UnixConn)
	for range 2 {
		n, err := c.SendFiles([]byte("abcd"), r.file)
		r.saw("SendFiles", err, n)
	}
}

func peer(r *runner) {
	c := r.conn.(*net2.UnixConn)
	_, err := c.PeerCred()
	r.saw("PeerCred", err)
	f, err := c.PeerPIDFD()
	r.keep(f, err)
	r.saw("PeerPIDFD", err)
}

// judgeBeyond makes net2 do an operation, first without a fault and then with each
// that can strike.
func judgeBeyond(ctx context.Context, op operation) (*matrix, error) {
	_, calls, err := outcomes(ctx, op, stack.Net2.Name, nil)
	if err != nil {
		return nil, err
	}
	m := &matrix{faults: faults(calls), deviating: map[string]int{}, results: map[trace.Fault]result{}}
	// As in compare, what may have to wait is tried again: a host that is busy can
	// make it wait for longer than the patience of a child.
	left := m.faults
	for range attempts {
		all, _, err := outcomes(ctx, op, stack.Net2.Name, left)
		if err != nil {
			return nil, err
		}
		m.different, m.missed = nil, 0
		if bad := unsound(all[0].text); bad != "" {
			m.different = append(m.different, "without a fault: "+bad)
		}
		var again []trace.Fault
		for i, f := range left {
			if !m.sound(f, all[i+1]) {
				again = append(again, f)
			}
		}
		if left = again; len(left) == 0 && len(m.different) == 0 {
			break
		}
	}
	return m, nil
}

// sound reports whether a fault need not be tried again, and notes its outcome.
func (m *matrix) sound(f trace.Fault, s seen) bool {
	bad := unsound(s.text)
	switch {
	case bad != "":
		m.results[f] = differs
		m.different = append(m.different, f.String()+": "+bad)
	case !s.hit:
		m.missed++
		m.results[f] = uncompared
	default:
		m.results[f] = same
		return true
	}
	return false
}

// unsound returns the first line of an outcome that a program should not see, or "".
func unsound(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		ok := strings.HasSuffix(line, ": ok") || strings.Contains(line, "[*net.OpError > ")
		if !ok {
			return line
		}
	}
	return ""
}
