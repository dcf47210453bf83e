package traffic

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.parity/conformance/host"
	"go.parity/conformance/pattern"
	"go.parity/conformance/stack"
)

// A proto is the protocol that the two ends speak, and what they speak it over.
type proto struct {
	name string
	tls  bool
	http func(*http.Protocols)
	unix bool
}

var (
	h1    = proto{name: "h1", http: func(p *http.Protocols) { p.SetHTTP1(true) }}
	h1tls = proto{name: "h1tls", tls: true, http: func(p *http.Protocols) { p.SetHTTP1(true) }}
	h2    = proto{name: "h2", tls: true, http: func(p *http.Protocols) { p.SetHTTP2(true) }}
	h2c   = proto{name: "h2c", http: func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) }}
	unix  = proto{name: "unix", unix: true, http: func(p *http.Protocols) { p.SetHTTP1(true) }}

	anyHTTP1 = []proto{h1, h1tls, unix}
	anyHTTP  = []proto{h1, h1tls, h2, h2c, unix}
)

func (p proto) protocols() *http.Protocols {
	set := new(http.Protocols)
	p.http(set)
	return set
}

// lack returns what this host lacks for the protocol.
func (p proto) lack() *host.Lack {
	if p.unix {
		return host.Lacking(host.Proc, host.TempDir)
	}
	return host.Lacking(host.Proc, host.Loopback)
}

func (p proto) multiplexed() bool { return p.name == "h2" || p.name == "h2c" }

func (p proto) scheme() string {
	if p.tls {
		return "https"
	}
	return "http"
}

// A world is one run of a scenario: its protocol, its two stacks, and everything
// that must be closed when the run is over.
type world struct {
	notebook
	proto          proto
	client, server *stack.Stack
	ctx            context.Context // ends when the time is up
	cancel         context.CancelFunc

	closing sync.Mutex
	closers []func()
	closed  bool
	dir     string
	sites   map[string]string // host:port of a URL to the socket's path
	conns   []net.Conn        // all connections so far, to close if the run hangs
}

func newWorld(ctx context.Context, pr proto, p pair, limit time.Duration) *world {
	w := &world{proto: pr, client: p.client, server: p.server, sites: make(map[string]string)}
	w.ctx, w.cancel = context.WithTimeout(ctx, limit)
	return w
}

// onClose has f called when the world ends, the last f first.
func (w *world) onClose(f func()) {
	w.closing.Lock()
	if !w.closed {
		w.closers = append(w.closers, f)
		f = nil
	}
	w.closing.Unlock()
	if f != nil {
		f()
	}
}

func (w *world) close() {
	w.closing.Lock()
	w.closed = true
	list := w.closers
	w.closers = nil
	w.closing.Unlock()
	for i := len(list) - 1; i >= 0; i-- {
		list[i]()
	}
	w.cancel()
}

// tempDir returns a folder that the world removes.
func (w *world) tempDir() (string, error) {
	w.closing.Lock()
	defer w.closing.Unlock()
	if w.dir != "" {
		return w.dir, nil
	}
	dir, err := os.MkdirTemp("", "traffic")
	if err != nil {
		return "", err
	}
	w.dir = dir
	w.closers = append([]func(){func() { os.RemoveAll(dir) }}, w.closers...)
	return dir, nil
}

// A site is a server that is up.
type site struct {
	*http.Server
	url    string // without a slash at the end
	addr   string // what a client dials
	ln     net.Listener
	conns  atomic.Int64  // accepted so far
	gone   chan struct{} // gets one for each connection that ended
	served chan error    // what Serve returned
	peers  chan net.Conn // the first connection as net/http sees it
}

