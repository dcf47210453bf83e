package traffic

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// playAddresses notes what both ends say about their connection, and which of
// the methods that net/http looks for the connection has.
func playAddresses(env *environment) error {
	describe := func(c net.Conn) string {
		if t, ok := c.(*tls.Conn); ok {
			c = t.NetConn()
		}
		_, readFrom := c.(io.ReaderFrom)
		_, writeTo := c.(io.WriterTo)
		_, raw := c.(syscall.Conn)
		_, closeRead := c.(interface{ CloseRead() error })
		_, closeWrite := c.(interface{ CloseWrite() error })
		_, file := c.(interface{ File() (*os.File, error) })
		_, keepAlive := c.(interface{ SetKeepAlivePeriod(time.Duration) error })
		return fmt.Sprintf("local %T %s remote %T %s ReadFrom %v WriteTo %v SyscallConn %v CloseRead %v CloseWrite %v File %v SetKeepAlivePeriod %v",
			c.LocalAddr(), c.LocalAddr().Network(), c.RemoteAddr(), c.RemoteAddr().Network(),
			readFrom, writeTo, raw, closeRead, closeWrite, file, keepAlive)
	}
	s, err := env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		local := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		fmt.Fprint(rw, r.RemoteAddr, " ", local)
	}))
	if err != nil {
		return err
	}
	var conn net.Conn
	ctx := httptrace.WithClientTrace(env.ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { conn = info.Conn },
	})
	resp, err := env.newClient().Do(env.request("GET", s.url, nil).WithContext(ctx))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	peer, err := wait(env, s.peers, "the server's connection")
	if err != nil {
		return err
	}
	env.note("client's connection", describe(conn))
	env.note("server's connection", describe(peer))
	env.note("listener", fmt.Sprintf("%T %s", s.ln.Addr(), s.ln.Addr().Network()))
	env.note("ends agree", string(body) == conn.LocalAddr().String()+" "+conn.RemoteAddr().String() &&
		peer.LocalAddr().String() == s.ln.Addr().String() && s.addr == s.ln.Addr().String())
	return nil
}

// playListenForms serves on each form of a local address, and reaches it by
// each form that leads there. If a form leaves out one address family, the port
// of that family may belong to another process.
func playListenForms(env *environment) error {
	for _, form := range []struct {
		network, address string
		hosts            []string
	}{
		{"tcp", "127.0.0.1:0", []string{"127.0.0.1"}},
		{"tcp4", "127.0.0.1:0", []string{"127.0.0.1"}},
		{"tcp4", "localhost:0", []string{"127.0.0.1"}},
		{"tcp4", ":0", []string{"127.0.0.1", "0.0.0.0"}},
		{"tcp4", "0.0.0.0:0", []string{"127.0.0.1"}},
		{"tcp", "[::1]:0", []string{"::1"}},
		{"tcp6", "[::1]:0", []string{"::1"}},
		{"tcp6", ":0", []string{"::1", "::"}},
		{"tcp", ":0", []string{"127.0.0.1", "::1", "localhost", "::ffff:127.0.0.1", "0.0.0.0", "::", ""}},
		{"tcp", "[::]:0", []string{"127.0.0.1", "::1", "localhost", "::ffff:127.0.0.1", "0.0.0.0", "::", ""}},
		{"tcp", "0.0.0.0:0", []string{"127.0.0.1"}},
	} {
		listen := form.network + " " + form.address
		s, err := env.serveAt(form.network, form.address, hello)
		if err != nil {
			env.note(listen, class(err))
			continue
		}
		_, port, err := net.SplitHostPort(s.addr)
		if err != nil {
			return err
		}
		env.note(listen, plain(s.addr))
		for _, host := range form.hosts {
			r := env.get(env.newClient(), "http://"+net.JoinHostPort(host, port))
			env.note(listen+" by "+strconv.Quote(host), r)
		}
	}
	return nil
}

// playBodies sends bodies of many sizes both ways, with a stated length and
// chunked.
func playBodies(env *environment) error {
	s, err := env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		got, err := digestOf(r.Body)
		rw.Header().Set("Got", got)
		rw.Header().Set("Got-Error", class(err))
		rw.Header().Set("Got-Framing", fmt.Sprint(r.ContentLength, r.TransferEncoding))
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		if r.URL.Path == "/length" {
			rw.Header().Set("Content-Length", strconv.Itoa(n))
		}
		rw.WriteHeader(http.StatusOK)
		rw.Write(payload(n))
	}))
	if err != nil {
		return err
	}
	c := env.newClient()
	for _, n := range []int{0, 1, 511, 4096, 65537, 1 << 20, maxPayload} {
		for _, framing := range []string{"length", "chunked"} {
			var body io.Reader = bytes.NewReader(payload(n))
			if framing == "chunked" {
				body = chunked(payload(n))
			}
			req := env.request("POST", fmt.Sprintf("%s/%s?n=%d", s.url, framing, n), body)
			r := env.do(c, req)
			env.note(fmt.Sprintf("%d bytes, %s", n, framing), r)
			env.note("all arrived", r.Body == digest(payload(n)) && r.Header["Got"][0] == r.Body)
		}
	}
	env.noteConns(s)
	return nil
}

