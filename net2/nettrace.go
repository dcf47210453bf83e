//go:build linux

package net2

import (
	"context"
	"net"
	"reflect"
	"sync"
)

// net/http/httptrace hands a trace to net in a context value whose key and type are
// internal. We cannot import httptrace: it imports crypto/tls, which must be able to import
// this package. So we learn the key once from net, which asks any context for it, and read
// the value by reflection. We do nothing for its DNS hooks, because net's resolver calls
// them.

// traceKey is the key under which net looks for a trace.
var traceKey = sync.OnceValue(func() any {
	spy := &keySpy{Context: context.Background()}
	new(net.Dialer).DialContext(spy, "tcp", "") // it fails, because it has no address
	return spy.key
})

// A keySpy remembers the first key for which somebody asked it.
type keySpy struct {
	context.Context
	key any
}

func (s *keySpy) Value(key any) any {
	if s.key == nil && reflect.TypeOf(key).PkgPath() == "internal/nettrace" {
		s.key = key
	}
	return s.Context.Value(key)
}

// connectTrace holds the hooks of a trace for connecting.
//
// std: internal/nettrace.Trace
type connectTrace struct {
	connectStart func(network, address string)
	connectDone  func(network, address string, err error)
}

func (t *connectTrace) start(network, address string) {
	if t.connectStart != nil {
		t.connectStart(network, address)
	}
}

func (t *connectTrace) done(network, address string, err error) {
	if t.connectDone != nil {
		t.connectDone(network, address, err)
	}
}

// traceOf returns the trace in ctx, a pointer to a struct, or the zero Value.
func traceOf(ctx context.Context) reflect.Value {
	if ctx == context.Background() || traceKey() == nil {
		return reflect.Value{}
	}
	v := reflect.ValueOf(ctx.Value(traceKey()))
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return reflect.Value{}
	}
	return v
}

// connectHooks returns the connect hooks of the trace in ctx, or nil if there is no
// trace.
func connectHooks(ctx context.Context) *connectTrace {
	v := traceOf(ctx)
	if !v.IsValid() {
		return nil
	}
	t := new(connectTrace)
	if f := v.Elem().FieldByName("ConnectStart"); f.IsValid() {
		t.connectStart, _ = f.Interface().(func(network, address string))
	}
	if f := v.Elem().FieldByName("ConnectDone"); f.IsValid() {
		t.connectDone, _ = f.Interface().(func(network, address string, err error))
	}
	return t
}

// withoutConnectHooks returns ctx for a look-up: the trace of a dial must not show the
// resolver's own connections.
func withoutConnectHooks(ctx context.Context) context.Context {
	v := traceOf(ctx)
	if !v.IsValid() {
		return ctx
	}
	shadow := reflect.New(v.Elem().Type())
	shadow.Elem().Set(v.Elem())
	for _, name := range []string{"ConnectStart", "ConnectDone"} {
		if f := shadow.Elem().FieldByName(name); f.IsValid() {
			f.SetZero()
		}
	}
	return context.WithValue(ctx, traceKey(), shadow.Interface())
}
