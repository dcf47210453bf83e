//go:build linux

package scenario

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"time"
)

// everyMethod calls every exported method that v's type has in net, in the order of
// their names, with plain arguments, and records what each returns. A method
// that waits for something would hang, so v must be nil, zero or closed.
func everyMethod(t *T, name string, v any) {
	rv := reflect.ValueOf(v)
	for i := range rv.NumMethod() {
		m := rv.Type().Method(i)
		if !inNet(rv.Type(), m.Name) {
			continue // it is beyond net
		}
		var args []reflect.Value
		for j := 1; j < m.Type.NumIn(); j++ {
			args = append(args, argument(m.Type.In(j)))
		}
		t.Try(name+": "+m.Name, func() []any {
			var results []any
			for _, r := range rv.Method(i).Call(args) {
				if c, ok := r.Interface().(io.Closer); ok && !r.IsZero() {
					t.Keep(c)
				}
				results = append(results, r.Interface())
			}
			return results
		})
	}
}

// netTypes are net's types that have methods of which both stacks have the same.
var netTypes = map[string]reflect.Type{
	"TCPConn":      reflect.TypeFor[*net.TCPConn](),
	"TCPListener":  reflect.TypeFor[*net.TCPListener](),
	"UDPConn":      reflect.TypeFor[*net.UDPConn](),
	"IPConn":       reflect.TypeFor[*net.IPConn](),
	"UnixConn":     reflect.TypeFor[*net.UnixConn](),
	"UnixListener": reflect.TypeFor[*net.UnixListener](),
}

// inNet reports whether net's type of the same name has the method.
func inNet(typ reflect.Type, method string) bool {
	_, ok := netTypes[typ.Elem().Name()].MethodByName(method)
	return ok
}

// argument makes a plausible argument of a type.
func argument(typ reflect.Type) reflect.Value {
	var v any
	switch typ {
	case reflect.TypeFor[[]byte]():
		v = make([]byte, 4)
	case reflect.TypeFor[time.Time]():
		v = time.Now().Add(time.Hour)
	case reflect.TypeFor[time.Duration]():
		v = time.Minute
	case reflect.TypeFor[io.Reader]():
		v = strings.NewReader("text")
	case reflect.TypeFor[io.Writer]():
		v = io.Discard
	case reflect.TypeFor[net.Addr](), reflect.TypeFor[*net.UDPAddr]():
		v = &net.UDPAddr{IP: net.IP{127, 0, 0, 1}, Port: 9}
	case reflect.TypeFor[*net.IPAddr]():
		v = &net.IPAddr{IP: net.IP{127, 0, 0, 1}}
	case reflect.TypeFor[*net.UnixAddr]():
		v = &net.UnixAddr{Name: "@nobody", Net: "unixgram"}
	case reflect.TypeFor[netip.AddrPort]():
		v = netip.MustParseAddrPort("127.0.0.1:9")
	case reflect.TypeFor[net.KeepAliveConfig]():
		v = net.KeepAliveConfig{Enable: true}
	case reflect.TypeFor[bool]():
		v = true
	case reflect.TypeFor[int]():
		v = 1
	default:
		panic(fmt.Sprintf("scenario: no argument of type %v", typ))
	}
	return reflect.ValueOf(v)
}