// serve starts a server for h on the server's stack, on the address that a
// test of the standard library would use.
func (w *world) serve(h http.Handler, options ...func(*http.Server)) (*site, error) {
	if w.proto.unix {
		dir, err := w.tempDir()
		if err != nil {
			return nil, err
		}
		w.closing.Lock()
		host := fmt.Sprintf("site%d", len(w.sites))
		path := filepath.Join(dir, host)
		w.sites[host+":80"] = path
		w.closing.Unlock()
		ln, err := w.server.ListenContext(w.ctx, "unix", path)
		if err != nil {
			return nil, err
		}
		return w.serveOn(ln, path, "http://"+host, h, options...), nil
	}
	return w.serveAt("tcp", "127.0.0.1:0", h, options...)
}

func (w *world) serveAt(network, address string, h http.Handler, options ...func(*http.Server)) (*site, error) {
	ln, err := w.server.ListenContext(w.ctx, network, address)
	if err != nil {
		return nil, err
	}
	addr := ln.Addr().String()
	return w.serveOn(ln, addr, w.proto.scheme()+"://"+addr, h, options...), nil
}

func (w *world) serveOn(ln net.Listener, addr, url string, h http.Handler, options ...func(*http.Server)) *site {
	s := &site{
		url:    url,
		addr:   addr,
		ln:     ln,
		gone:   make(chan struct{}, 4096),
		served: make(chan error, 1),
		peers:  make(chan net.Conn, 1),
	}
	s.Server = &http.Server{
		Handler:   h,
		Protocols: w.proto.protocols(),
		ErrorLog:  log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			w.keep(c)
			select {
			case s.peers <- c:
			default:
			}
			return ctx
		},
		ConnState: func(c net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				s.conns.Add(1)
			case http.StateClosed, http.StateHijacked:
				select {
				case s.gone <- struct{}{}:
				default:
				}
			}
		},
	}
	if w.proto.tls {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{identity().cert}}
	}
	for _, option := range options {
		option(s.Server)
	}
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		if w.proto.tls {
			s.served <- s.ServeTLS(ln, "", "")
		} else {
			s.served <- s.Serve(ln)
		}
	}()
	w.onClose(func() {
		s.Close()
		ln.Close() // a server that never reached Serve does not know its listener
		select {
		case <-returned:
		case <-time.After(5 * time.Second): // counted as left behind
		}
	})
	return s
}

