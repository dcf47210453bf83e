//go:build linux

package load

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"

	"go.parity/conformance/stack"
)

// A server accepts connections and serves each in a goroutine until its peer
// ends it.
type server struct {
	net.Listener
	serving sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	lost  error // that ended Accept before Close
}

// listen starts a server on an address.
func listen(s *stack.Stack, network, address string, each func(net.Conn)) (*server, error) {
	l, err := s.Listen(network, address)
	if err != nil {
		return nil, err
	}
	return serve(l, each), nil
}

// serve starts a server that hands every connection to one function, and closes
// it after that.
func serve(l net.Listener, each func(net.Conn)) *server {
	srv := &server{Listener: l, conns: make(map[net.Conn]bool)}
	srv.serving.Go(func() { srv.accept(each) })
	return srv
}

func (srv *server) accept(each func(net.Conn)) {
	for {
		c, err := srv.Accept()
		if err != nil {
			srv.mu.Lock()
			srv.lost = err
			srv.mu.Unlock()
			return
		}
		srv.mu.Lock()
		srv.conns[c] = true
		srv.mu.Unlock()
		srv.serving.Go(func() {
			each(c)
			c.Close()
			srv.mu.Lock()
			delete(srv.conns, c)
			srv.mu.Unlock()
		})
	}
}

// open returns how many connections are being served, and what ended Accept if
// something did.
func (srv *server) open() (int, error) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return len(srv.conns), srv.lost
}

// stop closes the listener and all connections, and waits until nobody serves.
func (srv *server) stop() {
	srv.Close()
	srv.mu.Lock()
	for c := range srv.conns {
		c.Close()
	}
	srv.mu.Unlock()
	srv.serving.Wait()
}

// echo sends back what comes, until the peer ends. It copies through memory:
// splice would take two descriptors more for each connection.
func echo(c net.Conn) {
	buf := make([]byte, 4<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

// exchange writes a message and reads it back.
func exchange(c net.Conn, message []byte) error {
	written := make(chan error, 1)
	if len(message) > 4<<10 { // may be more than what the kernel buffers
		go func() {
			_, err := c.Write(message)
			written <- err
		}()
	} else {
		_, err := c.Write(message)
		written <- err
	}
	back := make([]byte, len(message))
	_, err := io.ReadFull(c, back)
	if werr := <-written; werr != nil {
		return werr
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(back, message) {
		return fmt.Errorf("sent %d bytes that begin %.32q, got others that begin %.32q", len(message), message, back)
	}
	return nil
}
