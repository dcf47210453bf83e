//go:build linux

package scenario

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/pattern"
)

// file makes a file with size bytes, open for reading, and returns what is in
// it.
func (t *T) file(size int) (*os.File, []byte) {
	data := pattern.Bytes(size)
	path := filepath.Join(t.Dir(), "file")
	t.Check(os.WriteFile(path, data, 0o600))
	f, err := os.Open(path)
	t.Check(err)
	t.Keep(f)
	return f, data
}

// sink reads everything from c and returns it with the error.
func sink(t *T, c io.Reader) *Task {
	return t.Go(func() []any {
		got, err := io.ReadAll(c)
		return all(got, err)
	})
}

// offset records the offset of f.
func offset(t *T, f *os.File) {
	t.Op("file stands at")(f.Seek(0, io.SeekCurrent))
}

var copying = []Scenario{
	{
		Name: "sendfile/file/whole",
		Doc:  "ReadFrom of a file: counts, bytes and the file's offset afterwards, for files of many sizes",
		run:  sendfileFileWhole,
	},
	{
		Name: "sendfile/file/part",
		Doc:  "ReadFrom of a limited file, of a file with an offset, of both: counts, what is left",
		run:  sendfileFilePart,
	},
	{
		Name:  "sendfile/file/by-copy",
		Doc:   "io.Copy, io.CopyN and File.WriteTo of a file to TCP and Unix connections",
		run:   sendfileFileByCopy,
		pools: true,
	},
	{
		Name:  "sendfile/file/unusual",
		Doc:   "ReadFrom of a directory, a pipe, a device, a closed file, a file for writing only",
		run:   sendfileFileUnusual,
		pools: true,
	},
	{
		Name: "sendfile/file/errors",
		Doc:  "ReadFrom of a file to a connection that is closed, closed for writing, reset, out of time, full",
		run:  sendfileFileErrors,
	},
	{
		Name:  "splice/tcp/from-streams",
		Doc:   "ReadFrom of TCP and Unix streams, plain and limited: counts, bytes, what is left",
		run:   spliceTCPFromStreams,
		pools: true,
	},
	{
		Name:  "splice/tcp/to-streams",
		Doc:   "WriteTo and io.Copy from TCP to Unix and TCP connections",
		run:   spliceTCPToStreams,
		pools: true,
	},
	{
		Name:  "splice/tcp/errors",
		Doc:   "ReadFrom between connections of which one is closed, out of time, reset or full",
		run:   spliceTCPErrors,
		pools: true,
	},
	{
		Name:  "splice/tcp/leftovers",
		Doc:   "bytes left over from copies that failed halfway do not turn up in later ones",
		run:   spliceTCPLeftovers,
		pools: true,
	},
	{
		Name:  "splice/tcp/full",
		Doc:   "a destination that takes no more: the copy waits until the destination's deadline or Close ends it",
		run:   spliceTCPFull,
		pools: true,
	},
	{
		Name:  "splice/unix/from-and-to",
		Doc:   "io.Copy from a Unix stream to TCP, to a Unix stream and to a file, and back",
		run:   spliceUnixFromAndTo,
		pools: true,
	},
	{
		Name: "buffers/write/to-connections",
		Doc:  "Buffers written to TCP, Unix and packet connections and to memory: counts, bytes, what is left of them",
		run:  buffersWriteToConnections,
	},
	{
		Name: "buffers/write/many",
		Doc:  "thousands of buffers, more than one system call takes, and buffers of megabytes",
		run:  buffersWriteMany,
	},
	{
		Name: "buffers/write/errors",
		Doc:  "Buffers cut short by a deadline, Close or a failing writer: they no longer hold what was written",
		run:  buffersWriteErrors,
	},
	{
		Name: "buffers/read/consumes",
		Doc:  "Buffers as a reader: pieces of every size, the end, and io.Copy of them",
		run:  buffersReadConsumes,
	},
	{
		Name: "buffers/write/concurrent",
		Doc:  "Buffers written at the same time as Writes: their bytes do not mix",
		run:  buffersWriteConcurrent,
	},
}

