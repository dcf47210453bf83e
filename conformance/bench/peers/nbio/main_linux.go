// Command nbio is the benchmark's server on github.com/lesismal/nbio, and for
// HTTP on its package nbhttp.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"

	"github.com/lesismal/nbio"
	"github.com/lesismal/nbio/logging"
	"github.com/lesismal/nbio/nbhttp"

	"go.parity/conformance/bench"
)

func main() { bench.Serve(serve) }

// loopback is where the servers listen.
const loopback = "127.0.0.1:0"

func serve(w bench.Workload, s bench.Serving) (string, error) {
	logging.SetLevel(logging.LevelError)
	if w.Kind == bench.KindHTTP {
		return serveHTTP()
	}
	engine := nbio.NewEngine(nbio.Config{
		Network: "tcp",
		Addrs:   []string{loopback},
		NPoller: runtime.NumCPU(),
	})
	engine.OnOpen(func(*nbio.Conn) { s.Accepted() })
	switch w.Kind {
	case bench.KindEcho, bench.KindBurst, bench.KindIdle:
		engine.OnData(echo)
	case bench.KindOnce:
		engine.OnData(func(c *nbio.Conn, b []byte) { once(c, b, w.Size) })
	default:
		return "", fmt.Errorf("no server for %q", w.Kind)
	}
	if err := engine.Start(); err != nil {
		return "", err
	}
	return engine.Addrs[0], nil // from Start on it has the port
}

// echo leaves it to nbio to close a connection on which it cannot write.
func echo(c *nbio.Conn, b []byte) { _, _ = c.Write(b) }

// once answers one message of size bytes. Only what has not come whole is kept.
func once(c *nbio.Conn, b []byte, size int) {
	if before, ok := c.Session().([]byte); ok {
		b = append(before, b...)
	}
	if len(b) < size {
		c.SetSession(slices.Clone(b)) // b is nbio's
		return
	}
	echo(c, b)
	_ = c.Close() // its peer may have reset it
}

func serveHTTP() (string, error) {
	var addr string
	engine := nbhttp.NewEngine(nbhttp.Config{
		Network: "tcp",
		Addrs:   []string{loopback},
		NPoller: runtime.NumCPU(),
		Listen: func(network, address string) (net.Listener, error) {
			ln, err := net.Listen(network, address)
			if err == nil {
				addr = ln.Addr().String()
			}
			return ln, err
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(bench.HTTPBody))) // otherwise nbhttp sends it in chunks
			_, _ = io.WriteString(w, bench.HTTPBody)                            // a peer that is gone has nothing to hear
		}),
	})
	if err := engine.Start(); err != nil {
		return "", err
	}
	return addr, nil
}
