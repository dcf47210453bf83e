package model

import (
	"context"
	"io"
	"net"
	"os"

	"go.parity/net2"
)

// A stack is what a program runs on.
type stack struct {
	name         string
	listen       func(network, address string) (net.Listener, error)
	listenPacket func(network, address string) (net.PacketConn, error)
	dial         func(ctx context.Context, network, address string) (net.Conn, error)
	fileConn     func(*os.File) (net.Conn, error)
	buffers      func(io.Writer, [][]byte) (int64, error)
}

var (
	netStack = stack{
		name:         "net",
		listen:       net.Listen,
		listenPacket: net.ListenPacket,
		dial:         new(net.Dialer).DialContext,
		fileConn:     net.FileConn,
		buffers: func(w io.Writer, b [][]byte) (int64, error) {
			v := net.Buffers(b)
			return v.WriteTo(w)
		},
	}
	net2Stack = stack{
		name:         "net2",
		listen:       net2.Listen,
		listenPacket: net2.ListenPacket,
		dial:         new(net2.Dialer).DialContext,
		fileConn:     net2.FileConn,
		buffers: func(w io.Writer, b [][]byte) (int64, error) {
			v := net2.Buffers(b)
			return v.WriteTo(w)
		},
	}
)