func sendfileFileWhole(t *T) {
	for _, size := range []int{0, 1, 4096, 100_000, 3 << 20} {
		c, s := t.TCPPair()
		f, data := t.file(size)
		got := sink(t, s)
		t.Op("read from")(c.ReadFrom(f))
		offset(t, f)
		t.Op("read from at the end")(c.ReadFrom(f))
		t.Check(c.Close())
		v := got.Wait()
		t.Rec("got", bytes.Equal(v[0].([]byte), data), v[1])
	}
}

func sendfileFilePart(t *T) {
	for _, p := range []struct {
		seek  int64
		limit int64
	}{{0, 10}, {5, 10}, {0, 0}, {0, -1}, {99_990, 100}, {100_000, 10}, {200_000, 10}, {70_000, 1 << 40}} {
		c, s := t.TCPPair()
		f, data := t.file(100_000)
		_, err := f.Seek(p.seek, io.SeekStart)
		t.Check(err)
		got := sink(t, s)
		lr := &io.LimitedReader{R: f, N: p.limit}
		n, err := c.ReadFrom(lr)
		t.Rec("read from", p.seek, p.limit, n, err, lr.N)
		offset(t, f)
		t.Check(c.Close())
		v := got.Wait()
		start := min(int(p.seek), len(data))
		t.Rec("got", bytes.Equal(v[0].([]byte), data[start:start+int(n)]), v[1])
	}
}

func sendfileFileByCopy(t *T) {
	for name, pair := range inOrder(
		named[func() (net.Conn, net.Conn)]{"tcp", func() (net.Conn, net.Conn) { return t.TCPPair() }},
		named[func() (net.Conn, net.Conn)]{"unix", func() (net.Conn, net.Conn) { return t.UnixPair("unix") }},
	) {
		c, s := pair()
		f, data := t.file(200_000)
		got := sink(t, s)
		t.Op(name + ": copy a limit")(io.CopyN(c, f, 1000))
		offset(t, f)
		t.Op("write to")(f.WriteTo(c))
		offset(t, f)
		_, err := f.Seek(0, io.SeekStart)
		t.Check(err)
		t.Op("copy")(io.Copy(c, f))
		t.Op("copy at the end")(io.CopyN(c, f, 10))
		t.Check(c.Close())
		v := got.Wait()
		t.Rec("got", bytes.Equal(v[0].([]byte), append(bytes.Clone(data), data...)), v[1])
	}
}

func sendfileFileUnusual(t *T) {
	c, s := t.TCPPair()
	got := sink(t, s)
	d, err := os.Open(t.Dir())
	t.Check(err)
	t.Keep(d)
	t.Op("directory")(c.ReadFrom(d))
	r, w, err := os.Pipe()
	t.Check(err)
	t.Keep(r)
	_, err = w.Write([]byte("through a pipe"))
	t.Check(err)
	t.Check(w.Close())
	t.Op("pipe")(c.ReadFrom(r))
	null, err := os.Open(os.DevNull)
	t.Check(err)
	t.Keep(null)
	t.Op("null device")(c.ReadFrom(null))
	zero, err := os.Open("/dev/zero")
	t.Check(err)
	t.Keep(zero)
	t.Op("zero device")(c.ReadFrom(io.LimitReader(zero, 1000)))
	f, _ := t.file(10)
	t.Check(f.Close())
	t.Op("closed")(c.ReadFrom(f))
	wo, err := os.OpenFile(filepath.Join(t.Dir(), "write"), os.O_CREATE|os.O_WRONLY, 0o600)
	t.Check(err)
	t.Keep(wo)
	t.Op("for writing only")(c.ReadFrom(wo))
	proc, err := os.Open("/proc/self/cmdline")
	t.Check(err)
	t.Keep(proc)
	n, err := c.ReadFrom(proc)
	t.Rec("a file that says it is empty", n > 0, err)
	t.Check(c.Close())
	v := got.Wait()
	t.Rec("got", len(v[0].([]byte)) == 14+1000+int(n), v[1])
}

