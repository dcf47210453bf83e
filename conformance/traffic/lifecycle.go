package traffic

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/netutil"
)

// playKeepAlive counts the connections of consecutive requests.
func playKeepAlive(env *environment) error {
	s, err := env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/last" {
			rw.Header().Set("Connection", "close")
		}
		if r.URL.Path == "/long" {
			rw.Write(payload(4 << 20))
			return
		}
		io.WriteString(rw, r.URL.Path)
	}))
	if err != nil {
		return err
	}
	ask := func(c *http.Client, path string, readAll bool) (reused bool) {
		ctx := httptrace.WithClientTrace(env.ctx, &httptrace.ClientTrace{
			GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused },
		})
		req := env.request("GET", s.url+path, nil).WithContext(ctx)
		if readAll {
			r := env.do(c, req)
			env.note(path, r)
		} else if resp, err := c.Do(req); err == nil {
			resp.Body.Read(make([]byte, 1))
			resp.Body.Close()
		}
		return reused
	}
	series := func(what string, c *http.Client, paths ...string) {
		before := s.conns.Load()
		var reused []bool
		for _, path := range paths {
			reused = append(reused, ask(c, path, path != "/long"))
		}
		env.note(what+": reused", reused)
		if env.proto.name != "h2c" { // see noteConns
			env.note(what+": connections", s.conns.Load()-before)
		}
	}
	series("kept", env.newClient(), "/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9", "/10")
	series("server closes", env.newClient(), "/1", "/last", "/2", "/last", "/3")
	series("body left unread", env.newClient(), "/1", "/long", "/2")
	if !env.proto.multiplexed() {
		series("not kept", env.newClient(func(t *http.Transport) { t.DisableKeepAlives = true }), "/1", "/2", "/3")
	}
	return nil
}

// playAtOnce has 200 requests under way at the same time.
func playAtOnce(env *environment) error {
	const n = 200
	var arrived atomic.Int64
	all := make(chan struct{})
	s, err := env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/warm" {
			got, _ := digestOf(r.Body)
			rw.Header().Set("Got", got)
			if arrived.Add(1) == n {
				close(all)
			}
			select {
			case <-all:
			case <-r.Context().Done():
			}
		}
		rw.Write(payload(10_000 + len(r.URL.Path)))
	}))
	if err != nil {
		return err
	}
	c := env.newClient()
	env.note("first", env.get(c, s.url+"/warm"))
	replies := make([]reply, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			body := bytes.NewReader(payload(1000 + i))
			replies[i] = env.do(c, env.request("POST", s.url+"/"+strconv.Itoa(i), body))
		})
	}
	wg.Wait()
	env.note("replies", replies)
	env.noteConns(s)
	return nil
}

// noteConns notes how many connections s had. With unencrypted HTTP/2, net/http
// now and then makes a second one when many requests start at once.
func (env *environment) noteConns(s *site) {
	if env.proto.name != "h2c" {
		env.note("connections", s.conns.Load())
	}
}

// playChurn makes a new connection for each request, several at a time.
func playChurn(env *environment) error {
	s, err := env.serve(hello)
	if err != nil {
		return err
	}
	c := env.newClient(func(t *http.Transport) { t.DisableKeepAlives = true })
	var wg sync.WaitGroup
	const n, each = 8, 20
	replies := make([]map[string]int, n)
	for i := range n {
		wg.Go(func() {
			replies[i] = make(map[string]int)
			for range each {
				replies[i][fmt.Sprintf("%+v", env.get(c, s.url))]++
			}
		})
	}
	wg.Wait()
	env.note("replies", replies)
	for range n * each {
		if _, err := wait(env, s.gone, "connections to end"); err != nil {
			return err
		}
	}
	env.note("connections", s.conns.Load())
	return nil
}

