//go:build linux

package scarcity

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
)

// The stack's first use finds few descriptors, so that its poller cannot be
// made. It fails like net, and a later use works, if one does with net: the runtime
// itself gives up where it cannot make its poller.
func TestFirstUseWithoutDescriptors(t *testing.T) {
	if lack := host.Lacking(host.Loopback, host.Proc); lack != nil {
		t.Skip(lack)
	}
	for free := range 9 {
		t.Run(fmt.Sprint(free, " free"), func(t *testing.T) {
			_, control := child(t, "first use", "net", free)
			got, err := child(t, "first use", "net2", free)
			t.Logf("net: %v\nnet2: %v\n%s", control, err, got)
			if err != nil {
				if control == nil || !strings.Contains(err.Error(), "fatal error: runtime: ") {
					t.Errorf("net2: %v, and net: %v", err, control)
				}
				return
			}
			lines := strings.Split(strings.TrimSpace(got), "\n")
			if first := lines[0]; !strings.HasSuffix(first, ": ok") && !strings.Contains(first, "too many open files") {
				t.Errorf("%s, want ok or an error about descriptors", first)
			}
			if len(lines) != 3 || lines[1] != "left open: 0" || lines[2] != "again, an echo: ok" {
				t.Errorf("afterwards %q, want nothing left open and an echo", lines[1:])
			}
		})
	}
}

func firstUse(s *script, free int) {
	s.take(free)
	// What a poller keeps is no leak, so a successful Listen counts for nothing.
	l, err := s.Listen("tcp4", "127.0.0.1:0")
	s.say("the first Listen", err)
	left := free - s.free()
	if err == nil {
		l.Close()
		left = 0
	}
	fmt.Printf("left open: %d\n", max(0, left-pollers()))
	s.give(20)
	l = must(s.Listen("tcp4", "127.0.0.1:0"))
	s.say("again, an echo", s.pair(l).echo())
}

// pollers counts the descriptors of pollers, which stay.
func pollers() (n int) {
	for fd := range 100 {
		var target [100]byte
		if k, err := unix.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd), target[:]); err == nil && strings.HasPrefix(string(target[:k]), "anon_inode:") {
			n++
		}
	}
	return n
}

// An HTTP server goes on serving whom it has, waits for descriptors, and then
// serves who came meanwhile.
func TestHTTPServerWithoutDescriptors(t *testing.T) {
	if lack := host.Lacking(host.Loopback, host.Proc); lack != nil {
		t.Skip(lack)
	}
	const want = "served, who is connected: ok\nserved, again: ok\nagain, who came meanwhile: ok\nagain, who is connected: ok\n"
	for _, name := range []string{"net", "net2"} {
		t.Run(name, func(t *testing.T) {
			got, err := child(t, "http", name, 0)
			if err != nil || got != want {
				t.Errorf("the script saw\n%s%v, want\n%s", got, err, want)
			}
		})
	}
}

func httpServer(s *script, free int) {
	l := must(s.Listen("tcp4", "127.0.0.1:0"))
	accepting := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "served") }),
	}
	go accepting.Serve(l)
	fds := clients(2)
	connected, late := fds[0], fds[1]
	must(0, connect(connected, l.Addr()))
	must(0, request(connected))
	s.take(free)
	s.say("served, who is connected", request(connected))
	must(0, connect(late, l.Addr()))
	must(unix.Write(late, []byte(get)))
	time.Sleep(10 * time.Millisecond) // in which the server fails to accept
	s.say("served, again", request(connected))
	s.give(5)
	s.say("again, who came meanwhile", response(late))
	s.say("again, who is connected", request(connected))
}

const get = "GET / HTTP/1.1\r\nHost: scarcity\r\n\r\n"

// request sends a request over a socket that blocks, and reads the response.
func request(fd int) error {
	if _, err := unix.Write(fd, []byte(get)); err != nil {
		return err
	}
	return response(fd)
}

func response(fd int) error {
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 20}); err != nil {
		return err
	}
	var got []byte
	for !strings.HasSuffix(string(got), "served") {
		b := make([]byte, 1000)
		n, err := unix.Read(fd, b)
		if err != nil || n == 0 {
			return fmt.Errorf("read = %d, %w after %q", n, err, got)
		}
		got = append(got, b[:n]...)
	}
	return nil
}