func sendfileFileErrors(t *T) {
	f, _ := t.file(8 << 20)
	again := func(name string, c TCPConn) {
		_, err := f.Seek(0, io.SeekStart)
		t.Check(err)
		n, err := c.ReadFrom(f)
		t.Rec(name, n, err)
		offset(t, f)
	}
	c, _ := t.TCPPair()
	t.Check(c.SetWriteDeadline(past))
	again("out of time", c)
	t.Check(c.SetWriteDeadline(never))
	t.Check(c.CloseWrite())
	again("closed for writing", c)
	t.Check(c.Close())
	again("closed", c)
	c, s := t.TCPPair()
	t.Reset(s, c)
	again("reset", c)
	c, s = t.TCPPair()
	narrow(t, c, s)
	_, err := f.Seek(0, io.SeekStart)
	t.Check(err)
	k := t.Park(func() []any {
		n, err := c.ReadFrom(f)
		at, _ := f.Seek(0, io.SeekCurrent)
		return all(n > 0, n < 8<<20, n == at, err)
	})
	t.Check(c.SetWriteDeadline(past))
	t.Rec("full, deadline", k.Wait()...)
	k = t.Go(func() []any { return all(c.ReadFrom(f)) })
	t.Rec("still out of time", k.Wait()[1:]...)
	t.Check(c.SetWriteDeadline(never))
	k = t.Park(func() []any { _, err := c.ReadFrom(f); return all(err) })
	t.Check(c.Close())
	t.Rec("full, closed", k.Wait()...)
}

func spliceTCPFromStreams(t *T) {
	data := pattern.Bytes(500_000)
	for name, pair := range inOrder(
		named[func() (net.Conn, net.Conn)]{"tcp", func() (net.Conn, net.Conn) { return t.TCPPair() }},
		named[func() (net.Conn, net.Conn)]{"unix", func() (net.Conn, net.Conn) { return t.UnixPair("unix") }},
		named[func() (net.Conn, net.Conn)]{"unixpacket", func() (net.Conn, net.Conn) { return t.UnixPair("unixpacket") }},
	) {
		from, relay := pair()
		c, s := t.TCPPair()
		got := sink(t, s)
		feed := t.Go(func() []any {
			for part := data; len(part) > 0; {
				n, err := from.Write(part[:min(10_000, len(part))])
				if err != nil {
					return all(err)
				}
				part = part[n:]
			}
			return all(from.Close())
		})
		lr := &io.LimitedReader{R: relay, N: 100_000}
		n, err := c.ReadFrom(lr)
		t.Rec(name+": limited", n, err, lr.N)
		n, err = c.ReadFrom(relay)
		t.Rec("the rest", n, err)
		n, err = c.ReadFrom(relay)
		t.Rec("at the end", n, err)
		lr = &io.LimitedReader{R: relay, N: 10}
		n, err = c.ReadFrom(lr)
		t.Rec("limited at the end", n, err, lr.N)
		lr = &io.LimitedReader{R: relay, N: 0}
		n, err = c.ReadFrom(lr)
		t.Rec("limited to nothing", n, err, lr.N)
		t.Check(c.Close())
		t.Rec("feed", feed.Wait()...)
		v := got.Wait()
		t.Rec("got", bytes.Equal(v[0].([]byte), data), v[1])
	}
}

