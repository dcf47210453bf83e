//go:build linux

package poll

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

func TestFDWritev(t *testing.T) {
	many := func(n, size int) [][]byte {
		v := make([][]byte, n)
		for i := range v {
			v[i] = bytes.Repeat([]byte{byte(i)}, size)
		}
		return v
	}
	for _, tt := range []struct {
		name string
		v    [][]byte
		left int // buffers that stay, all of them empty
	}{
		{"none", nil, 0},
		{"one", [][]byte{[]byte("abc")}, 0},
		{"several", [][]byte{[]byte("a"), []byte("bc"), []byte("def")}, 0},
		{"empty ones between", [][]byte{{}, []byte("a"), nil, {}, []byte("bc"), nil}, 0},
		{"nothing but empty ones", [][]byte{nil, {}, nil}, 3},
		{"1023", many(1023, 1), 0},
		{"1024", many(1024, 1), 0},
		{"1025", many(1025, 1), 0},
		{"1025, of them empty ones", append(many(600, 0), many(600, 3)...), 0},
		{"2048", many(2048, 2), 0},
		{"3000 of a kilobyte", many(3000, 1<<10), 0},
		{"more than there is room for", many(9, 1<<20), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd, peer := unixPair(t)
			data := readAll(t, peer)
			want := bytes.Join(tt.v, nil)
			all := tt.v
			var n int64
			left := tt.v
			start(t, "Writev", func() (err error) { n, err = fd.Writev(&left); return err }).want(nil)
			if int(n) != len(want) || len(left) != tt.left {
				t.Errorf("Writev = %d and leaves %d buffers, want %d and %d", n, len(left), len(want), tt.left)
			}
			fd.Shutdown(unix.SHUT_WR)
			if !bytes.Equal(data(), want) {
				t.Error("Read returned other bytes than were written")
			}
			for i, p := range all[:len(all)-len(left)] {
				if p != nil {
					t.Errorf("buffer %d = %d bytes after it was written, want nil", i, len(p))
					break
				}
			}
			if fd.iovecs != nil {
				for i, iov := range (*fd.iovecs)[:cap(*fd.iovecs)] {
					if iov.Base != nil {
						t.Errorf("iovec %d keeps a buffer, want none", i)
						break
					}
				}
			}
		})
	}
}

// One call writes a packet, however many buffers hold it.
func TestFDWritevOfDatagram(t *testing.T) {
	fd, peer := datagramPair(t)
	v := [][]byte{[]byte("one "), []byte("packet")}
	n, err := fd.Writev(&v)
	wantCount(t, "Writev", int(n), 10, err, nil)
	p := make([]byte, 16)
	if n, err := peer.Read(p); string(p[:n]) != "one packet" || err != nil {
		t.Errorf("Read = %q, %v, want %q", p[:n], err, "one packet")
	}
}

func TestFDWritevErrors(t *testing.T) {
	t.Run("closed peer", func(t *testing.T) {
		fd, peer := unixPair(t)
		peer.Close()
		v := [][]byte{[]byte("a"), []byte("b")}
		n, err := fd.Writev(&v)
		wantCount(t, "Writev", int(n), 0, err, unix.EPIPE)
		if len(v) != 2 {
			t.Errorf("buffers after Writev = %d, want 2", len(v))
		}
	})
	t.Run("closed while it waits", func(t *testing.T) {
		fd, peer := unixPair(t)
		size := 8 << 20
		v := [][]byte{make([]byte, 1), make([]byte, size-1)}
		var n int64
		c := start(t, "Writev", func() (err error) { n, err = fd.Writev(&v); return err }).parked()
		fd.Close()
		c.want(net.ErrClosed)
		if got := drain(t, peer); int64(got) != n || len(v) != 1 || len(v[0])+got != size {
			t.Errorf("Writev = %d, the peer has read %d, want the same and the rest left", n, got)
		}
	})
	t.Run("nothing, deadline passed", func(t *testing.T) {
		fd, _ := unixPair(t)
		fd.SetDeadline(time.Unix(1, 0))
		n, err := fd.Writev(new([][]byte))
		wantCount(t, "Writev", int(n), 0, err, os.ErrDeadlineExceeded)
	})
	t.Run("outside the poller", func(t *testing.T) {
		a, b := rawPair(t, unix.SOCK_STREAM)
		defer socket.Close(b)
		fd := &FD{Sysfd: a}
		defer fd.Close()
		v := [][]byte{[]byte("abc")}
		n, err := fd.Writev(&v)
		wantCount(t, "Writev", int(n), 3, err, nil)
	})
}

