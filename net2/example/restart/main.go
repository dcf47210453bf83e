//go:build unix

// Restart is an HTTP server that a new version of itself can take over from
// without losing a connection: on SIGHUP it starts its own program anew with
// the listener as an open file, and ends when its last request is answered.
//
//	go run ./net2/example/restart -listen 127.0.0.1:8080
//	go run ./net2/example/restart -get http://127.0.0.1:8080/
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	net "go.parity/net2"
)

// inherited names the variable that tells a successor of its listener.
const inherited = "RESTART_LISTENER"

// listenerFD is where the successor finds it, after the three that every process has.
const listenerFD = 3

func main() {
	address := flag.String("listen", "127.0.0.1:8080", "the `address` to serve")
	url := flag.String("get", "", "be a client, and get this `URL`")
	flag.Parse()
	run := func() error { return serve(*address) }
	if *url != "" {
		run = func() error { return get(*url) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "restart:", err)
		os.Exit(1)
	}
}

func listen(address string) (net.Listener, error) {
	if os.Getenv(inherited) == "" {
		return net.Listen("tcp", address)
	}
	f := os.NewFile(listenerFD, "listener")
	defer f.Close() // the listener has a descriptor of its own
	return net.FileListener(f)
}

func serve(address string) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, os.Interrupt)
	l, err := listen(address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "process %d\n", os.Getpid())
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	fmt.Printf("process %d serves http://%s/\n", os.Getpid(), l.Addr())
	for {
		select {
		case err := <-served:
			return err
		case s := <-signals:
			if s == syscall.SIGHUP {
				if err := startSuccessor(l); err != nil {
					fmt.Fprintln(os.Stderr, "restart: going on:", err)
					continue
				}
			}
			return shutdown(server, served)
		}
	}
}

// startSuccessor runs the program that stands where this one did, on the same
// listener. From now on each connection comes to one of the two.
//
// File and exec.Cmd would do it too, but they call Fd, which puts the socket
// into blocking mode for both processes: Close would then wait for an Accept.
func startSuccessor(l net.Listener) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		return err
	}
	var started error
	err = raw.Control(func(fd uintptr) {
		_, started = syscall.ForkExec(program, os.Args, &syscall.ProcAttr{
			Env:   append(os.Environ(), inherited+"=1"),
			Files: []uintptr{0, 1, 2, listenerFD: fd},
		})
	})
	if err != nil {
		return err
	}
	return started
}

// shutdown answers the requests that are under way, for ten seconds at most.
func shutdown(server *http.Server, served <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return err
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// get is a client whose connections are net2's as well.
func get(url string) error {
	var dialer net.Dialer
	client := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}
	defer client.CloseIdleConnections()
	resp, err := client.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(os.Stdout, resp.Body)
	return err
}
