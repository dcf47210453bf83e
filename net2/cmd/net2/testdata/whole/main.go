// Whole looks at package net from many sides and prints what it sees, which is
// the same on net and on net2. With the argument "where" it prints what
// differs.
package main

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"time"
	_ "unsafe" // for go:linkname
)

func main() {
	log := &report{}
	if len(os.Args) > 1 && os.Args[1] == "where" {
		where()
		return
	}
	before := runtime.NumGoroutine()
	fmt.Println("goroutines at the start:", before)
	web(log)
	streams()
	packets()
	encodings()
	failures()
	resolver()
	files()
	linked()
	inside()
	shapes()
	wires()
	moves()
	moreLinked()
}

// check ends the program if there is an error.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

// report notes what a trace reports.
type report struct{ events []string }

func web(log *report) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Proto)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	trace := &httptrace.ClientTrace{
		ConnectStart: func(network, _ string) { log.events = append(log.events, "connect "+network) },
		ConnectDone:  func(_, _ string, err error) { log.events = append(log.events, fmt.Sprint("connected ", err)) },
		GotConn:      func(i httptrace.GotConnInfo) { log.events = append(log.events, fmt.Sprintf("%T", i.Conn)) },
	}
	ctx := httptrace.WithClientTrace(context.Background(), trace)
	req := must(http.NewRequestWithContext(ctx, "GET", s.URL, nil))
	resp := must(s.Client().Do(req))
	body := must(io.ReadAll(resp.Body))
	resp.Body.Close()
	fmt.Printf("https: %s %s %q\n", resp.Status, body, log.events)

	hijacked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		check(err)
		describe("hijacked", c)
		c.Write([]byte("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbye"))
		c.Close()
	}))
	defer hijacked.Close()
	resp = must(http.Get(hijacked.URL))
	fmt.Printf("hijacked: %s\n", must(io.ReadAll(resp.Body)))
	resp.Body.Close()
}

// describe prints a connection's types, as reflection has them.
func describe(name string, c any) {
	t := reflect.TypeOf(c)
	fmt.Printf("%s: %T %s %s, socket %t\n", name, c, t.Elem().PkgPath(), t.Elem().Name(), descriptor(c) > 2)
}

// descriptor reads the number from inside the connection, as some programs do.
func descriptor(c any) int64 {
	return place(c).FieldByName("Sysfd").Int()
}

func place(c any) reflect.Value {
	return reflect.Indirect(reflect.ValueOf(c)).FieldByName("fd").Elem().FieldByName("pfd")
}

func pair(network, address string) (net.Conn, net.Conn) {
	l := must(net.Listen(network, address))
	defer l.Close()
	c := must(net.Dial(network, l.Addr().String()))
	return c, must(l.Accept())
}

func socketPath(name string) (path string, remove func()) {
	dir := must(os.MkdirTemp("", "whole"))
	return filepath.Join(dir, name), func() { os.RemoveAll(dir) }
}

func streams() {
	path, remove := socketPath("s")
	defer remove()
	for network, address := range map[string]string{"tcp": "127.0.0.1:0"} {
		exchange(pair(network, address))
	}
	exchange(pair("unix", path))
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	describe("listener", l)
	check(l.(*net.TCPListener).SetDeadline(time.Unix(1, 0)))
	_, err := l.Accept()
	fmt.Println("accept:", errors.Is(err, os.ErrDeadlineExceeded))
	l.Close()
	_, err = l.Accept()
	fmt.Println("closed:", errors.Is(err, net.ErrClosed))
}

func exchange(a, b net.Conn) {
	defer a.Close()
	defer b.Close()
	describe("dialled", a)
	describe("accepted", b)
	bufs := net.Buffers{[]byte("one "), []byte("two")}
	must(bufs.WriteTo(a))
	got := make([]byte, 7)
	must(io.ReadFull(b, got))
	fmt.Printf("%T carried %s\n", bufs, got)
	check(b.SetReadDeadline(time.Unix(1, 0)))
	_, err := b.Read(got)
	var timeout net.Error
	fmt.Println("deadline:", errors.As(err, &timeout) && timeout.Timeout())
}

func packets() {
	a := must(net.ListenPacket("udp", "127.0.0.1:0"))
	defer a.Close()
	b := must(net.Dial("udp", a.LocalAddr().String()))
	defer b.Close()
	must(b.Write([]byte("packet")))
	buf := make([]byte, 100)
	n, from, err := a.ReadFrom(buf)
	check(err)
	fmt.Printf("udp: %T %T %T %s\n", a, b, from, buf[:n])
}

