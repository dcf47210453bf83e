// Command gnet is the benchmark's server on github.com/panjf2000/gnet.
package main

import (
	"fmt"
	"os"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"

	"go.parity/conformance/bench"
)

func main() { bench.Serve(serve) }

func serve(w bench.Workload, s bench.Serving) (string, error) {
	h := &handler{serving: s, booted: make(chan boot, 1)}
	switch w.Kind {
	case bench.KindEcho, bench.KindBurst, bench.KindIdle:
		h.traffic = echo
	case bench.KindOnce:
		h.traffic = func(c gnet.Conn) gnet.Action { return once(c, w.Size) }
	default:
		return "", fmt.Errorf("no server for %q", w.Kind)
	}
	ended := make(chan error, 1)
	go func() {
		err := gnet.Run(h, "tcp://127.0.0.1:0", gnet.WithMulticore(true))
		s.Failed(fmt.Errorf("gnet ended: %w", err))
		ended <- err
	}()
	select {
	case b := <-h.booted:
		return b.addr, b.err
	case err := <-ended:
		return "", err
	}
}

// A boot is where the server listens.
type boot struct {
	addr string
	err  error
}

// A handler has what gnet calls back.
type handler struct {
	gnet.BuiltinEventEngine
	serving bench.Serving
	booted  chan boot
	traffic func(gnet.Conn) gnet.Action
}

func (h *handler) OnBoot(e gnet.Engine) gnet.Action {
	var b boot
	b.addr, b.err = address(e)
	h.booted <- b
	return gnet.None
}

// address asks the listener where the kernel put it.
func address(e gnet.Engine) (string, error) {
	fd, err := e.Dup()
	if err != nil {
		return "", err
	}
	defer func() { _ = unix.Close(fd) }() // a duplicate that was only asked
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return "", os.NewSyscallError("getsockname", err)
	}
	in4, ok := sa.(*unix.SockaddrInet4)
	if !ok {
		return "", fmt.Errorf("gnet listens on a %T", sa)
	}
	return fmt.Sprintf("127.0.0.1:%d", in4.Port), nil
}

func (h *handler) OnOpen(gnet.Conn) ([]byte, gnet.Action) {
	h.serving.Accepted()
	return nil, gnet.None
}

func (h *handler) OnTraffic(c gnet.Conn) gnet.Action { return h.traffic(c) }

func echo(c gnet.Conn) gnet.Action {
	b, err := c.Next(-1)
	if err != nil {
		return gnet.Close
	}
	if _, err := c.Write(b); err != nil {
		return gnet.Close
	}
	return gnet.None
}

// once answers one message of size bytes.
func once(c gnet.Conn, size int) gnet.Action {
	if c.InboundBuffered() < size {
		return gnet.None
	}
	echo(c)
	return gnet.Close
}
