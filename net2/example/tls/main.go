// Tls is a TLS server and its client in one process, with a certificate that it
// makes for itself. A tls.Dialer would dial with net, so the client gives a
// net2 connection to tls.Client.
//
//	go run ./net2/example/tls
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"os"
	"time"

	net "go.parity/net2"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "tls:", err)
		os.Exit(1)
	}
}

func run() error {
	certificate, err := selfSigned("localhost")
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	served := make(chan error, 1)
	go func() {
		served <- serveOne(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate}}))
	}()

	trusted := x509.NewCertPool()
	trusted.AddCert(certificate.Leaf)
	if err := talk(l.Addr().String(), &tls.Config{ServerName: "localhost", RootCAs: trusted}); err != nil {
		return err
	}
	return <-served
}

// serveOne sends back what one client says.
func serveOne(l net.Listener) error {
	c, err := l.Accept()
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = io.Copy(c, c)
	return err
}

func talk(address string, config *tls.Config) error {
	raw, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	c := tls.Client(raw, config)
	defer c.Close()
	if _, err := fmt.Fprintln(c, "hello"); err != nil {
		return err
	}
	answer, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return err
	}
	state := c.ConnectionState()
	fmt.Printf("%s to %s: %s", tls.VersionName(state.Version), state.ServerName, answer)
	return nil
}

// selfSigned makes a certificate for an hour.
func selfSigned(name string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{name},
		NotBefore:    time.Now().Add(-time.Minute),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}