func encodings() {
	gob.Register(net.IP{})
	gob.Register(&net.TCPAddr{})
	var buf bytes.Buffer
	enc := gob.NewEncoder(&buf)
	_, network, err := net.ParseCIDR("10.1.0.0/16")
	check(err)
	values := []any{net.IPv4(10, 1, 2, 3), &net.TCPAddr{IP: net.IPv6loopback, Port: 80, Zone: "lo"}, network}
	for _, v := range values[:2] {
		check(enc.Encode(&v))
	}
	fmt.Printf("gob: %x\n", buf.Bytes())
	fmt.Printf("json: %s\n", must(json.Marshal(values)))
	for _, v := range []any{net.Dialer{}, net.ListenConfig{}, net.Resolver{}, net.TCPConn{}, net.UnixListener{}, net.OpError{}, net.Buffers{}} {
		t := reflect.TypeOf(v)
		fmt.Printf("type: %v %s %s\n", t, t.PkgPath(), t.Kind())
	}
}

func failures() {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	address := l.Addr().String()
	l.Close()
	_, err := net.Dial("tcp", address)
	for ; err != nil; err = errors.Unwrap(err) {
		fmt.Printf("refused: %T\n", err)
	}
	_, err = net.DialTimeout("tcp", address, -1)
	fmt.Printf("timeout: %T %v\n", errors.Unwrap(err), errors.Unwrap(err))
	_, err = net.Dial("tcp", "")
	fmt.Println(err)
	_, err = net.Listen("nothing", "x")
	fmt.Printf("%v %T\n", err, errors.Unwrap(err))
}

func resolver() {
	fmt.Printf("resolver: %T %t %t\n", net.DefaultResolver, net.DefaultResolver.PreferGo, net.DefaultResolver.Dial == nil)
	addrs, err := net.LookupHost("localhost")
	fmt.Println("localhost:", len(addrs) > 0, err)

	refused := errors.New("the user's own dial")
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, refused
	}}
	_, err = net.Dial("tcp", "host.invalid:80")
	fmt.Println("replaced:", strings.Contains(fmt.Sprint(err), refused.Error()))
	net.DefaultResolver = new(net.Resolver)
}

// files copies between files and connections, both ways. A copy that moves its
// bytes through the program allocates a buffer for them.
func files() {
	path, remove := socketPath("f")
	defer remove()
	for _, network := range []string{"tcp", "unix"} {
		address := "127.0.0.1:0"
		if network == "unix" {
			address = path
		}
		f := must(os.CreateTemp(filepath.Dir(path), network))
		data := bytes.Repeat([]byte("0123456789abcdef"), 2000)
		must(f.Write(data))

		a, b := pair(network, address)
		must(f.Seek(0, io.SeekStart))
		fmt.Println(network, "from a file:", copies(a, f))
		check(a.(interface{ CloseWrite() error }).CloseWrite())
		g := must(os.CreateTemp(filepath.Dir(path), network))
		fmt.Println(network, "to a file:", copies(g, b))
		fmt.Println("same:", bytes.Equal(data, must(os.ReadFile(g.Name()))))
		d := must(a.(interface{ File() (*os.File, error) }).File())
		fmt.Printf("%T of %T\n", d, a)
		for _, c := range []io.Closer{a, b, d, f, g} {
			check(c.Close())
		}
	}
}

func copies(dst io.Writer, src io.Reader) string {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := io.Copy(dst, src)
	runtime.ReadMemStats(&after)
	return fmt.Sprint(n, " ", err, ", through a buffer: ", after.TotalAlloc-before.TotalAlloc > 30000)
}

//go:linkname isDomainName net.isDomainName
func isDomainName(s string) bool

//go:linkname listenerBacklog net.listenerBacklog
func listenerBacklog() int

func linked() {
	fmt.Println("linked:", isDomainName("go.dev"), isDomainName("-"), listenerBacklog() > 0)
}

// where prints in which poller a connection waits, what a resolver dials with,
// and the files in the stack of a goroutine that waits.
func where() {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	go l.Accept()
	a, err := net.Dial("tcp", l.Addr().String())
	check(err)
	fmt.Println("place:", place(a).Type().PkgPath())
	buf := make([]byte, 1<<16)
	waiting := make(chan struct{})
	b := must(net.ListenPacket("udp", "127.0.0.1:0"))
	go func() {
		close(waiting)
		b.ReadFrom(make([]byte, 1))
	}()
	<-waiting
	var stack string
	for !strings.Contains(stack, "ReadFrom") || !strings.Contains(stack, "IO wait") {
		runtime.Gosched()
		stack = string(buf[:runtime.Stack(buf, true)])
	}
	for line := range strings.Lines(stack) {
		if file, _, ok := strings.Cut(line, ".go:"); ok {
			fmt.Println("file:", strings.TrimSpace(file)+".go")
		}
	}
}