// playLimited puts a listener of another package around the stack's.
func playLimited(env *environment) error {
	const most = 4
	inner, err := env.server.ListenContext(env.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	counted := &countingListener{Listener: inner}
	addr := inner.Addr().String()
	s := env.serveOn(netutil.LimitListener(counted, most), addr, env.proto.scheme()+"://"+addr, hello)
	replies := make([]reply, 16)
	var wg sync.WaitGroup
	for i := range replies {
		wg.Go(func() {
			tr := env.newTransport()
			replies[i] = env.get(&http.Client{Transport: tr}, s.url)
			tr.CloseIdleConnections()
		})
	}
	wg.Wait()
	env.note("replies", replies)
	env.note("connections", s.conns.Load())
	env.note("never more than allowed", counted.peak.Load() <= most)
	return nil
}

// A countingListener counts how many of its connections were open at once at
// most. It stops counting a connection when the connection's Close begins.
type countingListener struct {
	net.Listener
	now, peak atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.peak.Store(max(l.peak.Load(), l.now.Add(1))) // Accept runs in one goroutine
	return &countedConn{Conn: c, leave: sync.OnceFunc(func() { l.now.Add(-1) })}, nil
}

type countedConn struct {
	net.Conn
	leave func()
}

func (c *countedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// playStream exchanges messages within one request and sends each when the one
// before it has come back.
func playStream(env *environment) error {
	s, err := env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(rw)
		rc.EnableFullDuplex()
		rw.WriteHeader(http.StatusOK)
		rc.Flush()
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			fmt.Fprintln(rw, "echo", lines.Text())
			rc.Flush()
		}
		fmt.Fprintln(rw, "end", class(lines.Err()))
	}))
	if err != nil {
		return err
	}
	pr, pw := io.Pipe()
	defer pw.Close()
	resp, err := env.newClient().Do(env.request("POST", s.url, pr))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answers := bufio.NewReader(resp.Body)
	var got []string
	for i := range 100 {
		fmt.Fprintln(pw, "message", i)
		line, err := answers.ReadString('\n')
		got = append(got, line)
		if err != nil {
			return err
		}
	}
	pw.Close()
	rest, err := io.ReadAll(answers)
	env.note("answers", append(got, string(rest), class(err)))
	return nil
}

// playCancel gives up on requests: before they start, while it waits for the
// response, and while the body arrives.
func playCancel(env *environment) error {
	started := make(chan struct{}, 1)
	ended := make(chan string, 1)
	left := make(chan struct{}) // the client is done
	s, err := env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // net/http notices that a client left only after that
		if r.URL.Path == "/body" {
			rw.Write([]byte("x"))
			rw.(http.Flusher).Flush()
		}
		if r.URL.Path != "/plain" {
			started <- struct{}{}
			<-r.Context().Done()
			ended <- r.URL.Path + " " + class(r.Context().Err())
			// Under TLS a response could still reach the client.
			select {
			case <-left:
			case <-env.ctx.Done():
			}
		}
	}))
	if err != nil {
		return err
	}
	c := env.newClient()
	env.note("before all", env.get(c, s.url+"/plain"))

	ctx, cancel := context.WithCancel(env.ctx)
	cancel()
	env.note("before", env.do(c, env.request("GET", s.url+"/header", nil).WithContext(ctx)))

	// given makes a request and calls end to give it up once the handler has it.
	given := func(what string, ctx context.Context, end func(), method, body string) error {
		go func() {
			wait(env, started, "the handler")
			end()
		}()
		env.note(what, env.do(c, env.request(method, s.url+"/header", strings.NewReader(body)).WithContext(ctx)))
		seen, err := wait(env, ended, "the handler to see it")
		env.note(what+", server", seen)
		if err == nil {
			left <- struct{}{}
		}
		return err
	}
	for _, body := range []string{"", "some body"} {
		ctx, cancel := context.WithCancel(env.ctx)
		defer cancel()
		if err := given("header", ctx, cancel, "POST", body); err != nil {
			return err
		}
	}
	e := expiring{env.ctx, make(chan struct{})}
	if err := given("deadline", e, func() { close(e.over) }, "GET", ""); err != nil {
		return err
	}

	ctx, cancel = context.WithCancel(env.ctx)
	defer cancel()
	resp, err := c.Do(env.request("GET", s.url+"/body", nil).WithContext(ctx))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	one := make([]byte, 1)
	_, err = io.ReadFull(resp.Body, one)
	env.note("body, first byte", string(one)+class(err))
	if _, err := wait(env, started, "the handler"); err != nil {
		return err
	}
	cancel()
	_, err = resp.Body.Read(one)
	env.note("body, next byte", class(err))
	seen, err := wait(env, ended, "the handler to see it")
	if err != nil {
		return err
	}
	env.note("body, server", seen)
	left <- struct{}{}
	env.note("after all", env.get(c, s.url+"/plain"))
	return nil
}

// An expiring context has its deadline pass when over is closed.
type expiring struct {
	context.Context
	over chan struct{}
}

func (e expiring) Done() <-chan struct{} { return e.over }

