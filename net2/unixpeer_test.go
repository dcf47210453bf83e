//go:build linux

package net2

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// unixPair returns two connected sockets of the network.
func unixPair(t *testing.T, network string) (a, b *UnixConn) {
	t.Helper()
	sotype := map[string]int{"unix": syscall.SOCK_STREAM, "unixpacket": syscall.SOCK_SEQPACKET, "unixgram": syscall.SOCK_DGRAM}[network]
	s, err := syscall.Socketpair(syscall.AF_UNIX, sotype|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ends := make([]*UnixConn, 2)
	for i := range s {
		f := os.NewFile(uintptr(s[i]), "pair")
		c, err := FileConn(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		ends[i] = c.(*UnixConn)
	}
	return ends[0], ends[1]
}

// fileWith returns an open file with text in it.
func fileWith(t *testing.T, text string) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestSendFilesArrive(t *testing.T) {
	for _, network := range []string{"unix", "unixpacket", "unixgram"} {
		t.Run(network, func(t *testing.T) {
			a, b := unixPair(t, network)
			if n, err := a.SendFiles([]byte("two"), fileWith(t, "first"), fileWith(t, "second")); n != 3 || err != nil {
				t.Fatalf("SendFiles = %d, %v, want 3, nil", n, err)
			}
			p := make([]byte, 8)
			n, files, err := b.ReceiveFiles(p, 2)
			if string(p[:n]) != "two" || len(files) != 2 || err != nil {
				t.Fatalf("ReceiveFiles = %q, %d files, %v, want \"two\", 2 files", p[:n], len(files), err)
			}
			for i, want := range []string{"first", "second"} {
				got, err := io.ReadAll(files[i])
				if string(got) != want || err != nil {
					t.Errorf("file %d holds %q, %v, want %q", i, got, err, want)
				}
				flags, err := unix.FcntlInt(files[i].Fd(), unix.F_GETFD, 0)
				if err != nil || flags&unix.FD_CLOEXEC == 0 {
					t.Errorf("F_GETFD of file %d = %#x, %v, want FD_CLOEXEC", i, flags, err)
				}
				files[i].Close()
			}
		})
	}
}

// Data without files, and files that the receiver reads with Read, which drops them.
func TestReceiveFilesOfDataAlone(t *testing.T) {
	a, b := unixPair(t, "unix")
	if n, err := a.SendFiles([]byte("none")); n != 4 || err != nil {
		t.Fatalf("SendFiles of no file = %d, %v, want 4, nil", n, err)
	}
	p := make([]byte, 8)
	if n, files, err := b.ReceiveFiles(p, 1); n != 4 || len(files) != 0 || err != nil {
		t.Errorf("ReceiveFiles = %d, %v, %v, want 4, no file, nil", n, files, err)
	}
	a.CloseWrite()
	if n, files, err := b.ReceiveFiles(p, 1); n != 0 || files != nil || err != io.EOF {
		t.Errorf("ReceiveFiles at the end = %d, %v, %v, want 0, nil, EOF", n, files, err)
	}
}

// More data than the socket has room for goes out in parts, the files with the first.
func TestSendFilesOfMuchData(t *testing.T) {
	a, b := unixPair(t, "unix")
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	sent := make(chan error, 1)
	f := fileWith(t, "text")
	go func() {
		n, err := a.SendFiles(data, f)
		if n != len(data) && err == nil {
			err = io.ErrShortWrite
		}
		sent <- err
		a.Close()
	}()
	p := make([]byte, len(data))
	n, files, err := b.ReceiveFiles(p, 1)
	if n == 0 || len(files) != 1 || err != nil {
		t.Fatalf("ReceiveFiles = %d, %d files, %v, want data and 1 file", n, len(files), err)
	}
	files[0].Close()
	rest, err := io.ReadAll(b)
	if got := append(p[:n:n], rest...); err != nil || !bytes.Equal(got, data) {
		t.Errorf("received %d bytes, %v, want the %d that were sent", len(got), err, len(data))
	}
	if err := <-sent; err != nil {
		t.Errorf("SendFiles = %v", err)
	}
}

func TestFilesBadInput(t *testing.T) {
	a, b := unixPair(t, "unix")
	closed := fileWith(t, "closed")
	closed.Close()
	open := fileWith(t, "open")
	many := make([]*os.File, maxFiles+1)
	for i := range many {
		many[i] = open
	}
	for _, tt := range []struct {
		name  string
		b     string
		files []*os.File
		want  error
	}{
		{"no data on a stream", "", []*os.File{open}, syscall.EINVAL},
		{"254 files", "x", many, syscall.EINVAL},
		{"nil file", "x", []*os.File{open, nil}, os.ErrInvalid},
		{"closed file", "x", []*os.File{open, closed}, os.ErrClosed},
	} {
		if n, err := a.SendFiles([]byte(tt.b), tt.files...); n != 0 || !errors.Is(err, tt.want) {
			t.Errorf("%s: SendFiles = %d, %v, want 0, %v", tt.name, n, err, tt.want)
		}
	}
	for _, most := range []int{-1, maxFiles + 1} {
		if _, _, err := b.ReceiveFiles(make([]byte, 1), most); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("ReceiveFiles(b, %d) = %v, want %v", most, err, syscall.EINVAL)
		}
	}
	if _, _, err := b.ReceiveFiles(nil, 1); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("ReceiveFiles(nil, 1) = %v, want %v", err, syscall.EINVAL)
	}
	// Nothing of all that was sent.
	if n, err := a.SendFiles([]byte("ok"), many[:maxFiles]...); n != 2 || err != nil {
		t.Errorf("SendFiles of %d files = %d, %v, want 2, nil", maxFiles, n, err)
	}
	p := make([]byte, 8)
	n, files, err := b.ReceiveFiles(p, maxFiles)
	if n != 2 || len(files) != maxFiles || err != nil {
		t.Errorf("ReceiveFiles = %d, %d files, %v, want 2, %d files, nil", n, len(files), err, maxFiles)
	}
	for _, f := range files {
		f.Close()
	}
	a.Close()
	if _, err := a.SendFiles([]byte("x"), open); !errors.Is(err, ErrClosed) {
		t.Errorf("SendFiles after Close = %v, want %v", err, ErrClosed)
	}
	if _, _, err := a.ReceiveFiles(p, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("ReceiveFiles after Close = %v, want %v", err, ErrClosed)
	}
	for _, none := range []*UnixConn{nil, {}} {
		_, err1 := none.SendFiles([]byte("x"))
		_, _, err2 := none.ReceiveFiles(p, 1)
		_, err3 := none.PeerCred()
		_, err4 := none.PeerPIDFD()
		for _, err := range []error{err1, err2, err3, err4} {
			if err != syscall.EINVAL {
				t.Errorf("a method of %v = %v, want %v", none, err, syscall.EINVAL)
			}
		}
	}
}

