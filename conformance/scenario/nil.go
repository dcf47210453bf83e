//go:build linux

package scenario

import (
	"context"
	"net"
)

var nilReceivers = []Scenario{
	{
		Name: "nil/tcp-conn",
		Doc:  "every method of a nil and of a zero TCPConn",
		run:  nilTCPConn,
	},
	{
		Name: "nil/tcp-listener",
		Doc:  "every method of a nil and of a zero TCPListener",
		run:  nilTCPListener,
	},
	{
		Name: "nil/udp-conn",
		Doc:  "every method of a nil and of a zero UDPConn",
		run:  nilUDPConn,
	},
	{
		Name: "nil/ip-conn",
		Doc:  "every method of a nil and of a zero IPConn",
		run:  nilIPConn,
	},
	{
		Name: "nil/unix-conn",
		Doc:  "every method of a nil and of a zero UnixConn",
		run:  nilUnixConn,
	},
	{
		Name: "nil/unix-listener",
		Doc:  "every method of a nil and of a zero UnixListener",
		run:  nilUnixListener,
	},
	{
		Name: "nil/arguments",
		Doc:  "nil where functions and methods want something",
		run:  nilArguments,
	},
}

func nilTCPConn(t *T) {
	everyMethod(t, "nil", t.NilTCPConn())
	everyMethod(t, "zero", t.ZeroTCPConn())
}

func nilTCPListener(t *T) {
	everyMethod(t, "nil", t.NilTCPListener())
	everyMethod(t, "zero", t.ZeroTCPListener())
}

func nilUDPConn(t *T) {
	everyMethod(t, "nil", t.NilUDPConn())
	everyMethod(t, "zero", t.ZeroUDPConn())
}

func nilIPConn(t *T) {
	everyMethod(t, "nil", t.NilIPConn())
	everyMethod(t, "zero", t.ZeroIPConn())
}

func nilUnixConn(t *T) {
	everyMethod(t, "nil", t.NilUnixConn())
	everyMethod(t, "zero", t.ZeroUnixConn())
}

func nilUnixListener(t *T) {
	everyMethod(t, "nil", t.NilUnixListener())
	everyMethod(t, "zero", t.ZeroUnixListener())
}

func nilArguments(t *T) {
	t.Try("DialTCP", func() []any { return all(t.DialTCP("tcp", nil, nil)) })
	t.Try("DialUDP", func() []any { return all(t.DialUDP("udp", nil, nil)) })
	t.Try("DialIP", func() []any { return all(t.DialIP("ip4:1", nil, nil)) })
	t.Try("DialUnix", func() []any { return all(t.DialUnix("unix", nil, nil)) })
	t.Try("DialUnix unixgram", func() []any { return all(t.DialUnix("unixgram", nil, nil)) })
	t.Try("ListenUnix", func() []any { return all(t.ListenUnix("unix", nil)) })
	t.Try("ListenUnixgram", func() []any { return all(t.ListenUnixgram("unixgram", nil)) })
	t.Try("ListenMulticastUDP", func() []any { return all(t.ListenMulticastUDP("udp", nil, nil)) })
	t.Try("FileConn", func() []any { return all(t.FileConn(nil)) })
	t.Try("FileListener", func() []any { return all(t.FileListener(nil)) })
	t.Try("FilePacketConn", func() []any { return all(t.FilePacketConn(nil)) })
	t.Try("ListenConfig.Listen", func() []any {
		l, err := t.ConfigListen(nil, ListenConfig{}, "tcp", "127.0.0.1:0")
		t.Keep(l)
		return all(l, err)
	})
	t.Try("ListenConfig.ListenPacket", func() []any {
		p, err := t.ConfigListenPacket(nil, ListenConfig{}, "udp", "127.0.0.1:0")
		t.Keep(p)
		return all(p, err)
	})
	t.Try("Dialer.DialUnix", func() []any {
		return all(t.DialerDialUnix(context.Background(), Dialer{}, "unix", nil, nil))
	})
	for name, c := range inOrder(
		named[net.PacketConn]{"UDP", t.ZeroUDPConn()},
		named[net.PacketConn]{"IP", t.ZeroIPConn()},
		named[net.PacketConn]{"Unix", t.ZeroUnixConn()},
	) {
		t.Try("zero "+name+" WriteTo of another type", func() []any { return all(c.WriteTo([]byte("x"), &net.TCPAddr{})) })
		t.Try("zero "+name+" WriteTo nil", func() []any { return all(c.WriteTo([]byte("x"), nil)) })
	}
	t.Try("zero UDP ReadMsgUDP", func() []any { return all(t.ZeroUDPConn().ReadMsgUDP(nil, nil)) })
	t.Try("zero Unix WriteMsgUnix", func() []any { return all(t.ZeroUnixConn().WriteMsgUnix(nil, nil, nil)) })
	var none [][]byte
	t.Try("Buffers.WriteTo", func() []any { return all(t.BuffersWriteTo(&none, nil)) })
	t.Try("Buffers.Read", func() []any { return all(t.BuffersRead(&none, nil)) })
}
