//go:build linux

package scenario

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A recorder turns the values that a script hands over into the plain values
// of an [Observation], and what the kernel chose into its order of appearance.
type recorder struct {
	mu           sync.Mutex
	observations []Observation
	chosen       map[string]int // "port 40123" → 1, "name @0001f" → 1
	count        map[string]int // of each kind
	replace      []string       // what a script has named itself: old, new, old, new, …
}

func newRecorder() *recorder {
	return &recorder{chosen: make(map[string]int), count: make(map[string]int)}
}

func (r *recorder) add(name string, values []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.observations = append(r.observations, Observation{Name: r.text(name), Values: r.values(values)})
}

func (r *recorder) take() []Observation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.observations)
}

// hide replaces old by new in everything recorded from now on.
func (r *recorder) hide(old, new string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.replace = append(r.replace, old, new)
}

// nth names the value v of a kind by its order of appearance.
func (r *recorder) nth(kind, v string) int {
	key := kind + " " + v
	n, ok := r.chosen[key]
	if !ok {
		r.count[kind]++
		n = r.count[kind]
		r.chosen[key] = n
	}
	return n
}

// localPorts is the range from which the kernel chooses ports.
var localPorts = sync.OnceValue(func() [2]int {
	ports := [2]int{32768, 60999}
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		fmt.Sscan(string(text), &ports[0], &ports[1])
	}
	return ports
})