func TestConsume(t *testing.T) {
	for _, tt := range []struct {
		v    string // buffers, separated by |
		n    int
		want string
	}{
		{"abc", 0, "abc"},
		{"abc", 1, "bc"},
		{"abc", 3, "none"},
		{"abc|def", 3, "def"},
		{"abc|def", 4, "ef"},
		{"abc|def", 6, "none"},
		{"|abc", 0, "abc"},
		{"||abc", 2, "c"},
		{"abc|||", 3, "none"},
		{"abc||def", 3, "def"},
		{"none", 0, "none"},
	} {
		t.Run(fmt.Sprintf("%q %d", tt.v, tt.n), func(t *testing.T) {
			v := split(tt.v)
			all := v
			consume(&v, tt.n)
			if want := split(tt.want); len(v) != len(want) || len(v) > 0 && !bytes.Equal(bytes.Join(v, []byte("|")), bytes.Join(want, []byte("|"))) {
				t.Errorf("consume(%q, %d) = %q, want %q", tt.v, tt.n, v, want)
			}
			for i, p := range all[:len(all)-len(v)] {
				if p != nil {
					t.Errorf("buffer %d, which is used up = %q, want nil", i, p)
				}
			}
		})
	}
}

func split(s string) [][]byte {
	if s == "none" {
		return nil
	}
	return bytes.Split([]byte(s), []byte("|"))
}

func TestSendFile(t *testing.T) {
	content := pattern(3<<20 + 5)
	size := int64(len(content))
	for _, tt := range []struct {
		name   string
		offset int64
		size   int64
		want   int64
	}{
		{"all", 0, 0, size},
		{"all by its size", 0, size, size},
		{"from the middle", 1 << 20, 0, size - 1<<20},
		{"a part", 0, 12345, 12345},
		{"a part from the middle", 100, 1 << 20, 1 << 20},
		{"more than there is", size - 10, 100, 10},
		{"at the end", size, 0, 0},
		{"beyond the end", size + 100, 100, 0},
		{"one byte", 7, 1, 1},
	} {
		for _, pair := range []struct {
			name string
			make func(testing.TB) (*FD, *FD)
		}{{"TCP", tcpPair}, {"Unix", unixPair}} {
			t.Run(pair.name+" "+tt.name, func(t *testing.T) {
				f := openFile(t, content)
				if _, err := f.Seek(tt.offset, io.SeekStart); err != nil {
					t.Fatal(err)
				}
				fd, peer := pair.make(t)
				data := readAll(t, peer)
				var n int64
				var handled bool
				start(t, "SendFile", func() (err error) { n, handled, err = SendFile(fd, int(f.Fd()), tt.size); return err }).want(nil)
				if n != tt.want || !handled {
					t.Errorf("SendFile(%d) = %d, %t, want %d, true", tt.size, n, handled, tt.want)
				}
				fd.Shutdown(unix.SHUT_WR)
				from := min(tt.offset, size)
				if !bytes.Equal(data(), content[from:from+tt.want]) {
					t.Error("the peer read other bytes than are in the file")
				}
				if at, err := f.Seek(0, io.SeekCurrent); at != tt.offset+tt.want || err != nil {
					t.Errorf("offset of the file = %d, %v, want %d", at, err, tt.offset+tt.want)
				}
			})
		}
	}
}

func TestSendFileOfEmptyFile(t *testing.T) {
	fd, _ := unixPair(t)
	for _, size := range []int64{0, 10} {
		n, handled, err := SendFile(fd, int(openFile(t, nil).Fd()), size)
		if n != 0 || !handled || err != nil {
			t.Errorf("SendFile(%d) = %d, %t, %v, want 0, true, nil", size, n, handled, err)
		}
	}
}

