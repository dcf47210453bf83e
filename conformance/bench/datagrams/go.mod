module go.parity/conformance/bench/datagrams

go 1.26.0

require (
	github.com/miekg/dns v1.1.73
	github.com/quic-go/quic-go v0.65.0
	go.parity v0.0.0
	golang.org/x/net v0.57.0
	golang.org/x/sys v0.50.0
	golang.zx2c4.com/wireguard v0.0.0-20260522210424-ecfc5a8d5446
)

replace go.parity => ../../..

require golang.org/x/crypto v0.54.0 // indirect
