package net2

import "context"

// The interfaces of this file are what connections of this package can do beyond
// net's on Linux. On other platforms, where connections are net's own, a program
// that asserts an interface still compiles, and the assertion reports false.

// A ReadableConn can wait for data without a buffer or a goroutine that waits. On
// Linux [*TCPConn] and [*UnixConn] implement it.
type ReadableConn interface {
	// WaitRead waits until a Read would not block: for data, the end, an error
	// or the read deadline. It consumes nothing. It may return without cause.
	WaitRead(ctx context.Context) error

	// OnReadable runs f once, in another goroutine, when a Read would not block
	// or the connection is closed. f may block.
	OnReadable(f func()) error

	// StopReadable takes back what OnReadable was given. It reports true if f
	// will not run.
	StopReadable() bool

	// TryRead reads what is there. If nothing is there, its error is one in which
	// errors.Is finds syscall.EAGAIN.
	TryRead(b []byte) (int, error)
}

// A PeerWatcher knows whether its peer is still there, without a read. On Linux
// [*TCPConn] and [*UnixConn] implement it.
type PeerWatcher interface {
	// PeerClosed reports whether the peer has ended its side or reset the
	// connection, as far as the poller has seen.
	PeerClosed() bool

	// OnPeerClosed runs f once, in another goroutine, when PeerClosed becomes
	// true or the connection is closed.
	OnPeerClosed(f func()) error

	// StopPeerClosed takes back what OnPeerClosed was given. It reports true if
	// f will not run.
	StopPeerClosed() bool
}

// A BuffersWriter writes many buffers with one system call. On Linux [*TCPConn]
// and [*UnixConn] implement it, and the WriteTo method of [*Buffers] calls it.
type BuffersWriter interface {
	// WriteBuffers writes the buffers and removes from v what it has written.
	WriteBuffers(v *Buffers) (int64, error)
}

// A ContextConn reads and writes until a context is done. On Linux [*TCPConn],
// [*UDPConn], [*UnixConn] and [*IPConn] implement it.
type ContextConn interface {
	// ReadContext is Read, and ends with an error when ctx is done.
	ReadContext(ctx context.Context, b []byte) (int, error)

	// WriteContext is Write, and ends when ctx is done. It may then have written
	// a part of b, which it says.
	WriteContext(ctx context.Context, b []byte) (int, error)
}
