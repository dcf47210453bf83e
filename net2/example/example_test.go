//go:build linux

package example

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a program may take; a test that waits longer fails.
const patience = 20 * time.Second

// programs is the folder that they are built into.
var programs string

func TestMain(m *testing.M) {
	os.Exit(withPrograms(m.Run))
}

func withPrograms(run func() int) int {
	var err error
	if programs, err = os.MkdirTemp("", "net2-example-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programs)
	if out, err := exec.Command("go", "build", "-o", programs, "./...").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return run()
}

// A process is a running program.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	said *bufio.Reader
	end  *os.File
}

// start starts a program. When the test ends, it kills the program and
// everything that the program started.
func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(programs, name), args...)
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	r.SetReadDeadline(time.Now().Add(patience))
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
		r.Close()
	})
	return &process{t, cmd, bufio.NewReader(r), r}
}

// line returns the next line that the program prints.
func (p *process) line() string {
	p.t.Helper()
	line, err := p.said.ReadString('\n')
	if err != nil {
		p.t.Fatalf("%s: %v", filepath.Base(p.cmd.Path), err)
	}
	return strings.TrimSpace(line)
}

// address returns the word that follows another in the next line that the
// program prints.
func (p *process) address(after string) string {
	p.t.Helper()
	line := p.line()
	_, rest, ok := strings.Cut(line, after+" ")
	if !ok {
		p.t.Fatalf("it prints %q, without %q", line, after)
	}
	address, _, _ := strings.Cut(rest, " ")
	return address
}

// output runs a program to its end.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(programs, name), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
	return string(out)
}

// TestRestart keeps sending requests to a server while its successor replaces
// it.
func TestRestart(t *testing.T) {
	p := start(t, "restart", "-listen", "127.0.0.1:0")
	url := p.address("serves")
	if got, want := output(t, "restart", "-get", url), fmt.Sprintf("process %d\n", p.cmd.Process.Pid); got != want {
		t.Errorf("it answers %q, want %q", got, want)
	}

	replaced, failed := make(chan struct{}), make(chan error, 1)
	go func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		for {
			resp, err := client.Get(url)
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			select {
			case <-replaced:
				failed <- err
				return
			default:
			}
			if err != nil {
				failed <- err
				return
			}
		}
	}()
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	successor := p.line()
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the first server's end: %v", err)
	}
	close(replaced)
	if err := <-failed; err != nil {
		t.Errorf("a request while the server was replaced: %v", err)
	}
	if !strings.HasSuffix(successor, url) || strings.HasPrefix(successor, fmt.Sprintf("process %d ", p.cmd.Process.Pid)) {
		t.Errorf("the successor prints %q", successor)
	}
	if got := output(t, "restart", "-get", url); !strings.HasPrefix(successor, strings.TrimSpace(got)) {
		t.Errorf("after the restart %q answers", got)
	}
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(p.said); err != nil || len(rest) > 0 { // the successor has the pipe until it ends
		t.Errorf("at the end it prints %q, %v", rest, err)
	}
}

func TestTLS(t *testing.T) {
	if got, want := output(t, "tls"), "TLS 1.3 to localhost: hello\n"; got != want {
		t.Errorf("tls prints %q, want %q", got, want)
	}
}

// TestProxy sends much, ends its side, and reads all of it back.
func TestProxy(t *testing.T) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		c, err := echo.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.Copy(c, c)
	}()
	p := start(t, "proxy", "-listen", "127.0.0.1:0", "-to", echo.Addr().String())
	c, err := net.Dial("tcp", p.address("from"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	want := strings.Repeat("proxied ", 1<<17)
	wrote := make(chan error, 1)
	go func() {
		_, err := io.WriteString(c, want)
		if err == nil {
			err = c.(*net.TCPConn).CloseWrite()
		}
		wrote <- err
	}()
	got, err := io.ReadAll(c)
	if err != nil || string(got) != want {
		t.Errorf("%d bytes came back, %v, want %d", len(got), err, len(want))
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}

func TestUDPEcho(t *testing.T) {
	p := start(t, "udpecho", "-listen", "127.0.0.1:0")
	if got, want := output(t, "udpecho", "-to", p.address("on"), "hello", "there"), "hello there\n"; got != want {
		t.Errorf("udpecho prints %q, want %q", got, want)
	}
}

func TestPassFD(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("what it says\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "socket")
	p := start(t, "passfd", "-serve", file, socket)
	p.line()
	for range 2 { // each client reads from the beginning
		if got, want := output(t, "passfd", socket), "what it says\n"; got != want {
			t.Errorf("passfd prints %q, want %q", got, want)
		}
	}
}

// TestEMFILE fills the server up, sees it send a client away, and makes room
// again.
func TestEMFILE(t *testing.T) {
	const limit = 20
	p := start(t, "emfile", "-listen", "127.0.0.1:0", "-limit", fmt.Sprint(limit))
	address := p.address("on")
	var served []net.Conn
	defer func() {
		for _, c := range served {
			c.Close()
		}
	}()
	sentAway := false
	for !sentAway {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if err := echoes(c); err != nil {
			c.Close()
			sentAway = true
		} else if served = append(served, c); len(served) > limit {
			t.Fatalf("%d clients are served with %d descriptors", len(served), limit)
		}
	}
	for _, c := range served {
		if err := echoes(c); err != nil {
			t.Fatalf("a client from before: %v", err)
		}
	}
	if len(served) == 0 {
		t.Fatal("the server served nobody")
	}
	served[0].Close()
	served = served[1:]
	for end := time.Now().Add(patience); ; { // the server closes its side when it has read the end
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		err = echoes(c)
		c.Close()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("with room again: %v", err)
		}
	}
}

func echoes(c net.Conn) error {
	c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte("x")); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 1))
	return err
}
