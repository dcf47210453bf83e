package trace

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

var scenarios = []Scenario{
	{
		Name: "listen-first", Step: "listen", cold: true,
		Doc:   "The first Listen of a process: the stack asks what the host can do and makes its poller.",
		child: recordListen("tcp", "127.0.0.1:0"),
		peer:  (*peer).awaitBye,
	},
	{
		Name: "listen", Step: "listen",
		Doc:   "Listen on a loopback address; the kernel chooses the port.",
		child: recordListen("tcp", "127.0.0.1:0"),
		peer:  (*peer).awaitBye,
	},
	{
		Name: "listen-any", Step: "listen",
		Doc:   "Listen on every address: one socket serves IPv6 and IPv4.",
		child: recordListen("tcp", ":0"),
		peer:  (*peer).awaitBye,
	},

	{
		Name: "accept-first", Step: "accept",
		Doc: "Accept a connection that is already waiting, the first one of its listener.",
		child: func(c *child) error {
			ln, err := c.listener()
			if err != nil {
				return err
			}
			if err := c.awaitEvents(unix.POLLIN); err != nil {
				return err
			}
			return c.recordAccept(ln)
		},
		peer: (*peer).dialAndStay,
	},
	{
		Name: "accept", Step: "accept",
		Doc: "Accept a connection that is already waiting, a later one of its listener.",
		child: func(c *child) error {
			ln, err := c.listener()
			if err != nil {
				return err
			}
			if _, err := ln.Accept(); err != nil {
				return err
			}
			if err := c.tell(ln.Addr().String()); err != nil {
				return err
			}
			if err := c.awaitEvents(unix.POLLIN); err != nil {
				return err
			}
			return c.recordAccept(ln)
		},
		peer: func(p *peer) error {
			conn, err := p.dial()
			if err != nil {
				return err
			}
			defer conn.Close()
			return p.dialAndStay()
		},
	},
	{
		Name: "accept-parks", Step: "accept",
		Doc: "Accept before anybody connects: the goroutine parks until a connection comes.",
		child: func(c *child) error {
			ln, err := c.listener()
			if err != nil {
				return err
			}
			if _, err := ln.Accept(); err != nil {
				return err
			}
			if err := c.tell(ln.Addr().String()); err != nil {
				return err
			}
			return c.recordAccept(ln)
		},
		peer: func(p *peer) error {
			conn, err := p.dial()
			if err != nil {
				return err
			}
			defer conn.Close()
			addr, err := p.hear()
			if err != nil {
				return err
			}
			if err := p.awaitBlocked(1); err != nil {
				return err
			}
			later, err := p.dialTo(addr)
			if err != nil {
				return err
			}
			defer later.Close()
			return p.awaitBye()
		},
	},
	{
		Name: "local-addr", Step: "accept",
		Doc:   "Ask for the addresses of a connection whose listener is bound to one address.",
		child: recordAddrs((*child).listener),
		peer:  (*peer).dialAndStay,
	},
	{
		Name: "local-addr-any", Step: "accept",
		Doc:   "Ask for the addresses of a connection whose listener is bound to all addresses.",
		child: recordAddrs((*child).listenerAny),
		peer:  (*peer).dialAndStay,
	},

	{
		Name: "dial", Step: "dial",
		Doc: "Dial a listener on loopback.",
		child: func(c *child) error {
			addr, err := c.hear()
			if err != nil {
				return err
			}
			return c.recordDial("tcp", addr)
		},
		peer: func(p *peer) error {
			ln, err := p.listen()
			if err != nil {
				return err
			}
			defer ln.Close()
			return p.awaitBye()
		},
	},
	{
		Name: "dial-refused", Step: "dial",
		Doc: "Dial a port where nobody listens.",
		child: func(c *child) error {
			addr, err := c.hear()
			if err != nil {
				return err
			}
			err = c.record(func() error {
				if _, err := c.Dial("tcp", addr); !errors.Is(err, unix.ECONNREFUSED) {
					return fmt.Errorf("dial: %v, want %w", err, unix.ECONNREFUSED)
				}
				return nil
			})
			return errors.Join(err, c.bye())
		},
		peer: func(p *peer) error {
			// A port that is taken, but not listened on.
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
				return err
			}
			sa, err := unix.Getsockname(fd)
			if err != nil {
				return err
			}
			addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: sa.(*unix.SockaddrInet4).Port}
			p.own(addr)
			if err := p.tell(addr.String()); err != nil {
				return err
			}
			return p.awaitBye()
		},
	},

	{
		Name: "read", Step: "read",
		Doc: "Read when the data is already there.",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			if err := c.awaitEvents(unix.POLLIN); err != nil {
				return err
			}
			return c.recordRead(conn, "hello")
		},
		peer: func(p *peer) error {
			conn, err := p.dial()
			if err != nil {
				return err
			}
			defer conn.Close()
			if _, err := conn.Write([]byte("hello")); err != nil {
				return err
			}
			return p.awaitBye()
		},
	},
	{
		Name: "read-parks", Step: "read",
		Doc: "Read before the data comes: the goroutine parks until it does.",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			return c.recordRead(conn, "hello")
		},
		peer: whenBlocked(sayHello),
	},
	{
		Name: "request", Step: "read",
		Doc: "A server's turn: wait for a request, answer it.",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			err = c.record(func() error {
				b := make([]byte, 16)
				n, err := conn.Read(b)
				if err != nil {
					return err
				}
				_, err = conn.Write(b[:n])
				return err
			})
			return errors.Join(err, c.bye())
		},
		peer: whenBlocked(sayHello),
	},
	{
		Name: "request-parks", Step: "read", loops: true,
		Doc: "The same with an answer that does not fit in the buffer: the goroutine parks a second time, as writer.",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			b := make([]byte, big)
			err = c.record(func() error {
				n, err := conn.Read(b)
				if err := expect(n, err, 5); err != nil {
					return err
				}
				n, err = conn.Write(b)
				return expect(n, err, big)
			})
			return errors.Join(err, c.bye())
		},
		peer: whenBlocked(func(p *peer, conn net.Conn) error {
			if err := sayHello(p, conn); err != nil {
				return err
			}
			if err := p.awaitBlocked(2); err != nil {
				return err
			}
			return readBig(p, conn)
		}),
	},

	{
		Name: "read-often", Step: "read",
		Doc: "Wait on one connection again and again.",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			err = c.record(func() error {
				for range often {
					n, err := conn.Read(make([]byte, 16))
					if err := expect(n, err, 5); err != nil {
						return err
					}
				}
				return nil
			})
			return errors.Join(err, c.bye())
		},
		peer: func(p *peer) error {
			conn, err := p.dial()
			if err != nil {
				return err
			}
			defer conn.Close()
			for n := range often {
				if err := p.awaitBlocked(n + 1); err != nil {
					return err
				}
				if _, err := conn.Write([]byte("hello")); err != nil {
					return err
				}
			}
			return p.awaitBye()
		},
	},

	{
		Name: "write", Step: "write",
		Doc: "Write what the socket's buffer has room for.",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			err = c.record(func() error {
				n, err := conn.Write([]byte("hello"))
				return expect(n, err, 5)
			})
			return errors.Join(err, c.bye())
		},
		peer: (*peer).dialAndStay,
	},
	{
		Name: "write-parks", Step: "write", loops: true,
		Doc: "Write more than the buffer holds: the goroutine parks until the peer has read.",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			b := make([]byte, big)
			err = c.record(func() error {
				n, err := conn.Write(b)
				return expect(n, err, big)
			})
			return errors.Join(err, c.bye())
		},
		peer: whenBlocked(readBig),
	},

	{
		Name: "deadline", Step: "deadline",
		Doc: "Read until a deadline fires that is set during the Read.",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			set := make(chan error)
			go func() {
				if _, err := c.hear(); err != nil {
					set <- err
					return
				}
				set <- conn.SetReadDeadline(soon())
			}()
			err = c.record(func() error {
				_, err := conn.Read(make([]byte, 16))
				return wantTimeout(err)
			})
			return errors.Join(err, <-set, c.bye())
		},
		peer: whenBlocked(func(p *peer, _ net.Conn) error { return p.tell("set the deadline") }),
	},
	{
		Name: "deadline-past", Step: "deadline",
		Doc: "Read with a deadline that has passed: neither stack calls read(2).",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			err = c.record(func() error {
				if err := conn.SetReadDeadline(longAgo); err != nil {
					return err
				}
				_, err := conn.Read(make([]byte, 16))
				return wantTimeout(err)
			})
			return errors.Join(err, c.bye())
		},
		peer: (*peer).dialAndStay,
	},

	{
		Name: "half-close", Step: "close",
		Doc: "Close the sending side, then read to the end of what the peer sends.",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			err = c.record(func() error {
				if err := conn.(halfCloser).CloseWrite(); err != nil {
					return err
				}
				if n, err := conn.Read(make([]byte, 16)); err != io.EOF {
					return fmt.Errorf("read %d bytes, %v, want EOF", n, err)
				}
				return nil
			})
			return errors.Join(err, c.bye())
		},
		peer: whenBlocked(func(_ *peer, conn net.Conn) error { return conn.Close() }),
	},
	{
		Name: "close", Step: "close",
		Doc: "Close a connection.",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			return errors.Join(c.record(conn.Close), c.bye())
		},
		peer: (*peer).dialAndStay,
	},
	{
		Name: "close-any", Step: "close",
		Doc: "Close a connection whose listener is bound to all addresses, before anybody has asked for its own address.",
		child: func(c *child) error {
			ln, err := c.listenerAny()
			if err != nil {
				return err
			}
			conn, err := ln.Accept()
			if err != nil {
				return err
			}
			return errors.Join(c.record(conn.Close), c.bye())
		},
		peer: (*peer).dialAndStay,
	},
	{
		Name: "close-listener", Step: "close",
		Doc: "Close a listener.",
		child: func(c *child) error {
			ln, err := c.listener()
			if err != nil {
				return err
			}
			return errors.Join(c.record(ln.Close), c.bye())
		},
		peer: func(p *peer) error {
			if _, err := p.hear(); err != nil {
				return err
			}
			return p.awaitBye()
		},
	},
	{
		Name: "close-wakes", Step: "close",
		Doc: "Close a connection while another goroutine reads from it.",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			closed := make(chan error)
			go func() {
				if _, err := c.hear(); err != nil {
					closed <- err
					return
				}
				untilReadParks() // a close that came earlier would save the watch
				closed <- conn.Close()
			}()
			err = c.record(func() error {
				_, err := conn.Read(make([]byte, 16))
				if !errors.Is(err, net.ErrClosed) {
					return fmt.Errorf("read: %v, want %w", err, net.ErrClosed)
				}
				return <-closed
			})
			return errors.Join(err, c.bye())
		},
		peer: whenBlocked(func(p *peer, _ net.Conn) error { return p.tell("close") }),
	},

	{
		Name: "udp-listen", Step: "udp",
		Doc: "Make a UDP socket that anybody may send to.",
		child: func(c *child) error {
			err := c.record(func() error {
				_, err := c.ListenPacket("udp", "127.0.0.1:0")
				return err
			})
			return errors.Join(err, c.bye())
		},
		peer: (*peer).awaitBye,
	},
	{
		Name: "udp-dial", Step: "udp",
		Doc: "Make a UDP socket with one peer, write a datagram and read the answer.",
		child: func(c *child) error {
			addr, err := c.hear()
			if err != nil {
				return err
			}
			err = c.record(func() error {
				conn, err := c.Dial("udp", addr)
				if err != nil {
					return err
				}
				if _, err := conn.Write([]byte("hello")); err != nil {
					return err
				}
				n, err := conn.Read(make([]byte, 16))
				return expect(n, err, 5)
			})
			return errors.Join(err, c.bye())
		},
		peer: func(p *peer) error {
			conn, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			defer conn.Close()
			p.own(conn.LocalAddr())
			if err := p.tell(conn.LocalAddr().String()); err != nil {
				return err
			}
			if err := conn.SetDeadline(time.Now().Add(timeLimit)); err != nil {
				return err // nothing tells the peer that the child is gone
			}
			b := make([]byte, 16)
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return err
			}
			if err := p.awaitBlocked(1); err != nil {
				return err
			}
			if _, err := conn.WriteTo(b[:n], from); err != nil {
				return err
			}
			return p.awaitBye()
		},
	},
	{
		Name: "udp-send", Step: "udp",
		Doc: "Send a datagram from a socket that anybody may send to.",
		child: func(c *child) error {
			conn, to, err := c.packetConn()
			if err != nil {
				return err
			}
			err = c.record(func() error {
				n, err := conn.WriteTo([]byte("hello"), to)
				return expect(n, err, 5)
			})
			return errors.Join(err, c.bye())
		},
		peer: func(p *peer) error {
			conn, _, err := p.packetConn()
			if err != nil {
				return err
			}
			defer conn.Close()
			return p.awaitBye()
		},
	},
	{
		Name: "udp-receive", Step: "udp",
		Doc: "Receive a datagram that is already there.",
		child: func(c *child) error {
			conn, _, err := c.packetConn()
			if err != nil {
				return err
			}
			if err := c.awaitEvents(unix.POLLIN); err != nil {
				return err
			}
			err = c.record(func() error {
				n, _, err := conn.ReadFrom(make([]byte, 16))
				return expect(n, err, 5)
			})
			return errors.Join(err, c.bye())
		},
		peer: func(p *peer) error {
			conn, to, err := p.packetConn()
			if err != nil {
				return err
			}
			defer conn.Close()
			if _, err := conn.WriteTo([]byte("hello"), to); err != nil {
				return err
			}
			return p.awaitBye()
		},
	},
	{
		Name: "udp-receive-parks", Step: "udp",
		Doc: "Receive a datagram before it comes: the goroutine parks until it does.",
		child: func(c *child) error {
			conn, _, err := c.packetConn()
			if err != nil {
				return err
			}
			err = c.record(func() error {
				n, _, err := conn.ReadFrom(make([]byte, 16))
				return expect(n, err, 5)
			})
			return errors.Join(err, c.bye())
		},
		peer: func(p *peer) error {
			conn, to, err := p.packetConn()
			if err != nil {
				return err
			}
			defer conn.Close()
			if err := p.awaitBlocked(1); err != nil {
				return err
			}
			if _, err := conn.WriteTo([]byte("hello"), to); err != nil {
				return err
			}
			return p.awaitBye()
		},
	},

	{
		Name: "unix-listen", Step: "unix",
		Doc: "Listen on a socket in the file system, then close it, which removes it.",
		child: func(c *child) error {
			err := c.record(func() error {
				ln, err := c.Listen("unix", ownSocket)
				if err != nil {
					return err
				}
				return ln.Close()
			})
			return errors.Join(err, c.bye())
		},
		peer: (*peer).awaitBye,
	},
	{
		Name: "unix-accept", Step: "unix",
		Doc: "Accept a unix connection that is already waiting, read from it, write to it and close it.",
		child: func(c *child) error {
			ln, err := c.Listen("unix", ownSocket)
			if err != nil {
				return err
			}
			if err := c.tell("listening"); err != nil {
				return err
			}
			if _, err := c.hear(); err != nil {
				return err
			}
			err = c.record(func() error {
				conn, err := ln.Accept()
				if err != nil {
					return err
				}
				n, err := conn.Read(make([]byte, 16))
				if err := expect(n, err, 5); err != nil {
					return err
				}
				if _, err := conn.Write([]byte("hello")); err != nil {
					return err
				}
				return conn.Close()
			})
			return errors.Join(err, c.bye())
		},
		peer: func(p *peer) error {
			if _, err := p.hear(); err != nil {
				return err
			}
			conn, err := net.Dial("unix", filepath.Join(p.dir, ownSocket))
			if err != nil {
				return err
			}
			defer conn.Close()
			if _, err := conn.Write([]byte("hello")); err != nil {
				return err
			}
			if err := p.tell("sent"); err != nil {
				return err
			}
			return p.awaitBye()
		},
	},
	{
		Name: "unix-dial", Step: "unix",
		Doc: "Dial a unix listener.",
		child: func(c *child) error {
			if _, err := c.hear(); err != nil {
				return err
			}
			return c.recordDial("unix", peerSocket)
		},
		peer: func(p *peer) error {
			ln, err := net.Listen("unix", filepath.Join(p.dir, peerSocket))
			if err != nil {
				return err
			}
			defer ln.Close()
			if err := p.tell("listening"); err != nil {
				return err
			}
			return p.awaitBye()
		},
	},

	{
		Name: "sendfile", Step: "sendfile",
		Doc: "Copy a file into a connection: the kernel moves the bytes.",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			f, err := os.Open(fileName)
			if err != nil {
				return err
			}
			defer f.Close()
			err = c.record(func() error {
				n, err := io.Copy(conn, f)
				return expect(int(n), err, fileSize)
			})
			return errors.Join(err, c.bye())
		},
		peer: func(p *peer) error {
			conn, err := p.dial()
			if err != nil {
				return err
			}
			defer conn.Close()
			return p.awaitBye()
		},
	},
	{
		Name: "splice", Step: "splice",
		Doc: "Copy one connection into another until its end: the kernel moves the bytes through a pipe.",
		child: func(c *child) error {
			ln, err := c.listener()
			if err != nil {
				return err
			}
			src, err := ln.Accept()
			if err != nil {
				return err
			}
			if err := c.tell(ln.Addr().String()); err != nil {
				return err
			}
			dst, err := ln.Accept()
			if err != nil {
				return err
			}
			if err := c.awaitEvents(unix.POLLIN | unix.POLLRDHUP); err != nil {
				return err
			}
			err = c.record(func() error {
				n, err := io.Copy(dst, src)
				return expect(int(n), err, 5)
			})
			return errors.Join(err, c.bye())
		},
		peer: func(p *peer) error {
			src, err := p.dial()
			if err != nil {
				return err
			}
			if _, err := src.Write([]byte("hello")); err != nil {
				return err
			}
			if err := src.Close(); err != nil {
				return err
			}
			return p.dialAndStay()
		},
	},

	{
		Name: "file", Step: "file",
		Doc: "Take a connection's descriptor with File, then close the connection: the duplicate stays.",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			err = c.record(func() error {
				if _, err := conn.(filer).File(); err != nil {
					return err
				}
				return conn.Close()
			})
			return errors.Join(err, c.bye())
		},
		peer: (*peer).dialAndStay,
	},
	{
		Name: "file-conn", Step: "file",
		Doc: "Make a connection from a descriptor with FileConn.",
		child: func(c *child) error {
			conn, err := c.conn()
			if err != nil {
				return err
			}
			f, err := conn.(filer).File()
			if err != nil {
				return err
			}
			err = c.record(func() error {
				_, err := c.FileConn(f)
				return err
			})
			return errors.Join(err, c.bye())
		},
		peer: (*peer).dialAndStay,
	},
}

