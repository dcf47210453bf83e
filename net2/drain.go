//go:build linux

package net2

import (
	"context"
	"encoding/binary"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// Backlog returns how many connections wait for Accept, and how many may wait at most:
// the kernel cuts [ListenConfig.Backlog] to the host's somaxconn without a word; see
// listen(2). Package net has no such method.
func (l *TCPListener) Backlog() (queued, limit int, err error) {
	if !l.ok() {
		return 0, 0, syscall.EINVAL
	}
	// The kernel reports the two in the places of unacknowledged and of selectively
	// acknowledged segments.
	const unacked, sacked, end = 24, 28, 32
	var b [end]byte
	n, err := l.fd.pfd.Getsockopt(syscall.IPPROTO_TCP, syscall.TCP_INFO, b[:])
	switch {
	case err != nil:
		return 0, 0, l.fd.listenerError("get", optionError("Backlog", "getsockopt", err))
	case n < end:
		return 0, 0, l.fd.listenerError("get", &OptionError{Option: "Backlog", Err: syscall.ENOPROTOOPT})
	}
	return int(binary.NativeEndian.Uint32(b[unacked:])), int(binary.NativeEndian.Uint32(b[sacked:])), nil
}

// Drain takes no new connection, lets Accept hand out those that have begun, and closes
// the listener when there are none, or when ctx is done; it then returns the error of
// ctx. Whereas Close resets every connection that waits for Accept.
//
// Where new connections go depends on what the host allows:
//
//   - In a [ListenGroup] they go to its other listeners, and so do, if the host is
//     set so (sysctl net.ipv4.tcp_migrate_req), the ones that have begun.
//   - Otherwise, which takes privileges (CAP_NET_ADMIN), the first packet of each
//     is dropped. The client tries again after a second, and finds whoever listens
//     on the port then.
//   - If neither is possible, and on Multipath TCP, Drain returns an error, and the
//     listener goes on.
//
// A handshake may be under way that the listener cannot see. So Drain waits until no
// connection has waited for a second. In a group, no other process may have sockets on
// the port: their place in the kernel's group is unknown. To hand a port to another
// process, pass it the descriptor (File, [FileListener]). Package net has no such method.
func (l *TCPListener) Drain(ctx context.Context) error {
	if ctx == nil {
		panic("nil context")
	}
	if !l.ok() {
		return syscall.EINVAL
	}
	if l.group != nil && l.group.hasOthers(l) {
		if migratesRequests() {
			return l.Close()
		}
		if l.group.steer(l) {
			return l.closeWhenEmpty(ctx)
		}
	}
	if err := l.refuseNew(); err != nil {
		return l.fd.listenerError("drain", err)
	}
	return l.closeWhenEmpty(ctx)
}

// Drain is [TCPListener.Drain] for all listeners. It closes all, or returns an error,
// and then all go on.
func (g *ListenGroup) Drain(ctx context.Context) error {
	if ctx == nil {
		panic("nil context")
	}
	if g == nil {
		return syscall.EINVAL
	}
	g.mu.Lock()
	open := append([]*TCPListener(nil), g.order...)
	g.mu.Unlock()
	if len(open) == 0 {
		return g.Close() // which says that all are closed
	}
	for i, l := range open {
		if err := l.refuseNew(); err != nil {
			for _, before := range open[:i] {
				before.fd.pfd.SetsockoptInt(syscall.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
			}
			return l.fd.listenerError("drain", err)
		}
	}
	errs := make(chan error, len(open))
	for _, l := range open {
		go func() { errs <- l.closeWhenEmpty(ctx) }()
	}
	var first error
	for range open {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// migratesRequests reports whether the kernel hands the connections that have begun at
// one listener of a group to another when the first is closed.
func migratesRequests() bool {
	text, err := os.ReadFile("/proc/sys/net/ipv4/tcp_migrate_req")
	return err == nil && strings.TrimSpace(string(text)) == "1"
}

// refuseNew makes the kernel drop what begins a connection.
func (l *TCPListener) refuseNew() error {
	return optionError("Drain", "setsockopt", l.fd.pfd.AttachFilter(unix.SO_ATTACH_FILTER, socket.DropSYN))
}

const (
	drainLook  = 10 * time.Millisecond // how often we look into the queue
	drainQuiet = time.Second           // so long after the last connection we take it for the last
)

// closeWhenEmpty waits until no connection has come for a while, and closes the
// listener.
func (l *TCPListener) closeWhenEmpty(ctx context.Context) error {
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	for quiet := time.Now(); time.Since(quiet) < drainQuiet; {
		select {
		case <-ctx.Done():
			l.Close()
			return l.fd.listenerError("drain", mapErr(ctx.Err()))
		case <-tick.C:
		}
		queued, _, err := l.Backlog()
		if err != nil {
			return err // somebody has closed the listener
		}
		if queued > 0 {
			quiet = time.Now()
		}
	}
	return l.Close()
}