// If SendFile moved nothing and the caller can copy, its result says so.
func TestSendFileNotHandled(t *testing.T) {
	f := openFile(t, pattern(100))
	file := int(f.Fd())
	a, _ := unixPair(t)
	for _, tt := range []struct {
		name    string
		dst     func(fd, peer *FD)
		src     int
		handled bool
		want    error
	}{
		{"source is a socket", nil, a.Sysfd, false, unix.EINVAL},
		{"closed", func(fd, peer *FD) { fd.Close() }, file, false, net.ErrClosed},
		{"deadline passed", func(fd, peer *FD) { fd.SetDeadline(time.Unix(1, 0)) }, file, false, os.ErrDeadlineExceeded},
		{"closed peer", func(fd, peer *FD) { peer.Close() }, file, true, unix.EPIPE},
		{"source is closed", nil, 1 << 20, true, unix.EBADF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd, peer := unixPair(t)
			if tt.dst != nil {
				tt.dst(fd, peer)
			}
			n, handled, err := SendFile(fd, tt.src, 0)
			if n != 0 || handled != tt.handled || err != tt.want {
				t.Errorf("SendFile = %d, %t, %v, want 0, %t, %v", n, handled, err, tt.handled, tt.want)
			}
			if at, err := f.Seek(0, io.SeekCurrent); at != 0 || err != nil {
				t.Errorf("offset of the file = %d, %v, want 0", at, err)
			}
		})
	}
}

