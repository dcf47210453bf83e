//go:build linux

package net2

// PeerClosed reports whether the peer has ended its side or reset the connection, as far as
// the poller has seen. There may be data to read still, and a peer that has only ended its
// side may still read. False promises nothing.
//
// The first call lets the kernel tell, which costs a system call; from then on PeerClosed
// costs next to nothing. Its answer stays after Close. After CloseRead the kernel no longer
// tells the end of the peer's side from that of one's own: only a connection that is over
// counts, and after CloseWrite too only a reset. While a connection is open that was asked,
// the runtime does not report a deadlock, since the connection may have news.
func (c *TCPConn) PeerClosed() bool { return c.ok() && c.fd.pfd.PeerClosed() }

// OnPeerClosed lets f run once, in another goroutine, when PeerClosed becomes true or the
// connection is closed. It follows the rules of OnReadable, and no deadline.
func (c *TCPConn) OnPeerClosed(f func()) error { return c.arm(f, (*netFD).onPeerClosed) }

// StopPeerClosed takes the function of OnPeerClosed back. It returns true if the function
// will not run.
func (c *TCPConn) StopPeerClosed() bool { return c.ok() && c.fd.pfd.StopPeerClosed() }

// PeerClosed reports whether the peer has ended its side or closed the connection; see the
// PeerClosed method of [TCPConn].
func (c *UnixConn) PeerClosed() bool { return c.ok() && c.fd.pfd.PeerClosed() }

// OnPeerClosed lets f run once when PeerClosed becomes true or the connection is closed; see
// the OnPeerClosed method of [TCPConn].
func (c *UnixConn) OnPeerClosed(f func()) error { return c.arm(f, (*netFD).onPeerClosed) }

// StopPeerClosed takes the function of OnPeerClosed back. It returns true if the function
// will not run.
func (c *UnixConn) StopPeerClosed() bool { return c.ok() && c.fd.pfd.StopPeerClosed() }