// playLengths asks for responses in each way in which HTTP marks the end of one.
func playLengths(env *environment) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/told", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Length", "5")
		io.WriteString(rw, "12345")
	})
	mux.HandleFunc("/found", func(rw http.ResponseWriter, r *http.Request) {
		io.WriteString(rw, "12345")
	})
	mux.HandleFunc("/chunked", func(rw http.ResponseWriter, r *http.Request) {
		for i := range 10 {
			fmt.Fprint(rw, i)
			rw.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/closed", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Connection", "close")
		rw.Write(payload(100_000))
	})
	mux.HandleFunc("/status/{code}", func(rw http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		rw.WriteHeader(code)
	})
	mux.HandleFunc("/short", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Length", "10")
		io.WriteString(rw, "12345")
	})
	s, err := env.serve(mux)
	if err != nil {
		return err
	}
	for _, path := range []string{"/told", "/found", "/chunked", "/status/200", "/status/204", "/status/304", "/status/404", "/status/500", "/closed", "/short", "/none"} {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			c := env.newClient() // so that no request gets a connection whose state is in doubt
			env.note(method+" "+path, env.do(c, env.request(method, s.url+path, nil)))
		}
	}
	if !env.proto.multiplexed() {
		// HTTP/1.0 ends a body by closing.
		c, err := env.raw(s)
		if err != nil {
			return err
		}
		fmt.Fprintf(c, "GET /chunked HTTP/1.0\r\n\r\n")
		answer, err := io.ReadAll(c)
		_, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
		env.note("HTTP/1.0", []string{string(body), class(err)})
	}
	return nil
}

// playTrailers sends trailers both ways.
func playTrailers(env *environment) error {
	s, err := env.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Trailer", "Sum")
		got, _ := digestOf(r.Body)
		rw.Write(payload(100_000))
		rw.Header().Set("Sum", digest(payload(100_000)))
		rw.Header().Set(http.TrailerPrefix+"Request-Sum", r.Trailer.Get("Sum"))
		rw.Header().Set(http.TrailerPrefix+"Request-Got", got)
	}))
	if err != nil {
		return err
	}
	c := env.newClient()
	for range 3 {
		req := env.request("POST", s.url, nil)
		req.Trailer = http.Header{"Sum": nil}
		// The trailer is known once the client has read the body.
		req.Body = &atEOF{Reader: bytes.NewReader(payload(50_000)), f: func() {
			req.Trailer.Set("Sum", digest(payload(50_000)))
		}}
		env.note("trailers", env.do(c, req))
	}
	env.noteConns(s)
	return nil
}

type atEOF struct {
	io.Reader
	f func()
}

func (r *atEOF) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if err == io.EOF {
		r.f()
	}
	return n, err
}

func (r *atEOF) Close() error { return nil }

// playContinue asks before it sends: it asks a server that wants the body, one
// that doesn't, and one that gives early hints first.
func playContinue(env *environment) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/yes", func(rw http.ResponseWriter, r *http.Request) {
		got, err := digestOf(r.Body)
		fmt.Fprint(rw, got, class(err))
	})
	mux.HandleFunc("/no", func(rw http.ResponseWriter, r *http.Request) {
		rw.WriteHeader(http.StatusExpectationFailed)
	})
	mux.HandleFunc("/hints", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Link", "</style.css>")
		rw.WriteHeader(http.StatusEarlyHints)
		got, err := digestOf(r.Body)
		fmt.Fprint(rw, got, class(err))
	})
	s, err := env.serve(mux)
	if err != nil {
		return err
	}
	paths := []string{"/yes", "/hints"}
	if !env.proto.multiplexed() { // with HTTP/2 the client waits out its ExpectContinueTimeout
		paths = append(paths, "/no")
	}
	for _, path := range paths {
		var sent int
		var early []string
		continued := make(chan struct{}, 10)
		ctx := httptrace.WithClientTrace(env.ctx, &httptrace.ClientTrace{
			Got100Continue: func() { continued <- struct{}{} },
			Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
				early = append(early, fmt.Sprint(code, header))
				return nil
			},
		})
		body := &counted{r: bytes.NewReader(payload(300_000)), n: &sent}
		req := env.request("PUT", s.url+path, body).WithContext(ctx)
		req.ContentLength = 300_000
		if path != "/hints" { // net/http's HTTP/2 server sends one or the other
			req.Header.Set("Expect", "100-continue")
		}
		r := env.do(env.newClient(), req)
		env.note(path, r)
		env.note(path+" early", early)
		if path == "/no" {
			env.note(path+" asked to go on", len(continued))
			env.note(path+" body bytes taken", sent)
		}
	}
	return nil
}

type counted struct {
	r io.Reader
	n *int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	*c.n += n
	return n, err
}

