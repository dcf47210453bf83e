//go:build linux && (amd64 || arm64 || riscv64)

package fault

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"go.parity/conformance/trace"
	"go.parity/net2"
)

// These tests make the system calls of a batch fail, at each message at which one begins. A
// datagram has come, once, or its message is reported; the caller goes on behind that.

var _ = func() bool {
	beyond = append(beyond,
		operation{name: "udp-batch-write", prepare: packets("udp"), do: func(r *runner) { r.sendBatch(true) }},
		operation{name: "udp-batch-write-singly", prepare: packets("udp"), do: func(r *runner) { r.sendBatch(false) }},
		operation{name: "udp-batch-read", prepare: packets("udp"), do: receiveBatch},
	)
	return true
}()

// batchOf returns messages of datagrams that are numbered from 1 on, and where each begins.
func batchOf(to net.Addr, cuts bool) (ms []net2.UDPMessage, first []int) {
	id := byte(1)
	for i := range 5 {
		m := net2.UDPMessage{Addr: to.(*net.UDPAddr).AddrPort()}
		n := 1
		if i%2 == 0 || !cuts {
			n, m.SegmentSize = 3, 2
		}
		if !cuts {
			n = 40 // together they do not fit into one call
		}
		first = append(first, int(id))
		for range n {
			m.Buffer = append(m.Buffer, id, byte(i))
			id++
		}
		ms = append(ms, m)
	}
	return ms, append(first, int(id))
}

func (r *runner) sendBatch(cuts bool) {
	c := r.packets.(*net2.UDPConn)
	c.SetSendOffload(cuts)
	ms, first := batchOf(r.to(), cuts)
	for at := 0; at < len(ms); {
		n, err := c.WriteUDPBatch(ms[at:])
		at += n
		if err != nil {
			r.note(fmt.Sprintf("message %d of %d to %d failed", at, first[at], first[at+1]-1))
			at++
		}
	}
	came := []string{"came"}
	for {
		var p [8]byte
		n, _, err := unix.Recvfrom(r.other, p[:], unix.MSG_DONTWAIT)
		if err != nil {
			break
		}
		came = append(came, fmt.Sprintf("%d/%d", p[0], n))
	}
	r.note(strings.Join(came, " "))
}

func receiveBatch(r *runner) {
	ms := []net2.UDPMessage{{Buffer: make([]byte, 8)}, {Buffer: make([]byte, 8)}}
	for range 2 {
		n, err := r.packets.(*net2.UDPConn).ReadUDPBatch(ms)
		if err == nil {
			r.note(fmt.Sprintf("read %d %s", n, ms[0].Buffer))
			return
		}
		r.note("failed")
	}
}

// sendErrnos are those of sendmmsg(2), and the one of a route without checksums. That one comes
// last: it is remembered.
var sendErrnos = append(slices.DeleteFunc(slices.Clone(errnos["sendmsg"]), func(e unix.Errno) bool { return e == unix.EINVAL }), unix.EINVAL, unix.EIO)

func TestUDPBatchFallsBackOrReports(t *testing.T) {
	var faults []trace.Fault
	for _, errno := range sendErrnos {
		faults = append(faults, trace.Fault{Call: "sendmmsg", Nth: 1, Errno: errno})
	}
	faults = append(faults, trace.Fault{Call: "sendmmsg", Nth: 1, Errno: unix.EINVAL})
	seen, calls, err := outcomes(t.Context(), find(t, "udp-batch-write"), "net2", faults)
	skipWithoutPtrace(t, err)
	if n := len(calls); n == 0 || calls[n-1] != "sendmmsg" || slices.Index(calls, "sendmmsg") != n-1 {
		t.Errorf("calls of a batch = %v, want one sendmmsg", calls) // before it, once, the question whether the kernel cuts
	}
	const (
		all     = "came 1/2 2/2 3/2 4/2 5/2 6/2 7/2 8/2 9/2 10/2 11/2"
		without = "message 0 of 1 to 3 failed\ncame 4/2 5/2 6/2 7/2 8/2 9/2 10/2 11/2"
	)
	for i, f := range append([]trace.Fault{{}}, faults...) {
		want := without
		switch f.Errno {
		case 0, unix.EINTR, unix.EINVAL, unix.EMSGSIZE, unix.EIO:
			want = all
		}
		if i == len(faults) {
			want = without // EIO was remembered: nothing is cut that could go singly
		}
		if seen[i].text != want || seen[i].hit != (f.Errno != 0) {
			t.Errorf("%v: %+v, want %q", f, seen[i], want)
		}
	}
}

func TestUDPBatchFailsAtEachCall(t *testing.T) {
	op := find(t, "udp-batch-write-singly")
	_, calls, err := outcomes(t.Context(), op, "net2", nil)
	skipWithoutPtrace(t, err)
	if len(calls) < 3 {
		t.Fatalf("calls of a long batch = %v, want several sendmmsg", calls)
	}
	var faults []trace.Fault
	for i := range calls {
		for _, errno := range []unix.Errno{unix.ENOBUFS, unix.EINTR, 0} { // 0: it sends one message alone
			faults = append(faults, trace.Fault{Call: "sendmmsg", Nth: i + 1, Errno: errno})
		}
	}
	seen, _, err := outcomes(t.Context(), op, "net2", faults)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range append([]trace.Fault{{}}, faults...) {
		checkDelivery(t, f, seen[i].text, 200)
	}
}

// checkDelivery checks that each of so many datagrams came once, or that its message failed.
func checkDelivery(t *testing.T, f trace.Fault, text string, all int) {
	t.Helper()
	came, failed := map[int]int{}, map[int]bool{}
	for line := range strings.Lines(text) {
		var message, from, to int
		if _, err := fmt.Sscanf(line, "message %d of %d to %d failed", &message, &from, &to); err == nil {
			for id := from; id <= to; id++ {
				failed[id] = true
			}
			continue
		}
		for _, word := range strings.Fields(line)[1:] {
			var id, n int
			if _, err := fmt.Sscanf(word, "%d/%d", &id, &n); err != nil || n != 2 {
				t.Fatalf("%v: the child noted %q", f, line)
			}
			came[id]++
		}
	}
	if (len(failed) > 0) != (f.Errno == unix.ENOBUFS) {
		t.Errorf("%v: %d datagrams were reported: %s", f, len(failed), text)
	}
	for id := 1; id <= all; id++ {
		if n := came[id]; n > 1 || n == 0 && !failed[id] {
			t.Errorf("%v: datagram %d came %d times, reported: %t", f, id, n, failed[id])
		}
	}
}

func TestReadUDPBatchFails(t *testing.T) {
	faults := []trace.Fault{}
	for _, errno := range errnos["recvmsg"] {
		faults = append(faults, trace.Fault{Call: "recvmmsg", Nth: 1, Errno: errno})
	}
	seen, _, err := outcomes(t.Context(), find(t, "udp-batch-read"), "net2", faults)
	skipWithoutPtrace(t, err)
	for i, f := range append([]trace.Fault{{}}, faults...) {
		want := "failed\nread 1 ab"
		if f.Errno == 0 || f.Errno == unix.EINTR {
			want = "read 1 ab"
		}
		if seen[i].text != want || seen[i].hit != (f.Errno != 0) {
			t.Errorf("%v: %+v, want %q", f, seen[i], want)
		}
	}
}