const (
	often      = 8       // fewer than the waits after which a reader may give way, to see
	big        = 8 << 20 // more than any socket buffer of a usual host holds
	fileName   = "file"
	fileSize   = 4096
	ownSocket  = "own.sock" // paths are relative: the child runs in a directory of its own
	peerSocket = "peer.sock"
)

func recordListen(network, address string) func(*child) error {
	return func(c *child) error {
		err := c.record(func() error {
			_, err := c.Listen(network, address)
			return err
		})
		return errors.Join(err, c.bye())
	}
}

// recordAddrs asks an accepted connection twice for both of its addresses.
func recordAddrs(listener func(*child) (net.Listener, error)) func(*child) error {
	return func(c *child) error {
		ln, err := listener(c)
		if err != nil {
			return err
		}
		conn, err := ln.Accept()
		if err != nil {
			return err
		}
		err = c.record(func() error {
			for range 2 {
				if conn.LocalAddr() == nil || conn.RemoteAddr() == nil {
					return errors.New("a connection without an address")
				}
			}
			return nil
		})
		return errors.Join(err, c.bye())
	}
}

func (c *child) recordAccept(ln net.Listener) error {
	err := c.record(func() error {
		_, err := ln.Accept()
		return err
	})
	return errors.Join(err, c.bye())
}

