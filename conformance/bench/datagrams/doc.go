// Package datagrams puts three users of UDP on net2's batches, and measures each beside the
// same on package net, in one run: a DNS server (github.com/miekg/dns for the messages), QUIC
// (github.com/quic-go/quic-go), and the socket of WireGuard
// (golang.zx2c4.com/wireguard/conn.Bind, in the folder wireguard). It is a module of its own,
// outside the workspace, so that neither the library nor its suite requires what it requires.
//
//	cd conformance/bench/datagrams && GOWORK=off go test -run - -bench . ./...
package datagrams
