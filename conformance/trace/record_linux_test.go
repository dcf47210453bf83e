//go:build amd64 || arm64 || riscv64

package trace

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"go.parity/conformance"
)

func mustRecord(t *testing.T, name, stack string) *Recording {
	t.Helper()
	s, ok := lookup(name)
	if !ok {
		t.Fatalf("no scenario %s", name)
	}
	rec, err := Record(t.Context(), s, stack)
	if errors.Is(err, ErrForbidden) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// kept is mustRecord for tests that can share a recording.
func kept(t *testing.T, name, stack string) *Recording {
	t.Helper()
	key := name + " " + stack
	if recordings[key] == nil {
		recordings[key] = mustRecord(t, name, stack)
	}
	return recordings[key]
}

var recordings = map[string]*Recording{}

func texts(calls []Call) []string {
	var lines []string
	for _, c := range calls {
		lines = append(lines, c.String())
	}
	return lines
}

// Net's system calls for an accept, as strace(1) shows them.
func TestRecordAccept(t *testing.T) {
	want := []string{
		"accept4(listener, 127.0.0.1:peer, SOCK_CLOEXEC|SOCK_NONBLOCK) = conn",
		"epoll_ctl(epoll, EPOLL_CTL_ADD, conn, EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET) = 0",
		"getsockname(conn, 127.0.0.1:own) = 0",
		"setsockopt(conn, SOL_TCP, TCP_NODELAY, 1) = 0",
		"setsockopt(conn, SOL_SOCKET, SO_KEEPALIVE, 1) = 0",
		"setsockopt(conn, SOL_TCP, TCP_KEEPIDLE, 15) = 0",
		"setsockopt(conn, SOL_TCP, TCP_KEEPINTVL, 15) = 0",
		"setsockopt(conn, SOL_TCP, TCP_KEEPCNT, 9) = 0",
	}
	got := mustRecord(t, "accept", Net)
	if d := cmp.Diff(want, texts(got.Compared())); d != "" {
		t.Errorf("accept on net: -want +got\n%s", d)
	}
}

func TestRecordReadThatParksShowsTheWakeup(t *testing.T) {
	got := mustRecord(t, "read-parks", Net)
	want := []string{`read(conn, …, 16) = -1 EAGAIN`, `read(conn, "hello", 16) = 5`}
	if d := cmp.Diff(want, texts(got.Compared())); d != "" {
		t.Errorf("read-parks on net: -want +got\n%s", d)
	}
	if !got.Calls[0].Blocked() {
		t.Errorf("%s is not blocked", got.Calls[0])
	}
	woken := false
	for _, c := range got.Calls {
		woken = woken || c.Poll && strings.Contains(c.String(), "conn EPOLLIN")
	}
	if !woken {
		t.Errorf("no poller says that conn is readable: %q", texts(got.Calls))
	}
}

// The same scenario makes the same calls each time, or a comparison would
// prove nothing.
func TestRecordTwiceIsTheSame(t *testing.T) {
	for _, s := range Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			for _, stack := range []string{Net, Net2} {
				a, b := kept(t, s.Name, stack), mustRecord(t, s.Name, stack)
				if d := cmp.Diff(texts(a.Compared()), texts(b.Compared())); d != "" {
					t.Errorf("%s on %s: -first +second\n%s", s.Name, stack, d)
				}
			}
		})
	}
}

func TestRecordReportsAChildThatFails(t *testing.T) {
	s, _ := lookup("dial")
	s.peer = func(p *peer) error { return p.tell("no address") }
	_, err := Record(t.Context(), s, Net)
	if errors.Is(err, ErrForbidden) {
		t.Skip(err)
	}
	if err == nil || !strings.Contains(err.Error(), "recording dial on net") || !strings.Contains(err.Error(), "missing port") {
		t.Errorf("Record = %v, want the child's error", err)
	}
}

func TestRecordEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	s, _ := lookup("read-parks")
	s.peer = func(p *peer) error {
		conn, err := p.dial()
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = p.hear() // and leave the child's Read waiting
		return err
	}
	_, err := Record(ctx, s, Net)
	if errors.Is(err, ErrForbidden) {
		t.Skip(err)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Record = %v, want %v", err, context.DeadlineExceeded)
	}
}

// The comparison itself, which go test can make without the parity command.
func TestPart(t *testing.T) {
	record := func(_ context.Context, s Scenario) (*Recording, *Recording, error) {
		return kept(t, s.Name, Net), kept(t, s.Name, Net2), nil
	}
	all := func(string) bool { return true }
	err := run(t.Context(), record, all, func(c conformance.Check) {
		t.Run(c.Name, func(t *testing.T) {
			switch c.Status {
			case conformance.Skipped:
				t.Skip(c.Detail)
			case conformance.Same:
				t.Log(c.Detail)
			default:
				t.Error(c.Detail)
			}
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Part gets a cancelled context and must come back at once.
func TestPartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := Part()
	err := p.Run(ctx, func(string) bool { return true }, func(c conformance.Check) { t.Errorf("reported %s", c.Name) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %v, want %v", err, context.Canceled)
	}
	names, err := p.Names(ctx)
	if err != nil || len(names) != len(scenarios)+1 {
		t.Errorf("Names = %d names, %v, want %d", len(names), err, len(scenarios)+1)
	}
}

func TestSockaddr(t *testing.T) {
	for _, tt := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"IPv4", []byte{unix.AF_INET, 0, 0x12, 0x34, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, "127.0.0.1:%p"},
		{"IPv4, any port", []byte{unix.AF_INET, 0, 0, 0, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, "10.0.0.1:0"},
		{"IPv6", append([]byte{unix.AF_INET6, 0, 0, 80, 0, 0, 0, 0}, append(make([]byte, 15), 1, 0, 0, 0, 0)...), "[::1]:%p"},
		{"IPv6 with zone", append([]byte{unix.AF_INET6, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0x80}, append(make([]byte, 13), 1, 3, 0, 0, 0)...), "[fe80::1%3]:0"},
		{"unix", append([]byte{unix.AF_UNIX, 0}, "a.sock\x00rest"...), `"a.sock"`},
		{"unix, no name", []byte{unix.AF_UNIX, 0}, "unnamed"},
		{"unspecified", []byte{0, 0}, "AF_UNSPEC"},
		{"cut off", []byte{unix.AF_INET, 0, 1}, "…"},
		{"nothing", nil, "NULL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := sockaddr(tt.raw).text; got != tt.want {
				t.Errorf("sockaddr(%v) = %s, want %s", tt.raw, got, tt.want)
			}
		})
	}
}

// When a closed descriptor's number comes again, it stands for another object.
func TestDecoderFollowsReusedNumbers(t *testing.T) {
	d := newDecoder()
	none := func(uint64, int) []byte { return nil }
	do := func(name string, ret int64, regs ...uint64) *rawCall {
		var r [6]uint64
		copy(r[:], regs)
		c := d.enter(name, r, none)
		d.leave(c, ret, none)
		return c
	}
	made := do("socket", 7, unix.AF_INET, unix.SOCK_STREAM, 0).made
	do("listen", 0, 7, 128)
	do("close", 0, 7)
	again := do("socket", 7, unix.AF_INET, unix.SOCK_DGRAM, 0).made
	if made.kind != "listener" || again.kind != "dgram" || made == again {
		t.Errorf("first %+v, then %+v, want a listener and another dgram", made, again)
	}
	if c := do("read", -int64(unix.EAGAIN), 7, 0, 1); !c.blocked() || c.on != again {
		t.Errorf("read of 7 = %+v, want blocked on the second object", c)
	}
}