func (c *child) recordDial(network, address string) error {
	err := c.record(func() error {
		_, err := c.Dial(network, address)
		return err
	})
	return errors.Join(err, c.bye())
}

func (c *child) recordRead(conn net.Conn, want string) error {
	err := c.record(func() error {
		n, err := conn.Read(make([]byte, 16))
		return expect(n, err, len(want))
	})
	return errors.Join(err, c.bye())
}

// packetConn makes a UDP socket and exchanges addresses with the peer.
func (c *child) packetConn() (net.PacketConn, net.Addr, error) {
	conn, err := c.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	if err := c.tell(conn.LocalAddr().String()); err != nil {
		return nil, nil, err
	}
	addr, err := c.hear()
	if err != nil {
		return nil, nil, err
	}
	to, err := net.ResolveUDPAddr("udp", addr)
	return conn, to, err
}

// packetConn makes a UDP socket and exchanges addresses with the child.
func (p *peer) packetConn() (net.PacketConn, net.Addr, error) {
	addr, err := p.hear()
	if err != nil {
		return nil, nil, err
	}
	to, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, nil, err
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	p.own(conn.LocalAddr())
	return conn, to, p.tell(conn.LocalAddr().String())
}

// whenBlocked connects, waits until a call of the recording has found nothing to
// do, and then does what the recording is waiting for.
func whenBlocked(do func(*peer, net.Conn) error) func(*peer) error {
	return func(p *peer) error {
		conn, err := p.dial()
		if err != nil {
			return err
		}
		defer conn.Close()
		if err := p.awaitBlocked(1); err != nil {
			return err
		}
		if err := do(p, conn); err != nil {
			return err
		}
		return p.awaitBye()
	}
}

// sayHello sends what the recorded Read waits for.
func sayHello(_ *peer, conn net.Conn) error {
	_, err := conn.Write([]byte("hello"))
	return err
}

// readBig reads what the recorded Write sends.
func readBig(_ *peer, conn net.Conn) error {
	_, err := io.CopyN(io.Discard, conn, big)
	return err
}

// dialAndStay connects and keeps the connection until the recording is done.
func (p *peer) dialAndStay() error {
	conn, err := p.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	return p.awaitBye()
}