// playFiles serves files, for which net/http asks the connection to send the
// file itself, and uploads one.
func playFiles(env *environment) error {
	dir, err := env.tempDir()
	if err != nil {
		return err
	}
	root := filepath.Join(dir, "files")
	if err := os.MkdirAll(filepath.Join(root, "sub"), 0o755); err != nil {
		return err
	}
	when := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, n := range map[string]int{"empty": 0, "small": 100, "big": 3<<20 + 17, "sub/page.html": 5000} {
		path := filepath.Join(root, name)
		if err := os.WriteFile(path, payload(n), 0o644); err != nil {
			return err
		}
		if err := os.Chtimes(path, when, when); err != nil {
			return err
		}
	}
	if err := os.Chtimes(filepath.Join(root, "sub"), when, when); err != nil {
		return err
	}
	if err := os.Chtimes(filepath.Join(root, "sub"), when, when); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(root)))
	mux.HandleFunc("/part", func(rw http.ResponseWriter, r *http.Request) {
		f, err := os.Open(filepath.Join(root, "big"))
		if err != nil {
			panic(err)
		}
		defer f.Close()
		f.Seek(1000, io.SeekStart)
		n, err := io.CopyN(rw, f, 1<<20)
		pos, _ := f.Seek(0, io.SeekCurrent)
		env.note("part sent", fmt.Sprint(n, class(err), pos))
	})
	mux.HandleFunc("/upload", func(rw http.ResponseWriter, r *http.Request) {
		got, err := digestOf(r.Body)
		fmt.Fprint(rw, r.ContentLength, got, class(err))
	})
	s, err := env.serve(mux)
	if err != nil {
		return err
	}
	c := env.newClient()
	for _, path := range []string{"/empty", "/small", "/big", "/sub", "/sub/", "/sub/page.html", "/absent"} {
		for _, method := range []string{"GET", "HEAD"} {
			env.note(method+" "+path, env.do(c, env.request(method, s.url+path, nil)))
		}
	}
	for _, ranges := range []string{"bytes=0-99", "bytes=1000000-", "bytes=-17", "bytes=99999999-"} {
		req := env.request("GET", s.url+"/big", nil)
		req.Header.Set("Range", ranges)
		env.note(ranges, env.do(c, req))
	}
	req := env.request("GET", s.url+"/big", nil)
	req.Header.Set("If-Modified-Since", when.Format(http.TimeFormat))
	env.note("not modified", env.do(c, req))
	env.note("part", env.get(c, s.url+"/part"))

	for _, name := range []string{"small", "big"} {
		f, err := os.Open(filepath.Join(root, name))
		if err != nil {
			return err
		}
		fi, err := f.Stat()
		if err != nil {
			return err
		}
		req := env.request("POST", s.url+"/upload", f) // the transport closes it
		req.ContentLength = fi.Size()
		env.note("upload "+name, env.do(c, req))
	}
	env.noteConns(s)
	return nil
}

// playTrace notes which hooks of a client trace net/http calls, and in which
// order as long as only one order is possible.
func playTrace(env *environment) error {
	s, err := env.serveAt("tcp", ":0", hello) // so that every address of a name leads to this server
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return err
	}
	refusing, err := env.refusing()
	if err != nil {
		return err
	}

	for _, target := range []struct{ name, url string }{
		{"literal", env.proto.scheme() + "://127.0.0.1:" + port},
		{"name", env.proto.scheme() + "://localhost:" + port},
		{"no name", env.proto.scheme() + "://bad..name:" + port}, // malformed, so the resolver asks no server
		{"refused", env.proto.scheme() + "://" + refusing},
	} {
		c := env.newClient()
		for _, turn := range []string{"first", "again"} {
			var seen notebook // many goroutines call the hooks
			ctx := httptrace.WithClientTrace(env.ctx, &httptrace.ClientTrace{
				GetConn: func(hostPort string) { seen.note("GetConn", strings.ReplaceAll(plain(hostPort), port, "PORT")) },
				GotConn: func(i httptrace.GotConnInfo) {
					seen.note("GotConn", fmt.Sprintf("reused %v idle %v", i.Reused, i.WasIdle))
				},
				DNSStart: func(i httptrace.DNSStartInfo) { seen.note("DNSStart", i.Host) },
				DNSDone: func(i httptrace.DNSDoneInfo) {
					seen.note("DNSDone", fmt.Sprintf("%v %v", i.Addrs, class(i.Err)))
				},
				ConnectStart: func(network, addr string) { seen.note("ConnectStart", network+" "+plain(addr)) },
				ConnectDone: func(network, addr string, err error) {
					seen.note("ConnectDone", network+" "+plain(addr)+" "+class(err))
				},
				TLSHandshakeStart: func() { seen.note("TLSHandshakeStart", nil) },
				TLSHandshakeDone: func(s tls.ConnectionState, err error) {
					seen.note("TLSHandshakeDone", fmt.Sprintf("%x %s %v", s.Version, s.NegotiatedProtocol, class(err)))
				},
			})
			r := env.do(c, env.request("GET", target.url, nil).WithContext(ctx))
			env.note(target.name+" "+turn, r)
			env.note(target.name+" "+turn+" hooks", seen.notes())
		}
	}
	return nil
}