// A file that comes without room for it, in the caller's max or in the process, is
// closed, and so are those that came with it.
func TestReceiveFilesTruncatedClosesAll(t *testing.T) {
	open := fileWith(t, "open")
	for _, tt := range []struct {
		name        string
		sent, most  int
		descriptors int // that the process may still open; 0: as many as before
	}{
		{"no room at all", 1, 0, 0},
		{"room for one of two", 2, 1, 0},
		{"room for three of four", 4, 3, 0},
		{"room for one of many", 200, 1, 0},
		{"the process may open one of four", 4, 4, 1},
		{"the process may open no more", 4, 4, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := unixPair(t, "unix")
			files := make([]*os.File, tt.sent)
			for i := range files {
				files[i] = open
			}
			before := openFiles()
			if _, err := a.SendFiles([]byte("data"), files...); err != nil {
				t.Fatal(err)
			}
			restore := func() {}
			if tt.descriptors != 0 {
				restore = limitDescriptors(t, max(tt.descriptors, 0))
			}
			p := make([]byte, 8)
			n, got, err := b.ReceiveFiles(p, tt.most)
			restore()
			if string(p[:n]) != "data" || got != nil || !errors.Is(err, ErrFilesTruncated) {
				t.Errorf("ReceiveFiles = %q, %d files, %v, want the data and %v", p[:n], len(got), err, ErrFilesTruncated)
			}
			if after := openFiles(); after != before {
				t.Errorf("%d descriptors are open, %d were before", after, before)
			}
		})
	}
}

// limitDescriptors lets the process open n descriptors more.
func limitDescriptors(t *testing.T, n int) (restore func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	// The kernel gives the lowest free number: fill the holes below the limit.
	var holes []int
	limit := 0
	for range 256 {
		s, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		holes = append(holes, s)
		limit = max(limit, s+1)
	}
	for _, s := range holes[len(holes)-n:] {
		unix.Close(s)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(limit), Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		unix.Setrlimit(unix.RLIMIT_NOFILE, &old)
		for _, s := range holes[:len(holes)-n] {
			unix.Close(s)
		}
	}
}