// If a deadline or a close ends SendFile in the middle, it returns how far it
// got, and the file's offset says the same.
func TestSendFileInterrupted(t *testing.T) {
	content := pattern(16 << 20)
	for _, tt := range []struct {
		name string
		end  func(*FD)
		want error
	}{
		{"deadline", func(fd *FD) { fd.SetWriteDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		{"close", func(fd *FD) { fd.Close() }, net.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := openFile(t, content)
			fd, peer := unixPair(t)
			var n int64
			var handled bool
			c := start(t, "SendFile", func() (err error) { n, handled, err = SendFile(fd, int(f.Fd()), 0); return err }).parked()
			tt.end(fd)
			c.want(tt.want)
			if n <= 0 || n >= int64(len(content)) || !handled {
				t.Errorf("SendFile = %d, %t, want a part, true", n, handled)
			}
			if at, err := f.Seek(0, io.SeekCurrent); at != n || err != nil {
				t.Errorf("offset of the file = %d, %v, want %d", at, err, n)
			}
			if got := drain(t, peer); int64(got) != n {
				t.Errorf("the peer has read %d bytes, want %d", got, n)
			}
		})
	}
}

func TestSplice(t *testing.T) {
	kinds := []struct {
		name string
		make func(testing.TB) (*FD, *FD)
	}{{"TCP", tcpPair}, {"Unix", unixPair}}
	for _, from := range kinds {
		for _, to := range kinds {
			for _, tt := range []struct {
				name   string
				size   int
				remain int64
			}{
				{"to the end", 3<<20 + 7, 1<<63 - 1},
				{"to the end, nothing", 0, 1<<63 - 1},
				{"to the end, one byte", 1, 1<<63 - 1},
				{"a part", 3 << 20, 1<<20 + 1},
				{"exactly", 100_000, 100_000},
				{"one byte of many", 100, 1},
				{"nothing of it", 100, 0},
				{"less than nothing", 100, -1},
			} {
				t.Run(from.name+" to "+to.name+" "+tt.name, func(t *testing.T) {
					src, writer := from.make(t)
					dst, reader := to.make(t)
					want := pattern(tt.size)
					moved := want[:max(0, min(tt.remain, int64(tt.size)))]
					data := readAll(t, reader)
					writing := start(t, "Write", func() error {
						_, err := writer.Write(want)
						writer.Shutdown(unix.SHUT_WR)
						return err
					})
					var n int64
					var handled bool
					start(t, "Splice", func() (err error) { n, handled, err = Splice(dst, src, tt.remain); return err }).want(nil)
					if n != int64(len(moved)) || !handled {
						t.Errorf("Splice(%d) = %d, %t, want %d, true", tt.remain, n, handled, len(moved))
					}
					dst.Shutdown(unix.SHUT_WR)
					if !bytes.Equal(data(), moved) {
						t.Error("the peer read other bytes than were written")
					}
					// The rest has stayed where it was.
					rest := readAll(t, src)
					writing.want(nil)
					if !bytes.Equal(rest(), want[len(moved):]) {
						t.Error("what Splice left is not the rest of what was written")
					}
				})
			}
		}
	}
}

func TestSpliceWaitsForBothSides(t *testing.T) {
	src, writer := unixPair(t)
	dst, reader := unixPair(t)
	var n int64
	c := start(t, "Splice", func() (err error) { n, _, err = Splice(dst, src, 1<<62); return err }).parked()
	send(t, writer, "a few bytes")
	p := make([]byte, 16)
	if m, err := reader.Read(p); string(p[:m]) != "a few bytes" || err != nil {
		t.Errorf("Read = %q, %v, want %q", p[:m], err, "a few bytes")
	}
	c.parked() // for more
	size := 8 << 20
	writing := start(t, "Write", func() error { return second(writer.Write(pattern(size))) })
	c.parked() // for room
	writing.parked()
	writer.SetWriteDeadline(time.Unix(1, 0))
	writing.want(os.ErrDeadlineExceeded)
	writer.Shutdown(unix.SHUT_WR)
	data := readAll(t, reader)
	c.want(nil)
	dst.Shutdown(unix.SHUT_WR)
	if got := data(); int64(len(got))+11 != n || !bytes.Equal(got, pattern(size)[:len(got)]) {
		t.Errorf("Splice = %d, the peer has read %d bytes, want the same", n, len(got)+11)
	}
}

func eventfd(t testing.TB) *FD {
	t.Helper()
	s, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	return newFD(t, s, true)
}

func TestSpliceErrors(t *testing.T) {
	for _, tt := range []struct {
		name    string
		setup   func(src, writer, dst, reader *FD)
		handled bool
		want    error
	}{
		{"source closed", func(src, writer, dst, reader *FD) { src.Close() }, true, net.ErrClosed},
		{"source past its deadline", func(src, writer, dst, reader *FD) { src.SetReadDeadline(time.Unix(1, 0)) }, true, os.ErrDeadlineExceeded},
		// From here on there are bytes in the pipe.
		{"destination closed", func(src, writer, dst, reader *FD) { dst.Close() }, true, net.ErrClosed},
		{"destination past its deadline", func(src, writer, dst, reader *FD) { dst.SetWriteDeadline(time.Unix(1, 0)) }, true, os.ErrDeadlineExceeded},
		{"destination's peer closed", func(src, writer, dst, reader *FD) { reader.Close() }, true, unix.EPIPE},
	} {
		t.Run(tt.name, func(t *testing.T) {
			emptyPipePool(t)
			src, writer := unixPair(t)
			dst, reader := unixPair(t)
			send(t, writer, "data")
			tt.setup(src, writer, dst, reader)
			n, handled, err := Splice(dst, src, 100)
			if n != 0 || handled != tt.handled || err != tt.want {
				t.Errorf("Splice = %d, %t, %v, want 0, %t, %v", n, handled, err, tt.handled, tt.want)
			}
			// The pipe is kept only when it is empty.
			if p, ok := splicePipes.Get().(*splicePipe); ok {
				if p.data != 0 {
					t.Errorf("bytes in the pipe that is kept = %d, want 0", p.data)
				}
				putPipe(p)
			}
			if strings.HasPrefix(tt.name, "destination") {
				if got := pipes(); got != pipesAtStart {
					t.Errorf("ends of pipes after the error = %d, want %d", got, pipesAtStart)
				}
			}
		})
	}
	t.Run("source cannot", func(t *testing.T) {
		dst, _ := unixPair(t)
		src := eventfd(t)
		n, handled, err := Splice(dst, src, 100)
		if n != 0 || handled || err != unix.EINVAL {
			t.Errorf("Splice = %d, %t, %v, want 0, false, EINVAL", n, handled, err)
		}
	})
	t.Run("destination cannot", func(t *testing.T) {
		src, writer := unixPair(t)
		send(t, writer, "data")
		n, handled, err := Splice(eventfd(t), src, 100)
		// The bytes that Splice took from the source are lost, so the caller
		// must not go on.
		if n != 0 || !handled || err != unix.EINVAL {
			t.Errorf("Splice = %d, %t, %v, want 0, true, EINVAL", n, handled, err)
		}
	})
	t.Run("no pipe", func(t *testing.T) {
		emptyPipePool(t)
		src, writer := unixPair(t)
		dst, _ := unixPair(t)
		send(t, writer, "data")
		withoutDescriptors(t, func() {
			n, handled, err := Splice(dst, src, 100)
			if n != 0 || handled || err == nil {
				t.Errorf("Splice = %d, %t, %v, want 0, false, an error", n, handled, err)
			}
		})
		n, err := src.Read(make([]byte, 8))
		wantCount(t, "Read of the source", n, 4, err, nil)
	})
}

func TestSpliceInterrupted(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(src, dst *FD)
		want error
	}{
		{"source closed", func(src, dst *FD) { src.Close() }, net.ErrClosed},
		{"source's deadline", func(src, dst *FD) { src.SetReadDeadline(time.Now().Add(time.Millisecond)) }, os.ErrDeadlineExceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src, writer := tcpPair(t)
			dst, reader := unixPair(t)
			send(t, writer, "data")
			var n int64
			var handled bool
			c := start(t, "Splice", func() (err error) { n, handled, err = Splice(dst, src, 100); return err }).parked()
			tt.end(src, dst)
			c.want(tt.want)
			if got := drain(t, reader); n != 4 || !handled || got != 4 {
				t.Errorf("Splice = %d, %t, the peer has read %d, want 4, true, 4", n, handled, got)
			}
		})
	}
}