func spliceTCPToStreams(t *T) {
	data := pattern.Bytes(300_000)
	for name, pair := range inOrder(
		named[func() (net.Conn, net.Conn)]{"tcp", func() (net.Conn, net.Conn) { return t.TCPPair() }},
		named[func() (net.Conn, net.Conn)]{"unix", func() (net.Conn, net.Conn) { return t.UnixPair("unix") }},
	) {
		for how, f := range inOrder(
			named[func(w io.Writer, r TCPConn) (int64, error)]{"write to", func(w io.Writer, r TCPConn) (int64, error) { return r.WriteTo(w) }},
			named[func(w io.Writer, r TCPConn) (int64, error)]{"copy", func(w io.Writer, r TCPConn) (int64, error) { return io.Copy(w, r) }},
			named[func(w io.Writer, r TCPConn) (int64, error)]{"copy a limit", func(w io.Writer, r TCPConn) (int64, error) { return io.CopyN(w, r, 200_000) }},
		) {
			from, relay := t.TCPPair()
			to, s := pair()
			got := sink(t, s)
			feed := t.Go(func() []any { n, err := from.Write(data); return all(n, err, from.CloseWrite()) })
			n, err := f(to, relay)
			t.Rec(name+": "+how, n, err)
			t.Check(to.Close())
			t.Rec("feed", feed.Wait()...)
			v := got.Wait()
			t.Rec("got", bytes.Equal(v[0].([]byte), data[:n]), v[1])
		}
	}
}

func spliceTCPErrors(t *T) {
	relay := func() (from, r, w, s TCPConn) {
		from, r = t.TCPPair()
		w, s = t.TCPPair()
		return from, r, w, s
	}
	from, r, w, _ := relay()
	t.Check(r.SetReadDeadline(past))
	t.Op("source out of time")(w.ReadFrom(r))
	t.Check(r.SetReadDeadline(never))
	t.Check(w.SetWriteDeadline(past))
	t.Write("feed", from, "text")
	t.Await(r, unix.POLLIN)
	t.Op("destination out of time")(w.ReadFrom(r))
	t.Check(w.SetWriteDeadline(never))
	_, r, w, _ = relay()
	t.Check(r.Close())
	t.Op("source closed")(w.ReadFrom(r))
	from, r, w, _ = relay()
	t.Check(w.Close())
	t.Write("feed", from, "text") // otherwise the copy waits for it
	t.Op("destination closed")(w.ReadFrom(r))
	from, r, w, _ = relay()
	t.Reset(from, r)
	t.Op("source reset")(w.ReadFrom(r))
	from, r, w, s := relay()
	t.Reset(s, w)
	t.Write("feed", from, "text")
	t.Op("destination reset")(w.ReadFrom(r))
	_, r, w, _ = relay()
	k := t.Park(func() []any { return all(w.ReadFrom(r)) })
	t.Check(r.Close())
	t.Rec("source closed while waiting", k.Wait()...)
	_, r, w, _ = relay()
	k = t.Park(func() []any { return all(r.WriteTo(w)) })
	t.Check(r.SetReadDeadline(past))
	t.Rec("source out of time while waiting", k.Wait()...)
}

func spliceTCPLeftovers(t *T) {
	relay := func(destination time.Time) {
		from, r := t.TCPPair()
		w, s := t.TCPPair()
		t.Check(w.SetWriteDeadline(destination))
		t.Write("feed", from, "text")
		t.Check(from.CloseWrite())
		t.Op("copy")(w.ReadFrom(r))
		t.Check(w.Close())
		got, err := io.ReadAll(s)
		t.Rec("got", got, err)
	}
	for range 8 {
		relay(past)
	}
	for range 8 {
		relay(never)
	}
}

func spliceTCPFull(t *T) {
	for how, end := range inOrder(
		named[func(w TCPConn) error]{"deadline", func(w TCPConn) error { return w.SetWriteDeadline(past) }},
		named[func(w TCPConn) error]{"close", func(w TCPConn) error { return w.Close() }},
	) {
		from, r := t.TCPPair()
		w, s := t.TCPPair()
		narrow(t, w, s)
		feed := t.Go(func() []any {
			for {
				if _, err := from.Write(make([]byte, 64<<10)); err != nil {
					return nil
				}
			}
		})
		k := t.Go(func() []any { n, err := w.ReadFrom(r); return all(n > 0, err) })
		t.Blocked(feed)
		t.Blocked(k)
		t.Rec(how, end(w))
		t.Rec("copy", k.Wait()...)
		t.Check(from.Close())
		feed.Wait()
	}
}

