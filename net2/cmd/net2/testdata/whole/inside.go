package main

import (
	"bytes"
	"crypto/tls"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	_ "unsafe" // for go:linkname
)

// inside looks where some programs look, past what net exports: at fields by
// reflection, and at functions by linkname.
func inside() {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	a, b := must(net.Dial("tcp", l.Addr().String())), must(l.Accept())
	path, remove := socketPath("inside")
	defer remove()
	u := must(net.Listen("unix", path))
	defer u.Close()
	c, d := must(net.Dial("unix", path)), must(u.Accept())
	p := must(net.ListenPacket("udp", "127.0.0.1:0"))
	for i, v := range []any{l, a, b, u, c, d, p} {
		t := reflect.TypeOf(v).Elem()
		fd := reflect.Indirect(reflect.ValueOf(v)).FieldByName("fd").Elem()
		fmt.Printf("inside %d: %v, fd %v in %s, net %v, family %v, type %v, its own number %t\n", i, t,
			fd.Type(), fd.Type().PkgPath(), fd.FieldByName("net"), fd.FieldByName("family"), fd.FieldByName("sotype"),
			descriptor(v) == number(v.(syscall.Conn)))
	}
	over := tls.Client(a, &tls.Config{ServerName: "inside"})
	fmt.Println("under TLS:", descriptor(over.NetConn()) == descriptor(a), reflect.TypeOf(http.DefaultTransport.(*http.Transport).DialContext))
	for _, v := range []io.Closer{a, b, c, d, p} {
		check(v.Close())
	}
}

// number returns the descriptor that SyscallConn gives.
func number(c syscall.Conn) (n int64) {
	check(must(c.SyscallConn()).Control(func(fd uintptr) { n = int64(fd) }))
	return n
}

// shapes prints what reflection says of net's types.
func shapes() {
	for _, v := range []any{
		net.Dialer{}, net.ListenConfig{}, net.Resolver{}, net.KeepAliveConfig{}, net.TCPAddr{}, net.UDPAddr{}, net.IPAddr{}, net.UnixAddr{},
		net.IPNet{}, net.Interface{}, net.OpError{}, net.DNSError{}, net.AddrError{}, net.ParseError{}, net.SRV{}, net.MX{}, net.NS{},
		net.TCPConn{}, net.UDPConn{}, net.IPConn{}, net.UnixConn{}, net.TCPListener{}, net.UnixListener{}, net.Buffers{}, net.IP{}, net.HardwareAddr{},
	} {
		t := reflect.TypeOf(v)
		fmt.Printf("shape: %v %s %s %s", t, t.PkgPath(), t.Kind(), t.String())
		for i := 0; t.Kind() == reflect.Struct && i < t.NumField(); i++ {
			if f := t.Field(i); f.IsExported() {
				fmt.Printf(", %s %v %q %v", f.Name, f.Type, f.Tag, f.Index)
			}
		}
		fmt.Println()
	}
	fmt.Printf("printed: %+v %+v %#v %v\n", net.Dialer{}, net.ListenConfig{}, net.TCPAddr{IP: net.IPv4zero, Port: 1}, &net.OpError{Op: "dial", Net: "tcp", Err: io.EOF})
	for _, v := range []any{net.Dial, net.Listen, net.DialTCP, net.FileConn, (*net.TCPConn).ReadFrom, (*net.Dialer).DialContext, net.ErrClosed, net.ErrWriteToConnected} {
		fmt.Printf("of type %T\n", v)
	}
}

// wires prints net's values as they go over a wire.
func wires() {
	for _, v := range []any{
		net.IPv6loopback, net.CIDRMask(20, 32), net.HardwareAddr{1, 2, 3, 4, 5, 6}, &net.UDPAddr{IP: net.IPv4bcast, Port: 9},
		&net.UnixAddr{Name: "n", Net: "unix"}, &net.IPAddr{IP: net.IPv4zero, Zone: "z"}, &net.AddrError{Err: "e", Addr: "a"},
		&net.DNSError{Err: "e", Name: "n", IsNotFound: true}, net.KeepAliveConfig{Enable: true, Count: 3}, net.Flags(3), net.SRV{Target: "t"},
	} {
		gob.Register(v)
		var buf bytes.Buffer
		err := gob.NewEncoder(&buf).Encode(&v)
		text, jsonErr := json.Marshal(v)
		fmt.Printf("wire: %T gob %x %v json %s %v\n", v, buf.Bytes(), err, text, jsonErr)
		var back any
		if err == nil {
			check(gob.NewDecoder(&buf).Decode(&back))
			fmt.Printf("back: %T %t\n", back, reflect.DeepEqual(v, back))
		}
	}
}

// moves copies between files and connections by every method that can.
func moves() {
	path, remove := socketPath("moves")
	defer remove()
	data := bytes.Repeat([]byte("0123456789abcdef"), 4000)
	f := must(os.Create(filepath.Join(filepath.Dir(path), "from")))
	must(f.Write(data))
	for name, move := range map[string]func(a, b net.Conn, from, to *os.File){
		"methods of files": func(a, b net.Conn, from, to *os.File) {
			must(from.WriteTo(a))
			check(a.(*net.TCPConn).CloseWrite())
			must(to.ReadFrom(b))
		},
		"methods of connections": func(a, b net.Conn, from, to *os.File) {
			must(a.(*net.TCPConn).ReadFrom(from))
			check(a.(*net.TCPConn).CloseWrite())
			must(b.(*net.TCPConn).WriteTo(to))
		},
		"limits": func(a, b net.Conn, from, to *os.File) {
			must(io.CopyN(a, from, int64(len(data))))
			must(io.CopyN(to, b, int64(len(data)/2)))
			must(io.Copy(to, io.LimitReader(b, int64(len(data)/2))))
		},
	} {
		a, b := pair("tcp", "127.0.0.1:0")
		must(f.Seek(0, io.SeekStart))
		g := must(os.Create(filepath.Join(filepath.Dir(path), "to")))
		move(a, b, f, g)
		if !bytes.Equal(must(os.ReadFile(g.Name())), data) {
			fmt.Println("moved otherwise by", name)
		}
		for _, v := range []io.Closer{a, b, g} {
			check(v.Close())
		}
	}
	check(f.Close())
}

//go:linkname loopbackIP net.loopbackIP
func loopbackIP(network string) net.IP

//go:linkname ipToSockaddr net.ipToSockaddr
func ipToSockaddr(family int, ip net.IP, port int, zone string) (syscall.Sockaddr, error)

//go:linkname favoriteAddrFamily net.favoriteAddrFamily
func favoriteAddrFamily(network string, laddr, raddr any, mode string) (family int, ipv6only bool)

//go:linkname defaultNS net.defaultNS
var defaultNS []string

func moreLinked() {
	sa, err := ipToSockaddr(syscall.AF_INET, net.IPv4(127, 0, 0, 1), 80, "")
	fmt.Printf("linked: %v %#v %v %v\n", loopbackIP("tcp6"), sa, err, defaultNS)
	family, only := favoriteAddrFamily("tcp6", nil, nil, "listen")
	fmt.Println("linked:", family, only)
}