// pipes counts the ends of pipes that are open.
func pipes() (n int) {
	for _, what := range openFiles() {
		if strings.HasPrefix(what, "pipe:") {
			n++
		}
	}
	return n
}

// pipesAtStart counts them without those that Splice keeps.
var pipesAtStart int

// emptyPipePool has the garbage collector close the pipes that Splice keeps.
func emptyPipePool(t testing.TB) {
	t.Helper()
	eventually(t, "pipes that are kept are closed", func() bool {
		runtime.GC()
		return pipes() == pipesAtStart
	})
}

// One Splice after the other uses the same pipe, and the garbage collector
// closes it.
func TestSplicePipesAreReusedAndClosed(t *testing.T) {
	emptyPipePool(t)
	src, writer := unixPair(t)
	dst, reader := unixPair(t)
	most := 0
	for range 100 {
		send(t, writer, "data")
		n, _, err := Splice(dst, src, 4)
		wantCount(t, "Splice", int(n), 4, err, nil)
		drain(t, reader)
		most = max(most, pipes()-pipesAtStart)
	}
	// The race detector makes the pool forget some at random; they close later.
	if limit := 2 * runtime.GOMAXPROCS(0); most > limit && !raceEnabled {
		t.Errorf("ends of pipes in 100 calls of Splice = %d, want %d at most", most, limit)
	}
	emptyPipePool(t)
}

// A proxy copies both ways at once.
func TestSpliceBothWays(t *testing.T) {
	client, front := tcpPair(t)
	back, server := unixPair(t)
	want := pattern(2 << 20)
	up := start(t, "Splice up", func() error {
		_, _, err := Splice(back, front, 1<<62)
		back.Shutdown(unix.SHUT_WR)
		return err
	})
	down := start(t, "Splice down", func() error {
		_, _, err := Splice(front, back, 1<<62)
		front.Shutdown(unix.SHUT_WR)
		return err
	})
	echo := start(t, "echo", func() error {
		p := make([]byte, 32<<10)
		for {
			n, err := server.Read(p)
			if err == io.EOF {
				return server.Shutdown(unix.SHUT_WR)
			}
			if err == nil {
				_, err = server.Write(p[:n])
			}
			if err != nil {
				return err
			}
		}
	})
	data := readAll(t, client)
	writing := start(t, "Write", func() error {
		_, err := client.Write(want)
		client.Shutdown(unix.SHUT_WR)
		return err
	})
	writing.want(nil)
	up.want(nil)
	echo.want(nil)
	down.want(nil)
	if !bytes.Equal(data(), want) {
		t.Error("what came back is not what was sent")
	}
}
