// Package example holds small programs on net2, each of which runs as it is:
//
//	restart   an HTTP server that starts its successor on the same listener, and a client
//	tls       a TLS server and client
//	proxy     a TCP proxy whose bytes never leave the kernel
//	udpecho   a UDP server that sends back what it gets, and a client
//	passfd    a server that passes an open file over a Unix socket, and a client
//	emfile    a server that goes on when it has no descriptors left
//
// Run one from a checkout:
//
//	go run ./net2/example/tls
package example
