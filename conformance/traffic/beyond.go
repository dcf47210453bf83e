package traffic

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// playHijack takes a connection away from the server and talks on it until one
// side half-closes it and then the other.
func playHijack(env *environment) error {
	ended := make(chan string, 1)
	s, err := env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		c, buf, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			ended <- class(err)
			return
		}
		defer c.Close()
		c.SetDeadline(time.Time{})
		fmt.Fprintf(buf, "taken\n")
		buf.Flush()
		for {
			line, err := buf.ReadString('\n')
			if err != nil {
				fmt.Fprintf(buf, "end %q\n", line)
				buf.Flush()
				ended <- class(err)
				return
			}
			fmt.Fprintf(buf, "echo %s", line)
			buf.Flush()
		}
	}))
	if err != nil {
		return err
	}
	c, err := env.raw(s)
	if err != nil {
		return err
	}
	// The first line arrives together with the request.
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\nearly\n")
	answers := bufio.NewReader(c)
	var got []string
	for i := range 50 {
		line, err := answers.ReadString('\n')
		got = append(got, line)
		if err != nil {
			return err
		}
		fmt.Fprintf(c, "line %d\n", i)
	}
	fmt.Fprintf(c, "unfinished")
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		env.note("CloseWrite", class(err))
	}
	rest, err := io.ReadAll(answers)
	env.note("lines", append(got, string(rest), class(err)))
	end, err := wait(env, ended, "the handler")
	env.note("handler", end)
	return err
}

// echoFrames speaks a protocol like WebSocket's: each message follows its length,
// and echoFrames sends it back.
func echoFrames(rw io.ReadWriter) error {
	var head [4]byte
	for {
		if _, err := io.ReadFull(rw, head[:]); err != nil {
			return err
		}
		b := make([]byte, 4+binary.BigEndian.Uint32(head[:]))
		copy(b, head[:])
		if _, err := io.ReadFull(rw, b[4:]); err != nil {
			return err
		}
		if _, err := rw.Write(b); err != nil {
			return err
		}
	}
}

// upgrading hands its connections to echoFrames.
func upgrading(ended chan<- string) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "frames" {
			rw.WriteHeader(http.StatusUpgradeRequired)
			return
		}
		rw.Header().Set("Connection", "Upgrade")
		rw.Header().Set("Upgrade", "frames")
		rw.WriteHeader(http.StatusSwitchingProtocols)
		c, buf, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			ended <- class(err)
			return
		}
		defer c.Close()
		ended <- class(echoFrames(struct {
			io.Reader
			io.Writer
		}{buf, c}))
	})
}

// upgrade upgrades a connection through an http.Client and exchanges frames
// of many sizes.
func (env *environment) upgrade(url string, ended <-chan string) error {
	c := env.newClient()
	env.note("without asking", env.get(c, url))
	req := env.request("GET", url, nil)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "frames")
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	env.note("upgrade", []any{resp.Status, plainHeader(resp.Header)})
	conn, ok := resp.Body.(io.ReadWriteCloser)
	env.note("writable", ok)
	if !ok {
		return nil
	}
	equal := 0
	sizes := []int{0, 1, 125, 126, 65535, 65536, 1 << 20}
	for range 10 {
		for _, n := range sizes {
			b := append(binary.BigEndian.AppendUint32(nil, uint32(n)), payload(n)...)
			sent := make(chan error, 1)
			go func() {
				_, err := conn.Write(b)
				sent <- err
			}()
			back := make([]byte, len(b))
			if _, err := io.ReadFull(conn, back); err != nil {
				return err
			}
			if err := <-sent; err != nil {
				return err
			}
			if bytes.Equal(b, back) {
				equal++
			}
		}
	}
	env.note("frames that came back", equal)
	env.note("close", class(conn.Close()))
	end, err := wait(env, ended, "the other end to see the close")
	env.note("other end", end)
	return err
}

func playUpgrade(env *environment) error {
	ended := make(chan string, 1)
	s, err := env.serve(upgrading(ended))
	if err != nil {
		return err
	}
	return env.upgrade(s.url, ended)
}

// proxy serves a reverse proxy to target. It accepts on the server's stack
// and dials on the client's.
func (env *environment) proxy(target string) (*site, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.SetXForwarded()
			r.Out.Header["X-Forwarded-Host"] = nil // it contains a port that differs from run to run
		},
		Transport:     env.newTransport(),
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
	}
	return env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		// Otherwise the server closes the request's body with the first byte of
		// the response, now and then while the transport still reads it.
		http.NewResponseController(rw).EnableFullDuplex()
		proxy.ServeHTTP(rw, r)
	}))
}