func spliceUnixFromAndTo(t *T) {
	data := pattern.Bytes(200_000)
	for name, pair := range inOrder(
		named[func() (net.Conn, net.Conn)]{"tcp", func() (net.Conn, net.Conn) { return t.TCPPair() }},
		named[func() (net.Conn, net.Conn)]{"unix", func() (net.Conn, net.Conn) { return t.UnixPair("unix") }},
	) {
		from, relay := t.UnixPair("unix")
		to, s := pair()
		got := sink(t, s)
		feed := t.Go(func() []any { n, err := from.Write(data); return all(n, err, from.CloseWrite()) })
		n, err := io.Copy(to, relay)
		t.Rec("to "+name, n, err)
		t.Check(to.Close())
		t.Rec("feed", feed.Wait()...)
		v := got.Wait()
		t.Rec("got", bytes.Equal(v[0].([]byte), data), v[1])
	}
	for name, pair := range inOrder(
		named[func() (net.Conn, net.Conn)]{"tcp", func() (net.Conn, net.Conn) { return t.TCPPair() }},
		named[func() (net.Conn, net.Conn)]{"unix", func() (net.Conn, net.Conn) { return t.UnixPair("unix") }},
	) {
		from, relay := pair()
		f, err := os.Create(filepath.Join(t.Dir(), "file"))
		t.Check(err)
		t.Keep(f)
		feed := t.Go(func() []any { n, err := from.Write(data); return all(n, err, from.Close()) })
		n, err := io.Copy(f, relay)
		t.Rec("file from "+name, n, err)
		t.Rec("feed", feed.Wait()...)
		got, err := os.ReadFile(f.Name())
		t.Rec("got", bytes.Equal(got, data), err)
	}
}

func buffersWriteToConnections(t *T) {
	for _, parts := range [][]string{{}, {""}, {"one"}, {"one", "two", "three"}, {"", "one", "", "two", ""}} {
		for name, pair := range inOrder(
			named[func() (net.Conn, net.Conn)]{"tcp", func() (net.Conn, net.Conn) { return t.TCPPair() }},
			named[func() (net.Conn, net.Conn)]{"unix", func() (net.Conn, net.Conn) { return t.UnixPair("unix") }},
		) {
			c, s := pair()
			var v [][]byte
			for _, p := range parts {
				v = append(v, []byte(p))
			}
			n, err := t.BuffersWriteTo(&v, c)
			t.Rec(name, fmt.Sprintf("%q", parts), n, err, len(v))
			t.Check(c.Close())
			got, err := io.ReadAll(s)
			t.Rec("got", string(got), err)
		}
		var b bytes.Buffer
		var v [][]byte
		for _, p := range parts {
			v = append(v, []byte(p))
		}
		n, err := t.BuffersWriteTo(&v, &b)
		t.Rec("memory", n, err, len(v), b.String())
	}
	c, s := t.UnixPair("unixpacket")
	v := [][]byte{[]byte("one"), []byte("two")}
	n, err := t.BuffersWriteTo(&v, c)
	t.Rec("packets", n, err, len(v))
	t.Read("read", s, 16)
	u := t.UDP4()
	d := t.dialUDP(u.LocalAddr())
	v = [][]byte{[]byte("one"), []byte("two")}
	n, err = t.BuffersWriteTo(&v, d)
	t.Rec("datagrams", n, err, len(v))
	t.Read("read", u, 16)
}