// newClient returns an http.Client on the client's stack.
func (w *world) newClient(options ...func(*http.Transport)) *http.Client {
	tr := w.newTransport(options...)
	return &http.Client{
		Transport: tr,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

func (w *world) newTransport(options ...func(*http.Transport)) *http.Transport {
	tr := &http.Transport{
		DialContext:           w.dial,
		Protocols:             w.proto.protocols(),
		TLSClientConfig:       &tls.Config{RootCAs: identity().pool},
		MaxIdleConnsPerHost:   1000,
		ExpectContinueTimeout: time.Minute,
		DisableCompression:    true,
	}
	for _, option := range options {
		option(tr)
	}
	w.onClose(tr.CloseIdleConnections)
	return tr
}

// dial is the function with which the clients' transports dial.
func (w *world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.closing.Lock()
	path, ok := w.sites[address]
	w.closing.Unlock()
	if ok {
		network, address = "unix", path
	}
	c, err := w.client.DialContext(ctx, network, address)
	if err == nil {
		w.keep(c)
	}
	return c, err
}

func (w *world) keep(c net.Conn) {
	w.closing.Lock()
	defer w.closing.Unlock()
	w.conns = append(w.conns, c)
}

// cut closes all connections, even those that a handler took from its server.
func (w *world) cut() {
	w.closing.Lock()
	list := w.conns
	w.conns = nil
	w.closing.Unlock()
	for _, c := range list {
		c.Close()
	}
}

// raw dials s on the client's stack, without an http.Client, and with TLS if the
// protocol has it. The connection ends when the world's time is up.
func (w *world) raw(s *site) (net.Conn, error) {
	network := "tcp"
	if w.proto.unix {
		network = "unix"
	}
	c, err := w.client.DialContext(w.ctx, network, s.addr)
	if err != nil {
		return nil, err
	}
	w.onClose(func() { c.Close() })
	if deadline, ok := w.ctx.Deadline(); ok {
		c.SetDeadline(deadline)
	}
	if w.proto.tls {
		t := tls.Client(c, &tls.Config{RootCAs: identity().pool, ServerName: "localhost"})
		return t, t.HandshakeContext(w.ctx)
	}
	return c, nil
}

// refusing returns an address on which nobody listens or will listen: it is the
// near end of a connection that stays.
func (w *world) refusing() (string, error) {
	ln, err := w.server.ListenContext(w.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	w.onClose(func() { ln.Close() })
	c, err := w.client.DialContext(w.ctx, "tcp", ln.Addr().String())
	if err != nil {
		return "", err
	}
	w.onClose(func() { c.Close() })
	return c.LocalAddr().String(), nil
}

// A reply is what a client sees of a response.
type reply struct {
	Status   string
	Proto    string
	Header   map[string][]string
	Trailer  map[string][]string
	Length   int64
	Encoding []string
	Body     string // a digest
	Err      string // why there is no response, or why its body ended early
}

// do sends the request and reads the whole response.
func (w *world) do(c *http.Client, req *http.Request) reply {
	resp, err := c.Do(req)
	if err != nil {
		return reply{Err: class(err)}
	}
	defer resp.Body.Close()
	r := reply{
		Status:   resp.Status,
		Proto:    resp.Proto,
		Header:   plainHeader(resp.Header),
		Length:   resp.ContentLength,
		Encoding: resp.TransferEncoding,
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return r
	}
	r.Body, err = digestOf(resp.Body)
	r.Trailer = plainHeader(resp.Trailer)
	if err != nil {
		r.Err = class(err)
	}
	return r
}

func (w *world) get(c *http.Client, url string) reply {
	return w.do(c, w.request("GET", url, nil))
}

// request makes a request that ends when the world does.
func (w *world) request(method, url string, body io.Reader) *http.Request {
	req, err := http.NewRequestWithContext(w.ctx, method, url, body)
	if err != nil {
		panic(err) // the scenario is wrong
	}
	return req
}

// wait receives from ch, or gives up when the world's time is up.
func wait[T any](w *world, ch <-chan T, what string) (T, error) {
	select {
	case v := <-ch:
		return v, nil
	case <-w.ctx.Done():
		var zero T
		return zero, fmt.Errorf("waiting for %s: %w", what, w.ctx.Err())
	}
}

// plainHeader leaves out what differs between any two runs.
func plainHeader(h http.Header) map[string][]string {
	m := make(map[string][]string)
	for key, values := range h {
		if key == "Date" {
			continue
		}
		for _, v := range values {
			m[key] = append(m[key], plain(v))
		}
	}
	return m
}

// payload returns the first n bytes of a text that is made only once.
func payload(n int) []byte { return made()[:n:n] }

const maxPayload = 8 << 20

var made = sync.OnceValue(func() []byte { return pattern.Bytes(maxPayload) })

func digest(b []byte) string {
	d, _ := digestOf(bytes.NewReader(b))
	return d
}

// digestOf reads r to its end and returns the length and a hash of what it read.
func digestOf(r io.Reader) (string, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return fmt.Sprintf("%d bytes %x", n, h.Sum(nil)[:8]), err
}

// chunked hides the length of a body.
func chunked(b []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(b)} }

// identity is a certificate authority and a certificate for this host, both
// made in memory.
var identity = sync.OnceValue(func() (id struct {
	cert tls.Certificate
	pool *x509.CertPool
}) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "traffic"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	id.cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	id.pool = x509.NewCertPool()
	id.pool.AddCert(leaf)
	return id
})

var hello = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
	io.WriteString(rw, "hello "+r.URL.Path)
})
