//go:build !linux

package net2

import "net"

// StdConn returns c, which is package net's own here.
func StdConn(c Conn) (net.Conn, error) { return c, nil }

// StdListener returns l, which is package net's own here.
func StdListener(l Listener) (net.Listener, error) { return l, nil }

// StdPacketConn returns c, which is package net's own here.
func StdPacketConn(c PacketConn) (net.PacketConn, error) { return c, nil }