func buffersWriteMany(t *T) {
	for _, size := range []struct{ n, each int }{{1023, 3}, {1024, 3}, {1025, 3}, {5000, 7}, {3, 2 << 20}} {
		c, s := t.TCPPair()
		data := pattern.Bytes(size.n * size.each)
		var v [][]byte
		for i := range size.n {
			v = append(v, data[i*size.each:(i+1)*size.each])
		}
		got := sink(t, s)
		n, err := t.BuffersWriteTo(&v, c)
		t.Rec("write", size.n, size.each, n, err, len(v), v == nil)
		t.Check(c.Close())
		g := got.Wait()
		t.Rec("got", bytes.Equal(g[0].([]byte), data), g[1])
	}
}

func buffersWriteErrors(t *T) {
	c, s := t.TCPPair()
	narrow(t, c, s)
	whole := 0
	var v [][]byte
	for range 400 {
		v = append(v, make([]byte, 10_000))
		whole += 10_000
	}
	k := t.Park(func() []any {
		n, err := t.BuffersWriteTo(&v, c)
		left := 0
		for _, b := range v {
			left += len(b)
		}
		return all(n > 0, int(n)+left == whole, err)
	})
	t.Check(c.SetWriteDeadline(past))
	t.Rec("deadline", k.Wait()...)
	v = [][]byte{[]byte("one"), []byte("two")}
	n, err := t.BuffersWriteTo(&v, c)
	t.Rec("still out of time", n, err, len(v))
	t.Check(c.Close())
	n, err = t.BuffersWriteTo(&v, c)
	t.Rec("closed", n, err, len(v))
	v = nil
	n, err = t.BuffersWriteTo(&v, c)
	t.Rec("nothing to a closed one", n, err)
	v = [][]byte{[]byte("one"), []byte("two"), []byte("three")}
	n, err = t.BuffersWriteTo(&v, &failingWriter{left: 5})
	t.Rec("failing", n, err, v)
	c, s = t.TCPPair()
	t.Reset(s, c)
	v = [][]byte{[]byte("one"), []byte("two")}
	n, err = t.BuffersWriteTo(&v, c)
	t.Rec("reset", n, err, v)
	zero := t.ZeroTCPConn()
	v = [][]byte{[]byte("one")}
	t.Try("zero connection", func() []any { n, err := t.BuffersWriteTo(&v, zero); return all(n, err, len(v)) })
}

func buffersReadConsumes(t *T) {
	v := [][]byte{[]byte("one"), {}, []byte("two"), []byte("three")}
	for _, size := range []int{2, 0, 3, 100, 5} {
		b := make([]byte, size)
		n, err := t.BuffersRead(&v, b)
		t.Rec("read", size, n, string(b[:n]), err, len(v))
	}
	empty := [][]byte{{}, {}}
	n, err := t.BuffersRead(&empty, make([]byte, 4))
	t.Rec("read empty ones", n, err, len(empty))
	n, err = t.BuffersRead(&empty, nil)
	t.Rec("read into nothing", n, err)
	shared := []byte("shared")
	v = [][]byte{shared, []byte("x")}
	b := make([]byte, 3)
	n, err = t.BuffersRead(&v, b)
	t.Rec("does not change the bytes", n, err, string(shared), string(v[0]))
}

func buffersWriteConcurrent(t *T) {
	c, s := t.TCPPair()
	const each = 400_000
	one := t.Go(func() []any {
		var v [][]byte
		for range 40 {
			v = append(v, bytes.Repeat([]byte("v"), each/40))
		}
		return all(t.BuffersWriteTo(&v, c))
	})
	two := t.Go(func() []any { return all(c.Write(bytes.Repeat([]byte("w"), each))) })
	got := make([]byte, 2*each)
	_, err := io.ReadFull(s, got)
	t.Rec("read", err)
	first := string(got[:each])
	t.Rec("whole", strings.Count(first, first[:1]) == each)
	t.Rec("buffers", one.Wait()...)
	t.Rec("write", two.Wait()...)
}