// However a pass ends, no descriptor is left.
func TestFilesLeaveNoDescriptor(t *testing.T) {
	rounds := 2000
	if *long {
		rounds = 100_000
	}
	a, b := unixPair(t, "unix")
	open, closed := fileWith(t, "open"), fileWith(t, "closed")
	closed.Close()
	past, never := time.Unix(1, 0), time.Time{}
	before := openFiles()
	p := make([]byte, 8)
	for i := range rounds {
		switch i % 5 {
		case 1: // refused
			a.SendFiles(p, open, closed)
			continue
		case 2: // the send fails
			a.SetWriteDeadline(past)
			a.SendFiles(p, open)
			a.SetWriteDeadline(never)
			continue
		}
		if n, err := a.SendFiles(p, open, open, open); n != len(p) || err != nil {
			t.Fatalf("SendFiles = %d, %v", n, err)
		}
		most := 3
		switch i % 5 {
		case 3: // no room
			most = 1
		case 4: // the receive fails, and then comes again
			b.SetReadDeadline(past)
			if _, files, err := b.ReceiveFiles(p, most); files != nil || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("ReceiveFiles = %d files, %v, want %v", len(files), err, os.ErrDeadlineExceeded)
			}
			b.SetReadDeadline(never)
		}
		_, files, err := b.ReceiveFiles(p, most)
		if most == 3 && (len(files) != 3 || err != nil) || most == 1 && !errors.Is(err, ErrFilesTruncated) {
			t.Fatalf("ReceiveFiles(b, %d) = %d files, %v", most, len(files), err)
		}
		for _, f := range files {
			f.Close()
		}
	}
	if after := openFiles(); after != before {
		t.Errorf("after %d passes %d descriptors are open, %d were before", rounds, after, before)
	}
}

// Control messages that the program asked for come beside the files.
func TestReceiveFilesBesideCredentials(t *testing.T) {
	a, b := unixPair(t, "unix")
	rc, err := b.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	const passPIDFD = 76
	rc.Control(func(fd uintptr) {
		syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_PASSCRED, 1)
		syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, passPIDFD, 1) // an older kernel refuses
	})
	before := openFiles()
	if _, err := a.SendFiles([]byte("x"), fileWith(t, "text")); err != nil {
		t.Fatal(err)
	}
	_, files, err := b.ReceiveFiles(make([]byte, 1), 1)
	if len(files) != 1 || err != nil {
		t.Fatalf("ReceiveFiles = %d files, %v, want 1 file", len(files), err)
	}
	files[0].Close()
	if after := openFiles(); after != before+1 { // fileWith's own
		t.Errorf("%d descriptors are open, want %d", after, before+1)
	}
}

func TestPeerCredIsThisProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := ListenUnix("unix", &UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := DialUnix("unix", nil, &UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := l.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	want := syscall.Ucred{Pid: int32(os.Getpid()), Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())}
	for name, c := range map[string]*UnixConn{"client": client, "server": server} {
		cred, err := c.PeerCred()
		if err != nil || *cred != want {
			t.Errorf("%s: PeerCred() = %v, %v, want %v", name, cred, err, want)
		}
	}
	client.Close()
	if _, err := client.PeerCred(); !errors.Is(err, ErrClosed) {
		t.Errorf("PeerCred() after Close = %v, want %v", err, ErrClosed)
	}
}

func TestPeerCredWithoutPeer(t *testing.T) {
	c, err := ListenUnixgram("unixgram", &UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.PeerCred(); !errors.Is(err, syscall.ENOTCONN) {
		t.Errorf("PeerCred() = %v, want %v", err, syscall.ENOTCONN)
	}
	if f, err := c.PeerPIDFD(); err == nil {
		f.Close()
		t.Error("PeerPIDFD() without a peer succeeded")
	}
}

const peerChildEnv = "NET2_TEST_PEER_CHILD"

// The file still stands for a peer that has ended.
func TestPeerPIDFDAfterExit(t *testing.T) {
	if path := os.Getenv(peerChildEnv); path != "" {
		c, err := Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		c.Read(make([]byte, 1)) // until the test has seen this process
		c.Close()
		return
	}
	path := filepath.Join(t.TempDir(), "s")
	l, err := ListenUnix("unix", &UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	child := exec.Command(os.Args[0], "-test.run=^TestPeerPIDFDAfterExit$")
	child.Env = append(os.Environ(), peerChildEnv+"="+path)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	c, err := l.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cred, err := c.PeerCred()
	if err != nil || int(cred.Pid) != child.Process.Pid {
		t.Errorf("PeerCred() = %v, %v, want process %d", cred, err, child.Process.Pid)
	}
	f, err := c.PeerPIDFD()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Log(err)
	} else if err != nil {
		t.Errorf("PeerPIDFD() = %v", err)
	} else {
		defer f.Close()
		if err := unix.PidfdSendSignal(int(f.Fd()), 0, nil, 0); err != nil {
			t.Errorf("signal 0 to the peer = %v, want nil", err)
		}
	}
	c.CloseWrite()
	if err := child.Wait(); err != nil {
		t.Errorf("child = %v", err)
	}
	if f != nil {
		if err := unix.PidfdSendSignal(int(f.Fd()), 0, nil, 0); err != syscall.ESRCH {
			t.Errorf("signal 0 to the peer that ended = %v, want %v", err, syscall.ESRCH)
		}
	}
	// Kernels from 6.5 to 6.15 have no file for a process that is gone.
	if f, err := c.PeerPIDFD(); err == nil {
		f.Close()
	}
}