func (e expiring) Err() error {
	select {
	case <-e.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// playIdleTimeout lets the server close an idle connection.
func playIdleTimeout(env *environment) error {
	s, err := env.serve(hello, func(s *http.Server) { s.IdleTimeout = 30 * time.Millisecond })
	if err != nil {
		return err
	}
	c := env.newClient()
	for range 2 {
		env.note("reply", env.get(c, s.url))
		if _, err := wait(env, s.gone, "the connection to be closed"); err != nil {
			return err
		}
	}
	env.note("connections", s.conns.Load())
	return nil
}

// playServerTimeouts is a slow client to servers with short timeouts.
func playServerTimeouts(env *environment) error {
	const short = 80 * time.Millisecond
	ended := make(chan string, 1)
	handler := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(rw)
		var err error
		switch r.URL.Path {
		case "/read":
			err = rc.SetReadDeadline(time.Now().Add(short))
			if err == nil {
				var got string
				got, err = digestOf(r.Body)
				env.note("read before the deadline", got)
			}
			fmt.Fprint(rw, "so far")
		case "/write":
			for err == nil {
				if _, err = rw.Write(payload(1 << 16)); err == nil {
					err = rc.Flush()
				}
			}
		}
		ended <- class(err)
	})
	// talk sends text to a server with its limits, and then nothing more.
	talk := func(what, text string, limits func(*http.Server)) (net.Conn, error) {
		s, err := env.serve(handler, limits)
		if err != nil {
			return nil, err
		}
		c, err := env.raw(s)
		if err != nil {
			return nil, err
		}
		_, err = io.WriteString(c, text)
		env.note(what+", sent", class(err))
		return c, nil
	}

	c, err := talk("ReadHeaderTimeout", "GET /header HTTP/1.1\r\nHost: ", func(s *http.Server) { s.ReadHeaderTimeout = short })
	if err != nil {
		return err
	}
	got, err := io.ReadAll(c)
	env.note("ReadHeaderTimeout", string(got)+cutOff(err))

	c, err = talk("half a body", "POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345", func(*http.Server) {})
	if err != nil {
		return err
	}
	end, err := wait(env, ended, "the handler")
	if err != nil {
		return err
	}
	env.note("half a body, handler", end)
	answer, err := io.ReadAll(c)
	_, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	env.note("half a body", string(body)+class(err))

	if env.proto.tls {
		return nil // crypto/tls waits five seconds before it gives up on its closing alert
	}
	c, err = talk("ReadTimeout", "POST /read HTTP/1.1\r\nHost: h\r\nContent-Le", func(s *http.Server) { s.ReadTimeout = short })
	if err != nil {
		return err
	}
	got, err = io.ReadAll(c)
	env.note("ReadTimeout", string(got)+cutOff(err))

	c, err = talk("WriteTimeout", "GET /write HTTP/1.1\r\nHost: h\r\n\r\n", func(s *http.Server) { s.WriteTimeout = short })
	if err != nil {
		return err
	}
	end, err = wait(env, ended, "the handler")
	if err != nil {
		return err
	}
	env.note("WriteTimeout, handler", end)
	n, _ := io.Copy(io.Discard, c)
	env.note("WriteTimeout, got some", n > 0)
	return nil
}

// cutOff is class without the reset that a server sends when it closes before
// it has read everything, as it may do when it runs out of time.
func cutOff(err error) string {
	if errors.Is(err, syscall.ECONNRESET) {
		return ""
	}
	return class(err)
}

// playClientTimeouts meets servers that say nothing.
func playClientTimeouts(env *environment) error {
	const short = 40 * time.Millisecond
	s, err := env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		<-env.ctx.Done() // under TLS a response could still reach a client that left
	}))
	if err != nil {
		return err
	}
	// These differ in who gave up; the words that net/http chooses for some of
	// them are a matter of chance.
	c := env.newClient(func(t *http.Transport) { t.ResponseHeaderTimeout = short })
	_, err = c.Get(s.url)
	env.note("ResponseHeaderTimeout", class(err))

	c = env.newClient()
	c.Timeout = short
	_, err = c.Get(s.url)
	var ne net.Error
	env.note("Timeout", fmt.Sprint(errors.As(err, &ne) && ne.Timeout(), errors.Is(err, context.DeadlineExceeded)))

	// Nobody accepts here, but the kernel completes the connection all the same.
	silent, err := env.server.ListenContext(env.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer silent.Close()
	if env.proto.tls {
		c = env.newClient(func(t *http.Transport) { t.TLSHandshakeTimeout = short })
		_, err = c.Get("https://" + silent.Addr().String())
		env.note("TLSHandshakeTimeout", class(err))
	}
	c = env.newClient()
	e := expiring{env.ctx, make(chan struct{})}
	expire := sync.OnceFunc(func() { close(e.over) })
	defer expire()
	ctx := httptrace.WithClientTrace(e, &httptrace.ClientTrace{
		TLSHandshakeStart: expire, // the request gets no further than this
		WroteRequest:      func(httptrace.WroteRequestInfo) { expire() },
	})
	_, err = c.Do(env.request("GET", env.proto.scheme()+"://"+silent.Addr().String(), nil).WithContext(ctx))
	env.note("deadline", class(err))
	return nil
}