func (r *recorder) port(n int) string {
	if ports := localPorts(); n < ports[0] || ports[1] < n {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("#%d", r.nth("port", strconv.Itoa(n)))
}

var (
	portText     = regexp.MustCompile(`:[0-9]{4,5}\b`)
	autobindText = regexp.MustCompile(`@[0-9a-f]{5}\b`)
)

func (r *recorder) text(s string) string {
	for i := 0; i < len(r.replace); i += 2 {
		s = strings.ReplaceAll(s, r.replace[i], r.replace[i+1])
	}
	s = autobindText.ReplaceAllStringFunc(s, func(name string) string {
		return fmt.Sprintf("@auto%d", r.nth("name", name))
	})
	s = portText.ReplaceAllStringFunc(s, func(text string) string {
		n, _ := strconv.Atoi(text[1:])
		return ":" + r.port(n)
	})
	return fileNames(s)
}

// ours finds, in the name of a type, the types that each package has of its
// own: those that hold a descriptor or make one, and unexported ones.
var ours = regexp.MustCompile(`\bnet2?\.(TCPConn|TCPListener|UDPConn|IPConn|UnixConn|UnixListener|Dialer|ListenConfig|Buffers|[a-z]\w*)\b`)

// A disguise stands for another value: the recorder takes that value's type.
type disguise interface{ disguised() any }

func typeName(v any) string {
	if d, ok := v.(disguise); ok {
		v = d.disguised()
	}
	return ours.ReplaceAllString(fmt.Sprintf("%T", v), "$1")
}

func (r *recorder) values(values []any) []any {
	plain := make([]any, len(values))
	for i, v := range values {
		plain[i] = r.value(v)
	}
	return plain
}

func (r *recorder) value(v any) any {
	if v == nil {
		return nil
	}
	rv := reflect.ValueOf(v)
	if rv.Kind() == reflect.Pointer && rv.IsNil() {
		return "(" + typeName(v) + ")(nil)"
	}
	switch v := v.(type) {
	case error:
		return r.err(v)
	case net.Addr:
		return r.addr(v)
	case netip.AddrPort:
		if !v.IsValid() {
			return "invalid AddrPort"
		}
		return r.text(v.String())
	case Addr, Err, Object, Panic:
		return v
	case *os.File:
		return Object{Type: "*os.File", Name: r.text(v.Name())}
	case net.Conn, net.Listener, net.PacketConn, syscall.RawConn, *net.Resolver:
		// The recorder does not even call LocalAddr: a script does when it wants to.
		return Object{Type: typeName(v)}
	case []byte:
		return r.bytes(v)
	case string:
		return r.text(v)
	case []string:
		return r.texts(v)
	case fmt.Stringer:
		return r.text(v.String())
	}
	switch rv.Kind() {
	case reflect.Bool:
		return rv.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return rv.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return int64(rv.Uint())
	case reflect.String:
		return r.text(rv.String())
	case reflect.Slice, reflect.Array:
		list := make([]any, rv.Len())
		for i := range list {
			list[i] = r.value(rv.Index(i).Interface())
		}
		return list
	case reflect.Pointer:
		return r.text(fmt.Sprintf("&%+v", rv.Elem().Interface()))
	}
	return r.text(fmt.Sprintf("%+v", v))
}

func (r *recorder) texts(s []string) any {
	if s == nil {
		return nil
	}
	list := make([]any, len(s))
	for i, s := range s {
		list[i] = r.text(s)
	}
	return list
}

// bytes shortens what is too long to read.
func (r *recorder) bytes(b []byte) any {
	if b == nil {
		return nil
	}
	if len(b) > 256 {
		return fmt.Sprintf("%d bytes, SHA-256 %.8x", len(b), sha256.Sum256(b))
	}
	return r.text(string(b))
}

func (r *recorder) addr(a net.Addr) any {
	if a == nil {
		return nil
	}
	if v := reflect.ValueOf(a); v.Kind() == reflect.Pointer && v.IsNil() {
		return "(" + typeName(a) + ")(nil)"
	}
	plain := Addr{Type: typeName(a), Network: a.Network(), Text: r.text(a.String())}
	switch a := a.(type) {
	case *net.TCPAddr:
		plain.IPLen = len(a.IP)
	case *net.UDPAddr:
		plain.IPLen = len(a.IP)
	case *net.IPAddr:
		plain.IPLen = len(a.IP)
	}
	return plain
}

// wellKnown are the errors that a program compares with.
var wellKnown = []struct {
	name string
	err  error
}{
	{"net.ErrClosed", net.ErrClosed},
	{"net.ErrWriteToConnected", net.ErrWriteToConnected},
	{"os.ErrDeadlineExceeded", os.ErrDeadlineExceeded},
	{"os.ErrClosed", os.ErrClosed},
	{"os.ErrPermission", os.ErrPermission},
	{"os.ErrExist", os.ErrExist},
	{"os.ErrNotExist", os.ErrNotExist},
	{"os.ErrInvalid", os.ErrInvalid},
	{"os.ErrNoDeadline", os.ErrNoDeadline},
	{"context.Canceled", context.Canceled},
	{"context.DeadlineExceeded", context.DeadlineExceeded},
	{"io.EOF", io.EOF},
	{"io.ErrUnexpectedEOF", io.ErrUnexpectedEOF},
	{"io.ErrClosedPipe", io.ErrClosedPipe},
	{"io.ErrShortWrite", io.ErrShortWrite},
	{"io.ErrNoProgress", io.ErrNoProgress},
	{"errors.ErrUnsupported", errors.ErrUnsupported},
	{"errScript", errScript},
}

// errnos are the errnos that a program compares with or that a socket returns.
var errnos = []syscall.Errno{
	unix.EACCES, unix.EADDRINUSE, unix.EADDRNOTAVAIL, unix.EAFNOSUPPORT, unix.EAGAIN,
	unix.EALREADY, unix.EBADF, unix.ECONNABORTED, unix.ECONNREFUSED, unix.ECONNRESET,
	unix.EDESTADDRREQ, unix.EEXIST, unix.EFAULT, unix.EHOSTUNREACH, unix.EINPROGRESS,
	unix.EINTR, unix.EINVAL, unix.EIO, unix.EISCONN, unix.EISDIR, unix.EMFILE,
	unix.EMSGSIZE, unix.ENAMETOOLONG, unix.ENETUNREACH, unix.ENFILE, unix.ENOBUFS,
	unix.ENODEV, unix.ENOENT, unix.ENOMEM, unix.ENOPROTOOPT, unix.ENOSPC, unix.ENOTCONN,
	unix.ENOTDIR, unix.ENOTSOCK, unix.EOPNOTSUPP, unix.EPERM, unix.EPIPE,
	unix.EPROTONOSUPPORT, unix.EPROTOTYPE, unix.ETIMEDOUT, unix.ETOOMANYREFS,
}

// errScript is the error of a script's own functions.
var errScript = errors.New("scripted error")

func (r *recorder) err(err error) any {
	if err == nil {
		return nil
	}
	plain := Err{Text: r.text(err.Error())}
	for e := err; e != nil; e = errors.Unwrap(e) {
		plain.Layers = append(plain.Layers, r.layer(e))
	}
	for _, known := range wellKnown {
		if errors.Is(err, known.err) {
			plain.Is = append(plain.Is, known.name)
		}
	}
	for _, errno := range errnos {
		if errors.Is(err, errno) {
			plain.Is = append(plain.Is, unix.ErrnoName(errno))
		}
	}
	plain.As = taken(err)
	return plain
}

// taken lists the types that errors.As finds in err's chain.
func taken(err error) (as []string) {
	if _, ok := errors.AsType[net.Error](err); ok {
		as = append(as, "net.Error")
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		as = append(as, "*net.OpError")
	}
	if _, ok := errors.AsType[*net.AddrError](err); ok {
		as = append(as, "*net.AddrError")
	}
	if _, ok := errors.AsType[*net.ParseError](err); ok {
		as = append(as, "*net.ParseError")
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		as = append(as, "*net.DNSError")
	}
	if _, ok := errors.AsType[net.UnknownNetworkError](err); ok {
		as = append(as, "net.UnknownNetworkError")
	}
	if _, ok := errors.AsType[net.InvalidAddrError](err); ok {
		as = append(as, "net.InvalidAddrError")
	}
	if _, ok := errors.AsType[*os.SyscallError](err); ok {
		as = append(as, "*os.SyscallError")
	}
	if _, ok := errors.AsType[*os.PathError](err); ok {
		as = append(as, "*os.PathError")
	}
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		as = append(as, "syscall.Errno")
	}
	return as
}