// playProxy puts a reverse proxy between client and server.
func playProxy(env *environment) error {
	next := make(chan struct{})
	gone := make(chan string, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Trailer", "Sum")
		rw.Header().Set("For", r.Header.Get("X-Forwarded-For"))
		rw.Header().Set("Framing", fmt.Sprint(r.ContentLength, r.TransferEncoding))
		b, err := io.ReadAll(r.Body)
		rw.Write(b)
		rw.Header().Set("Sum", digest(b)+class(err))
	})
	mux.HandleFunc("/events", func(rw http.ResponseWriter, r *http.Request) {
		for i := range 20 {
			fmt.Fprintf(rw, "data: %d\n", i)
			rw.(http.Flusher).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
				return
			}
		}
	})
	mux.HandleFunc("/wait", func(rw http.ResponseWriter, r *http.Request) {
		rw.Write([]byte("x"))
		rw.(http.Flusher).Flush()
		<-r.Context().Done()
		gone <- class(r.Context().Err())
	})
	back, err := env.serve(mux)
	if err != nil {
		return err
	}
	front, err := env.proxy(back.url)
	if err != nil {
		return err
	}
	c := env.newClient()
	for _, n := range []int{0, 1, 100_000, 2 << 20} {
		env.note(fmt.Sprint(n, " bytes"), env.do(c, env.request("POST", front.url+"/echo", bytes.NewReader(payload(n)))))
		env.note(fmt.Sprint(n, " bytes, chunked"), env.do(c, env.request("POST", front.url+"/echo", chunked(payload(n)))))
	}

	// Each event passes through before the server makes the next.
	resp, err := c.Do(env.request("GET", front.url+"/events", nil))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	var events []string
	for lines.Scan() {
		events = append(events, lines.Text())
		select {
		case next <- struct{}{}:
		case <-env.ctx.Done():
			return env.ctx.Err()
		}
	}
	env.note("events", append(events, class(lines.Err())))

	// The server behind the proxy notices a client that leaves.
	resp, err = c.Do(env.request("GET", front.url+"/wait", nil))
	if err != nil {
		return err
	}
	resp.Body.Read(make([]byte, 1))
	resp.Body.Close()
	end, err := wait(env, gone, "the server to miss the client")
	if err != nil {
		return err
	}
	env.note("client left", end)
	env.noteConns(front)

	back.Close()
	if _, err := wait(env, back.served, "Serve to return"); err != nil {
		return err
	}
	env.note("nobody behind", env.get(env.newClient(), front.url+"/echo"))
	return nil
}

func playProxyUpgrade(env *environment) error {
	ended := make(chan string, 1)
	back, err := env.serve(upgrading(ended))
	if err != nil {
		return err
	}
	front, err := env.proxy(back.url)
	if err != nil {
		return err
	}
	return env.upgrade(front.url, ended)
}

// playTLS looks at how TLS uses the connections.
func playTLS(env *environment) error {
	s, err := env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(rw, "%x %s %s resumed %v certificates %d", r.TLS.Version, r.TLS.NegotiatedProtocol,
			r.TLS.ServerName, r.TLS.DidResume, len(r.TLS.PeerCertificates))
	}), func(s *http.Server) { s.TLSConfig.ClientAuth = tls.RequestClientCert })
	if err != nil {
		return err
	}
	read := func(c *http.Client) string {
		resp, err := c.Do(env.request("GET", s.url, nil))
		if err != nil {
			return class(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return string(b) + class(err)
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		cache := tls.NewLRUClientSessionCache(8)
		for range 2 {
			tr := env.newTransport(func(t *http.Transport) {
				t.TLSClientConfig.ClientSessionCache = cache
				t.TLSClientConfig.MaxVersion = version
			})
			env.note(fmt.Sprintf("version %x", version), read(&http.Client{Transport: tr}))
			tr.CloseIdleConnections()
		}
	}
	env.note("client certificate", read(env.newClient(func(t *http.Transport) {
		t.TLSClientConfig.Certificates = []tls.Certificate{identity().cert}
	})))
	env.note("unknown authority", read(env.newClient(func(t *http.Transport) {
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
	})))

	// Plain HTTP to a TLS port.
	c, err := env.client.DialContext(env.ctx, "tcp", s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	env.note("plain HTTP", []string{resp.Status, string(b), class(err)})

	// TLS by hand: a half close, and the connection below.
	ln, err := env.server.ListenContext(env.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer ln.Close()
	ended := make(chan string, 1)
	go func() {
		c, err := tls.NewListener(ln, s.TLSConfig).Accept()
		if err != nil {
			ended <- class(err)
			return
		}
		defer c.Close()
		got, err := digestOf(c)
		fmt.Fprint(c, got)
		ended <- class(err)
	}()
	under, err := env.client.DialContext(env.ctx, "tcp", ln.Addr().String())
	if err != nil {
		return err
	}
	defer under.Close()
	t := tls.Client(under, &tls.Config{RootCAs: identity().pool, ServerName: "localhost"})
	n, err := t.Write(payload(1 << 20))
	env.note("by hand, written", fmt.Sprint(n, class(err)))
	env.note("by hand, CloseWrite", class(t.CloseWrite()))
	b, err = io.ReadAll(t)
	env.note("by hand, read", string(b)+class(err))
	_, err = t.Write([]byte("x"))
	env.note("by hand, late write", class(err))
	t.SetReadDeadline(time.Now().Add(-time.Second))
	_, err = t.NetConn().Read(make([]byte, 1))
	env.note("by hand, deadline below", class(err))
	env.note("by hand, close", class(t.Close()))
	end, err := wait(env, ended, "the other end")
	env.note("by hand, other end", end)
	return err
}