// playShutdown shuts a server down while requests are under way: they all
// succeed, and nobody can connect any more.
func playShutdown(env *environment) error {
	const n = 40
	var inside sync.WaitGroup
	inside.Add(n)
	release := make(chan struct{})
	s, err := env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/warm" {
			return
		}
		half := payload(200_000)
		rw.Write(half[:100_000])
		inside.Done()
		select {
		case <-release:
		case <-env.ctx.Done():
		}
		rw.Write(half[100_000:])
	}))
	if err != nil {
		return err
	}
	c := env.newClient()
	env.note("first", env.get(c, s.url+"/warm"))
	replies := make([]reply, n)
	var clients sync.WaitGroup
	for i := range n {
		clients.Go(func() { replies[i] = env.get(c, s.url+"/"+strconv.Itoa(i)) })
	}
	inside.Wait()

	down := make(chan error, 1)
	go func() { down <- s.Shutdown(env.ctx) }()
	end, err := wait(env, s.served, "Serve to return")
	if err != nil {
		return err
	}
	env.note("Serve", class(end))
	_, err = env.raw(s)
	env.note("late client", class(err))
	_, err = s.ln.Accept()
	env.note("Accept", class(err))
	env.note("second Close", class(s.ln.Close()))
	env.note("Shutdown waits", len(down) == 0)
	close(release)
	clients.Wait()
	c.CloseIdleConnections()
	env.note("replies", replies)
	end, err = wait(env, down, "Shutdown")
	if err != nil {
		return err
	}
	env.note("Shutdown", class(end))
	env.noteConns(s)

	// The address is free again.
	network := s.ln.Addr().Network()
	ln, err := env.server.ListenContext(env.ctx, network, s.addr)
	env.note("listen again", class(err))
	if err == nil {
		ln.Close()
	}
	return nil
}

// playShutdownUnderLoad shuts a server down while clients come and go: the
// client of every request that a handler has answered gets the response.
func playShutdownUnderLoad(env *environment) error {
	var answered sync.Map // request to true
	s, err := env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Write(payload(20_000))
		answered.Store(r.URL.Path, true)
	}))
	if err != nil {
		return err
	}
	var ok atomic.Int64
	enough := make(chan struct{})
	var lost atomic.Int64
	var clients sync.WaitGroup
	// Only one connection: a server that is shutting down forgets an HTTP/2
	// connection that comes at the last moment, and waits for it forever.
	var dialed atomic.Bool
	shared := env.newClient(func(t *http.Transport) {
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if dialed.Swap(true) {
				return nil, errors.New("no second connection")
			}
			return env.dial(ctx, network, address)
		}
	})
	if env.proto.multiplexed() {
		env.note("first", env.get(shared, s.url+"/first"))
	}
	for i := range 8 {
		clients.Go(func() {
			c := shared
			if !env.proto.multiplexed() {
				// The server may close a kept connection as idle the moment
				// before its next request: that is HTTP's own race.
				c = env.newClient(func(t *http.Transport) { t.DisableKeepAlives = true })
			}
			for j := 0; ; j++ {
				path := fmt.Sprintf("/%d/%d", i, j)
				r := env.get(c, s.url+path)
				if r.Err == "" && r.Body == digest(payload(20_000)) {
					if ok.Add(1) == 100 {
						close(enough)
					}
					continue
				}
				if _, was := answered.Load(path); was {
					lost.Add(1)
				}
				return
			}
		})
	}
	if _, err := wait(env, enough, "some requests"); err != nil {
		return err
	}
	env.note("Shutdown", class(s.Shutdown(env.ctx)))
	end, err := wait(env, s.served, "Serve to return")
	if err != nil {
		return err
	}
	clients.Wait()
	env.note("Serve", class(end))
	env.note("lost", lost.Load())
	return nil
}