func (r *recorder) layer(err error) Layer {
	l := Layer{Type: typeName(err), Text: r.text(err.Error())}
	if e, ok := err.(interface{ Timeout() bool }); ok {
		l.Timeout = strconv.FormatBool(e.Timeout())
	}
	if e, ok := err.(interface{ Temporary() bool }); ok {
		l.Temporary = strconv.FormatBool(e.Temporary())
	}
	switch err := err.(type) {
	case *net.OpError:
		l.Fields = fmt.Sprintf("Op %q, Net %q", err.Op, err.Net)
		l.Source, l.Addr = r.addr(err.Source), r.addr(err.Addr)
	case *net.AddrError:
		l.Fields = fmt.Sprintf("Err %q, Addr %q", err.Err, r.text(err.Addr))
	case *net.ParseError:
		l.Fields = fmt.Sprintf("Type %q, Text %q", err.Type, r.text(err.Text))
	case *net.DNSError:
		l.Fields = fmt.Sprintf("Err %q, Name %q, Server %q, IsTimeout %t, IsTemporary %t, IsNotFound %t",
			r.text(err.Err), r.text(err.Name), r.text(err.Server), err.IsTimeout, err.IsTemporary, err.IsNotFound)
	case *os.SyscallError:
		l.Fields = fmt.Sprintf("Syscall %q", err.Syscall)
	case *os.PathError:
		l.Fields = fmt.Sprintf("Op %q, Path %q", err.Op, r.text(err.Path))
	case syscall.Errno:
		l.Fields = cmp.Or(unix.ErrnoName(err), strconv.Itoa(int(err)))
	}
	return l
}

// panicked records what recover returned.
func (r *recorder) panicked(v any) Panic {
	p := Panic{Type: typeName(v), Text: ours.ReplaceAllString(r.text(fmt.Sprint(v)), "$1")}
	if _, ok := v.(runtime.Error); ok {
		p.Type = "runtime.Error"
	}
	return p
}
