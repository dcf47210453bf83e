//go:build linux

package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"go.parity/conformance/pattern"
	"go.parity/conformance/stack"
)

// duties are what the soak does at once.
var duties = []duty{
	{"tcp echo", 8, echoes("tcp")},
	{"unix echo", 4, echoes("unix")},
	{"udp echo", 4, datagrams},
	{"http", 8, requests},
	{"short", 8, shortLives},
	{"deadlines", 4, deadlines},
	{"closes", 4, closes},
	{"resets", 2, resets},
	{"idle", 4, idle},
}

// servers are those that all duties talk to.
type servers struct {
	tcp, unix *server
	udp       net.PacketConn
	http      *http.Server
	web       net.Listener
}

// startServers starts all servers on one stack.
func startServers(s *stack.Stack, dir string) (to servers, err error) {
	defer func() {
		if err != nil {
			to.stop()
		}
	}()
	if to.tcp, err = listen(s, "tcp", "127.0.0.1:0", echo); err != nil {
		return to, err
	}
	if to.unix, err = listen(s, "unix", filepath.Join(dir, "socket"), echo); err != nil {
		return to, err
	}
	if to.udp, err = s.ListenPacket("udp", "127.0.0.1:0"); err != nil {
		return to, err
	}
	go echoPackets(to.udp)
	if to.web, err = s.Listen("tcp", "127.0.0.1:0"); err != nil {
		return to, err
	}
	to.http = &http.Server{Handler: http.HandlerFunc(echoBody)}
	go to.http.Serve(to.web)
	return to, nil
}

func (to servers) stop() {
	for _, srv := range []*server{to.tcp, to.unix} {
		if srv != nil {
			srv.stop()
		}
	}
	if to.udp != nil {
		to.udp.Close()
	}
	if to.http != nil {
		to.http.Close()
	}
}

func echoPackets(c net.PacketConn) {
	buf := make([]byte, 2<<10)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		c.WriteTo(buf[:n], from)
	}
}

func echoBody(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Write(body)
}

// dial dials the server of a network and counts the connection.
func (w *worker) dial(network string) (net.Conn, error) {
	srv := w.to.tcp
	if network == "unix" {
		srv = w.to.unix
	}
	return w.dialTo(network, srv.Addr().String())
}

func (w *worker) dialTo(network, address string) (net.Conn, error) {
	c, err := w.stack.Dial(network, address)
	if err == nil {
		w.connections.Add(1)
	}
	return c, err
}

// message returns bytes that no other message has.
func (w *worker) message(most int) []byte {
	m := pattern.Bytes(16 + w.IntN(most-15))
	copy(m, fmt.Sprintf("%016x", w.Uint64()))
	return m
}

// say sends a message and wants it back.
func (w *worker) say(c net.Conn, most int) error {
	m := w.message(most)
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if err := exchange(c, m); err != nil {
		return err
	}
	w.bytes.Add(2 * int64(len(m)))
	return nil
}

// echoes talks over one connection, and takes another now and then.
func echoes(network string) func(w *worker) (func() error, func(), error) {
	return func(w *worker) (func() error, func(), error) {
		c, err := w.dial(network)
		step := func() error {
			if w.IntN(50) == 0 {
				c.Close()
				next, err := w.dial(network)
				if err != nil {
					return err
				}
				c = next
			}
			return w.say(c, 64<<10)
		}
		return step, func() { c.Close() }, err
	}
}

// datagrams sends one datagram at a time, so that the kernel has no reason to
// drop any.
func datagrams(w *worker) (func() error, func(), error) {
	c, err := w.dialTo("udp", w.to.udp.LocalAddr().String())
	step := func() error { return w.say(c, 1<<10) }
	return step, func() { c.Close() }, err
}

// requests posts to a web server, mostly over connections that are kept.
func requests(w *worker) (func() error, func(), error) {
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		w.connections.Add(1)
		return w.stack.DialContext(ctx, network, address)
	}}
	client := &http.Client{Transport: transport, Timeout: patience}
	url := "http://" + w.to.web.Addr().String()
	step := func() error {
		if w.IntN(20) == 0 {
			transport.CloseIdleConnections()
		}
		m := w.message(64 << 10)
		answer, err := client.Post(url, "text/plain", bytes.NewReader(m))
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		back, err := io.ReadAll(answer.Body)
		if err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK || !bytes.Equal(back, m) {
			return fmt.Errorf("posted %d bytes, got %s with %d bytes, which are others", len(m), answer.Status, len(back))
		}
		w.bytes.Add(2 * int64(len(m)))
		return nil
	}
	return step, transport.CloseIdleConnections, nil
}

// shortLives makes a connection for one message, and ends it in good order.
func shortLives(w *worker) (func() error, func(), error) {
	step := func() error {
		c, err := w.dial("tcp")
		if err != nil {
			return err
		}
		defer c.Close()
		if err := w.say(c, 1<<10); err != nil {
			return err
		}
		if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			return err
		}
		if n, err := c.Read(make([]byte, 1)); err != io.EOF {
			return fmt.Errorf("Read after both sides ended = %d, %v, want EOF", n, err)
		}
		return nil
	}
	return step, func() {}, nil
}

// deadlines lets a read time out, and shows that the connection is as good as
// before.
func deadlines(w *worker) (func() error, func(), error) {
	c, err := w.dial("tcp")
	step := func() error {
		if err := c.SetReadDeadline(time.Now().Add(time.Duration(w.IntN(3000)) * time.Microsecond)); err != nil {
			return err
		}
		if n, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("Read of a silent connection with a deadline = %d, %v", n, err)
		}
		return w.say(c, 1<<10)
	}
	return step, func() { c.Close() }, err
}

// closes closes a connection that somebody reads.
func closes(w *worker) (func() error, func(), error) {
	step := func() error {
		c, err := w.dial([]string{"tcp", "unix"}[w.IntN(2)])
		if err != nil {
			return err
		}
		if err := w.say(c, 1<<10); err != nil {
			c.Close()
			return err
		}
		c.SetDeadline(time.Time{})
		read := make(chan error, 1)
		go func() {
			_, err := c.Read(make([]byte, 1))
			read <- err
		}()
		time.Sleep(time.Duration(w.IntN(1000)) * time.Microsecond)
		if err := c.Close(); err != nil {
			return err
		}
		if err := <-read; !errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("Read beside Close = %v, want %v", err, net.ErrClosed)
		}
		return nil
	}
	return step, func() {}, nil
}

// resets ends a connection with a reset, with data on its way.
func resets(w *worker) (func() error, func(), error) {
	step := func() error {
		c, err := w.dial("tcp")
		if err != nil {
			return err
		}
		if _, err := c.Write(w.message(4 << 10)); err != nil {
			c.Close()
			return err
		}
		if err := c.(stack.TCPConn).SetLinger(0); err != nil {
			c.Close()
			return err
		}
		return c.Close()
	}
	return step, func() {}, nil
}

// idle keeps connections of which one talks now and then.
func idle(w *worker) (func() error, func(), error) {
	var conns []net.Conn
	end := func() {
		for _, c := range conns {
			c.Close()
		}
	}
	for range 50 {
		c, err := w.dial("tcp")
		if err != nil {
			end()
			return nil, nil, err
		}
		conns = append(conns, c)
	}
	step := func() error { return w.say(conns[w.IntN(len(conns))], 1<<10) }
	return step, end, nil
}