// playClose closes a server while requests are under way.
func playClose(env *environment) error {
	const n = 20
	var inside sync.WaitGroup
	inside.Add(n)
	ended := make(chan string, n)
	s, err := env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/warm" {
			return
		}
		inside.Done()
		<-r.Context().Done()
		ended <- class(r.Context().Err())
	}))
	if err != nil {
		return err
	}
	c := env.newClient()
	if env.proto.multiplexed() {
		env.note("first", env.get(c, s.url+"/warm"))
	}
	failures := make([]string, n)
	var clients sync.WaitGroup
	for i := range n {
		clients.Go(func() {
			r := env.get(c, s.url+"/"+strconv.Itoa(i))
			if env.proto.multiplexed() && r.Err != "" {
				r = reply{Err: "failed"} // how depends on what the client was doing
			}
			failures[i] = r.Status + r.Err
		})
	}
	inside.Wait()
	env.note("Close", class(s.Close()))
	clients.Wait()
	env.note("clients", failures)
	var handlers []string
	for range n {
		end, err := wait(env, ended, "the handlers")
		if err != nil {
			return err
		}
		handlers = append(handlers, end)
	}
	sort.Strings(handlers)
	env.note("handlers", handlers)
	end, err := wait(env, s.served, "Serve to return")
	if err != nil {
		return err
	}
	env.note("Serve", class(end))
	_, err = env.raw(s)
	env.note("late client", class(err))
	return nil
}

// playFailures shows what goes wrong below HTTP.
func playFailures(env *environment) error {
	refusing, err := env.refusing()
	if err != nil {
		return err
	}
	env.note("refused", env.get(env.newClient(), "http://"+refusing))
	s, err := env.serve(hello)
	if err != nil {
		return err
	}
	s.Close()
	if _, err := wait(env, s.served, "Serve to return"); err != nil {
		return err
	}
	env.note("closed", env.get(env.newClient(), s.url))

	// A server that sends text and then ends the connection, with a reset if
	// told to. It has read the request, so a plain close does not reset the
	// connection.
	odd := func(what, text string, reset bool) error {
		s, err := env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			c, _, err := rw.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			io.WriteString(c, text)
			if reset {
				if l, ok := c.(interface{ SetLinger(int) error }); ok {
					l.SetLinger(0)
				}
			}
			c.Close()
		}))
		if err != nil {
			return err
		}
		env.note(what, env.get(env.newClient(), s.url))
		return nil
	}
	for _, o := range []struct {
		what, text string
		reset      bool
	}{
		{"nothing", "", false},
		{"reset", "", true},
		{"half a header", "HTTP/1.1 200 OK\r\nContent-Le", false},
		{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", false},
		{"half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n12345", false},
		{"no HTTP", "SSH-2.0-x\r\n", false},
	} {
		if err := odd(o.what, o.text, o.reset); err != nil {
			return err
		}
	}

	// Taken, malformed and foreign addresses.
	if s, err = env.serve(hello); err != nil {
		return err
	}
	_, err = env.server.ListenContext(env.ctx, s.ln.Addr().Network(), s.addr)
	env.note("address in use", class(err))
	for _, address := range []string{"127.0.0.1", "127.0.0.1:99999", "192.0.2.1:80", "host.invalid:x:y", ""} {
		ln, err := env.server.ListenContext(env.ctx, "tcp6", address)
		env.note("listen tcp6 "+address, class(err))
		if err == nil {
			ln.Close()
		}
		c, err := env.client.DialContext(env.ctx, "tcp6", address)
		env.note("dial tcp6 "+address, class(err))
		if err == nil {
			c.Close()
		}
	}
	_, err = env.client.DialContext(env.ctx, "tpc", s.addr)
	env.note("unknown network", class(err))

	// Accept ends when the listener closes, or at its deadline.
	ln, err := env.server.ListenContext(env.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ln.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(-time.Second))
	_, err = ln.Accept()
	env.note("accept deadline", class(err)+fmt.Sprint(errors.Is(err, os.ErrDeadlineExceeded)))
	env.note("listener close", class(ln.Close()))
	_, err = ln.Accept()
	env.note("accept after close", class(err)+fmt.Sprint(errors.Is(err, net.ErrClosed)))
	return nil
}
