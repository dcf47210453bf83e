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

// An environment holds what one run of a scenario works with: its protocol, its
// two stacks, and everything that must be closed when the run is over.
type environment struct {
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

func newEnvironment(ctx context.Context, pr proto, p pair, limit time.Duration) *environment {
	env := &environment{proto: pr, client: p.client, server: p.server, sites: make(map[string]string)}
	env.ctx, env.cancel = context.WithTimeout(ctx, limit)
	return env
}

// onClose has f called when the environment ends, the last f first.
func (env *environment) onClose(f func()) {
	env.closing.Lock()
	if !env.closed {
		env.closers = append(env.closers, f)
		f = nil
	}
	env.closing.Unlock()
	if f != nil {
		f()
	}
}

func (env *environment) close() {
	env.closing.Lock()
	env.closed = true
	list := env.closers
	env.closers = nil
	env.closing.Unlock()
	for i := len(list) - 1; i >= 0; i-- {
		list[i]()
	}
	env.cancel()
}

// tempDir returns a folder that the environment removes.
func (env *environment) tempDir() (string, error) {
	env.closing.Lock()
	defer env.closing.Unlock()
	if env.dir != "" {
		return env.dir, nil
	}
	dir, err := os.MkdirTemp("", "traffic")
	if err != nil {
		return "", err
	}
	env.dir = dir
	env.closers = append([]func(){func() { os.RemoveAll(dir) }}, env.closers...)
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
func (env *environment) serve(h http.Handler, options ...func(*http.Server)) (*site, error) {
	if env.proto.unix {
		dir, err := env.tempDir()
		if err != nil {
			return nil, err
		}
		env.closing.Lock()
		host := fmt.Sprintf("site%d", len(env.sites))
		path := filepath.Join(dir, host)
		env.sites[host+":80"] = path
		env.closing.Unlock()
		ln, err := env.server.ListenContext(env.ctx, "unix", path)
		if err != nil {
			return nil, err
		}
		return env.serveOn(ln, path, "http://"+host, h, options...), nil
	}
	return env.serveAt("tcp", "127.0.0.1:0", h, options...)
}

func (env *environment) serveAt(network, address string, h http.Handler, options ...func(*http.Server)) (*site, error) {
	ln, err := env.server.ListenContext(env.ctx, network, address)
	if err != nil {
		return nil, err
	}
	addr := ln.Addr().String()
	return env.serveOn(ln, addr, env.proto.scheme()+"://"+addr, h, options...), nil
}

func (env *environment) serveOn(ln net.Listener, addr, url string, h http.Handler, options ...func(*http.Server)) *site {
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
		Protocols: env.proto.protocols(),
		ErrorLog:  log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			env.keep(c)
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
	if env.proto.tls {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{identity().cert}}
	}
	for _, option := range options {
		option(s.Server)
	}
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		if env.proto.tls {
			s.served <- s.ServeTLS(ln, "", "")
		} else {
			s.served <- s.Serve(ln)
		}
	}()
	env.onClose(func() {
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
func (env *environment) newClient(options ...func(*http.Transport)) *http.Client {
	tr := env.newTransport(options...)
	return &http.Client{
		Transport: tr,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

func (env *environment) newTransport(options ...func(*http.Transport)) *http.Transport {
	tr := &http.Transport{
		DialContext:           env.dial,
		Protocols:             env.proto.protocols(),
		TLSClientConfig:       &tls.Config{RootCAs: identity().pool},
		MaxIdleConnsPerHost:   1000,
		ExpectContinueTimeout: time.Minute,
		DisableCompression:    true,
	}
	for _, option := range options {
		option(tr)
	}
	env.onClose(tr.CloseIdleConnections)
	return tr
}

// dial is the function with which the clients' transports dial.
func (env *environment) dial(ctx context.Context, network, address string) (net.Conn, error) {
	env.closing.Lock()
	path, ok := env.sites[address]
	env.closing.Unlock()
	if ok {
		network, address = "unix", path
	}
	c, err := env.client.DialContext(ctx, network, address)
	if err == nil {
		env.keep(c)
	}
	return c, err
}

func (env *environment) keep(c net.Conn) {
	env.closing.Lock()
	defer env.closing.Unlock()
	env.conns = append(env.conns, c)
}

// cut closes all connections, even those that a handler took from its server.
func (env *environment) cut() {
	env.closing.Lock()
	list := env.conns
	env.conns = nil
	env.closing.Unlock()
	for _, c := range list {
		c.Close()
	}
}

// raw dials s on the client's stack, without an http.Client, and with TLS if the
// protocol has it. The connection ends when the environment's time is up.
func (env *environment) raw(s *site) (net.Conn, error) {
	network := "tcp"
	if env.proto.unix {
		network = "unix"
	}
	c, err := env.client.DialContext(env.ctx, network, s.addr)
	if err != nil {
		return nil, err
	}
	env.onClose(func() { c.Close() })
	if deadline, ok := env.ctx.Deadline(); ok {
		c.SetDeadline(deadline)
	}
	if env.proto.tls {
		t := tls.Client(c, &tls.Config{RootCAs: identity().pool, ServerName: "localhost"})
		return t, t.HandshakeContext(env.ctx)
	}
	return c, nil
}

// refusing returns an address on which nobody listens or will listen: it is the
// near end of a connection that stays.
func (env *environment) refusing() (string, error) {
	ln, err := env.server.ListenContext(env.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	env.onClose(func() { ln.Close() })
	c, err := env.client.DialContext(env.ctx, "tcp", ln.Addr().String())
	if err != nil {
		return "", err
	}
	env.onClose(func() { c.Close() })
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
func (env *environment) do(c *http.Client, req *http.Request) reply {
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

func (env *environment) get(c *http.Client, url string) reply {
	return env.do(c, env.request("GET", url, nil))
}

// request makes a request that ends when the environment does.
func (env *environment) request(method, url string, body io.Reader) *http.Request {
	req, err := http.NewRequestWithContext(env.ctx, method, url, body)
	if err != nil {
		panic(err) // the scenario is wrong
	}
	return req
}

// wait receives from ch, or gives up when the environment's time is up.
func wait[T any](env *environment, ch <-chan T, what string) (T, error) {
	select {
	case v := <-ch:
		return v, nil
	case <-env.ctx.Done():
		var zero T
		return zero, fmt.Errorf("waiting for %s: %w", what, env.ctx.Err())
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
