package net2_test

import (
	"fmt"
	"log"
	"net/netip"

	net "go.parity/net2"
)

// listenUDP returns a socket on loopback, and its address.
func listenUDP() (*net.UDPConn, netip.AddrPort) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		log.Fatal(err)
	}
	return c, c.LocalAddr().(*net.UDPAddr).AddrPort()
}

// A server takes what is there with one system call, and answers with another.
func ExampleUDPConn_ReadUDPBatch() {
	server, at := listenUDP()
	defer server.Close()
	client, _ := listenUDP()
	defer client.Close()
	for _, text := range []string{"one", "two", "three"} {
		if _, err := client.WriteToUDPAddrPort([]byte(text), at); err != nil {
			log.Fatal(err)
		}
	}

	ms := make([]net.UDPMessage, 32)
	for i := range ms {
		ms[i].Buffer = make([]byte, 1500)
	}
	n, err := server.ReadUDPBatch(ms)
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range ms[:n] {
		fmt.Printf("%s\n", m.Buffer)
	}
	if _, err := server.WriteUDPBatch(ms[:n]); err != nil { // back to where each came from
		log.Fatal(err)
	}
	for i := range ms[:n] { // for the next batch
		ms[i].Buffer = ms[i].Buffer[:cap(ms[i].Buffer)]
	}
	buf := make([]byte, 1500)
	for range n {
		n, err := client.Read(buf)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("answer: %s\n", buf[:n])
	}
	// Output:
	// one
	// two
	// three
	// answer: one
	// answer: two
	// answer: three
}

// The kernel cuts a message into datagrams. When one message of the batch cannot be
// sent, the program skips it and goes on.
func ExampleUDPConn_WriteUDPBatch() {
	server, at := listenUDP()
	defer server.Close()
	client, _ := listenUDP()
	defer client.Close()

	ms := []net.UDPMessage{
		{Buffer: []byte("aaaabbbbcc"), SegmentSize: 4, Addr: at},
		{Buffer: make([]byte, 100_000), Addr: at}, // longer than any datagram
		{Buffer: []byte("dd"), Addr: at},
	}
	for len(ms) > 0 {
		n, err := client.WriteUDPBatch(ms)
		if err != nil {
			fmt.Printf("message of %d bytes was not sent\n", len(ms[n].Buffer))
			n++
		}
		ms = ms[n:]
	}
	buf := make([]byte, 1500)
	for range 4 {
		n, err := server.Read(buf)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", buf[:n])
	}
	// Output:
	// message of 100000 bytes was not sent
	// aaaa
	// bbbb
	// cc
	// dd
}

// The kernel hands out datagrams of one sender together.
func ExampleUDPConn_SetReceiveOffload() {
	server, at := listenUDP()
	defer server.Close()
	if err := server.SetReceiveOffload(true); err != nil {
		log.Fatal(err) // errors.ErrUnsupported before Linux 5.0
	}
	client, _ := listenUDP()
	defer client.Close()
	client.WriteUDPBatch([]net.UDPMessage{{Buffer: []byte("aaaabbbbcc"), SegmentSize: 4, Addr: at}})

	ms := []net.UDPMessage{{Buffer: make([]byte, 65535)}}
	for got := 0; got < len("aaaabbbbcc"); {
		ms[0].Buffer = ms[0].Buffer[:65535]
		if _, err := server.ReadUDPBatch(ms); err != nil {
			log.Fatal(err)
		}
		m := ms[0]
		got += len(m.Buffer)
		for m.SegmentSize > 0 && len(m.Buffer) > m.SegmentSize {
			fmt.Printf("%s\n", m.Buffer[:m.SegmentSize])
			m.Buffer = m.Buffer[m.SegmentSize:]
		}
		fmt.Printf("%s\n", m.Buffer)
	}
	// Output:
	// aaaa
	// bbbb
	// cc
}

// A kernel or a device that corrupts what it cuts is known only to the program. Without the
// offload the same messages go datagram by datagram.
func ExampleUDPConn_SetSendOffload() {
	server, at := listenUDP()
	defer server.Close()
	client, _ := listenUDP()
	defer client.Close()
	client.SetSendOffload(false)
	n, err := client.WriteUDPBatch([]net.UDPMessage{{Buffer: []byte("aaaabb"), SegmentSize: 4, Addr: at}})
	fmt.Println(n, err)
	buf := make([]byte, 1500)
	for range 2 {
		n, _ := server.Read(buf)
		fmt.Printf("%s\n", buf[:n])
	}
	// Output:
	// 1 <nil>
	// aaaa
	// bb
}

// A server on every address answers from the one to which the packet was sent, and sees
// whether the network is congested.
func ExampleUDPConn_SetPacketInfo() {
	server, err := net.ListenUDP("udp4", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	if err := server.SetPacketInfo(net.InfoLocal | net.InfoTOS); err != nil {
		log.Fatal(err)
	}
	client, _ := listenUDP()
	defer client.Close()
	port := server.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	client.WriteUDPBatch([]net.UDPMessage{{
		Buffer:  []byte("question"),
		Addr:    netip.AddrPortFrom(netip.MustParseAddr("127.0.0.5"), port),
		Control: net.AppendPacketInfo(nil, net.PacketInfo{Has: net.InfoTOS, TOS: 3}), // congestion experienced
	}})

	ms := []net.UDPMessage{{Buffer: make([]byte, 1500), Control: make([]byte, net.PacketInfoSize)}}
	if _, err := server.ReadUDPBatch(ms); err != nil {
		log.Fatal(err)
	}
	info, err := ms[0].PacketInfo()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("to %v, congested: %t\n", info.Local, info.TOS&3 == 3)

	answer := net.PacketInfo{Has: net.InfoLocal, Local: info.Local}
	ms[0].Control = net.AppendPacketInfo(ms[0].Control[:0], answer)
	server.WriteUDPBatch(ms)
	_, from, err := client.ReadFromUDPAddrPort(make([]byte, 1500))
	fmt.Println("answer from", from.Addr(), err)
	// Output:
	// to 127.0.0.5, congested: true
	// answer from 127.0.0.5 <nil>
}

// Each packet of a batch may have its own time to live.
func ExampleAppendPacketInfo() {
	server, at := listenUDP()
	defer server.Close()
	server.SetPacketInfo(net.InfoTTL)
	client, _ := listenUDP()
	defer client.Close()
	var out []net.UDPMessage
	for ttl := range uint8(3) {
		control := net.AppendPacketInfo(nil, net.PacketInfo{Has: net.InfoTTL, TTL: ttl + 1})
		out = append(out, net.UDPMessage{Buffer: []byte("probe"), Addr: at, Control: control})
	}
	client.WriteUDPBatch(out)

	in := []net.UDPMessage{{Buffer: make([]byte, 1500), Control: make([]byte, net.PacketInfoSize)}}
	for range out {
		in[0].Control = in[0].Control[:net.PacketInfoSize]
		if _, err := server.ReadUDPBatch(in); err != nil {
			log.Fatal(err)
		}
		info, _ := in[0].PacketInfo()
		fmt.Println(info.TTL)
	}
	// Output:
	// 1
	// 2
	// 3
}
