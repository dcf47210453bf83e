//go:build linux

// Package poll looks after one descriptor: it keeps the descriptor open while
// somebody uses it, lets one reader and one writer in at a time, and waits until
// the descriptor is ready.
//
// An operation takes a reference, and the read or the write lock, from fdMutex;
// it makes its system call, and on EAGAIN parks in the poller. Close marks the
// mutex closed, evicts whoever is parked, and drops its own reference; whoever
// drops the last one destroys the descriptor. So a descriptor number is never
// used after it could have been given to another file.
//
// Every error is an errno of type [socket.Errno], or one of [net.ErrClosed],
// [os.ErrDeadlineExceeded], [io.EOF], [io.ErrUnexpectedEOF],
// [os.ErrNoDeadline] and [ErrNotPollable].
package poll
