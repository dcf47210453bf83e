//go:build linux

package scenario

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing/iotest"

	"golang.org/x/sys/unix"

	"go.parity/conformance/pattern"
)

// A failingWriter takes some bytes, then fails.
type failingWriter struct{ left int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		n := w.left
		w.left = 0
		return n, errScript
	}
	w.left -= len(p)
	return len(p), nil
}

// A lyingWriter reports that it wrote less than it got.
type lyingWriter struct{}

func (lyingWriter) Write(p []byte) (int, error) { return len(p) / 2, nil }

// plain hides every method but Read.
type plain struct{ io.Reader }

// plainWriter hides every method but Write.
type plainWriter struct{ io.Writer }

var tcpIO = []Scenario{
	{
		Name: "tcp/io/zero-length",
		Doc:  "reads and writes of nothing: on an idle connection, with data there, at the end, after a reset",
		run:  tcpIOZeroLength,
	},
	{
		Name: "tcp/io/zero-length-queued",
		Doc:  "a Read of nothing waits its turn behind one that is blocked, and a Write of nothing too",
		run:  tcpIOZeroLengthQueued,
	},
	{
		Name: "tcp/io/stream",
		Doc:  "reads of several sizes over writes of several sizes: bytes in order, none lost",
		run:  tcpIOStream,
	},
	{
		Name: "tcp/io/big-write",
		Doc:  "one Write of many megabytes is complete, in both directions at once",
		run:  tcpIOBigWrite,
	},
	{
		Name: "tcp/io/concurrent-writes",
		Doc:  "Writes at the same time do not mix their bytes",
		run:  tcpIOConcurrentWrites,
	},
	{
		Name: "tcp/io/concurrent-reads",
		Doc:  "Reads at the same time get each byte once",
		run:  tcpIOConcurrentReads,
	},
	{
		Name: "tcp/io/full-duplex",
		Doc:  "a blocked Read does not hold up a Write, nor a blocked Write a Read",
		run:  tcpIOFullDuplex,
	},
	{
		Name: "tcp/io/read-from-readers",
		Doc:  "ReadFrom: from memory, in small pieces, limited, from nothing, and from readers that fail or make no progress",
		run:  tcpIOReadFromReaders,
	},
	{
		Name: "tcp/io/write-to-writers",
		Doc:  "WriteTo: into memory, and into writers that fail, write short or lie",
		run:  tcpIOWriteToWriters,
	},
	{
		Name: "tcp/io/write-to-errors",
		Doc:  "WriteTo of connections that are reset, timed out, closed for reading",
		run:  tcpIOWriteToErrors,
	},
	{
		Name:  "tcp/io/copy",
		Doc:   "io.Copy between connections and memory, and through a chain of two connections",
		run:   tcpIOCopy,
		pools: true,
	},
	{
		Name: "tcp/io/read-from-deadline",
		Doc:  "ReadFrom that its deadline cuts short reports how far it got",
		run:  tcpIOReadFromDeadline,
	},
	{
		Name: "tcp/io/out-of-band",
		Doc:  "an urgent byte, which the kernel keeps apart, does not show in the stream, and reads go on",
		run:  tcpIOOutOfBand,
	},
}

func tcpIOZeroLength(t *T) {
	c, s := t.TCPPair()
	t.Read("read idle", c, 0)
	t.Op("read nil")(c.Read(nil))
	t.Write("write", c, "")
	t.Op("write nil")(c.Write(nil))
	t.Write("peer writes", s, "x")
	t.Await(c, unix.POLLIN)
	t.Read("read with data there", c, 0)
	t.Read("read it", c, 1)
	t.Check(s.CloseWrite())
	t.Await(c, unix.POLLRDHUP)
	t.Read("read nothing at the end", c, 0)
	t.Read("read at the end", c, 1)
	c, s = t.TCPPair()
	t.Reset(s, c)
	t.Read("read nothing after a reset", c, 0)
	t.Write("write nothing after a reset", c, "")
	t.Check(c.Close())
	t.Read("read nothing after Close", c, 0)
	t.Write("write nothing after Close", c, "")
}

func tcpIOZeroLengthQueued(t *T) {
	c, s := t.TCPPair()
	first := blockedRead(t, c)
	nothing := t.Park(func() []any { return all(c.Read(nil)) })
	t.Rec("ended", first.Ended(), nothing.Ended())
	t.Write("peer writes", s, "x")
	t.Rec("read", first.Wait()...)
	t.Rec("read of nothing", nothing.Wait()...)
	narrow(t, c, s)
	write := blockedWrite(t, c)
	nothing = t.Park(func() []any { return all(c.Write(nil)) })
	t.Rec("ended", write.Ended(), nothing.Ended())
	t.Check(c.Close())
	t.Rec("write", write.Wait()...)
	t.Rec("write of nothing", nothing.Wait()...)
}

func tcpIOStream(t *T) {
	c, s := t.TCPPair()
	for _, text := range []string{"one", "two", "", "three"} {
		t.Write("write", c, text)
	}
	t.Check(c.CloseWrite())
	for _, size := range []int{1, 4, 2, 4, 4} {
		t.ReadFull("read", s, size)
	}
}

func tcpIOBigWrite(t *T) {
	c, s := t.TCPPair()
	const size = 12 << 20
	data := pattern.Bytes(size)
	var tasks []*Task
	for _, c := range []TCPConn{c, s} {
		tasks = append(tasks, t.Go(func() []any { n, err := c.Write(data); return all(n, err, c.CloseWrite()) }))
		tasks = append(tasks, t.Go(func() []any {
			got, err := io.ReadAll(c)
			return all(len(got), bytes.Equal(got, data), err)
		}))
	}
	for _, k := range tasks {
		t.Rec("done", k.Wait()...)
	}
}

func tcpIOConcurrentWrites(t *T) {
	c, s := t.TCPPair()
	const n, size = 4, 300 << 10
	var tasks []*Task
	for i := range n {
		tasks = append(tasks, t.Go(func() []any {
			return all(c.Write(bytes.Repeat([]byte{byte('a' + i)}, size)))
		}))
	}
	got := make([]byte, n*size)
	_, err := io.ReadFull(s, got)
	t.Rec("read", err)
	seen := make(map[byte]bool)
	whole := true
	for i := range n {
		part := got[i*size : (i+1)*size]
		whole = whole && bytes.Count(part, part[:1]) == size && !seen[part[0]]
		seen[part[0]] = true
	}
	t.Rec("whole", whole)
	for _, k := range tasks {
		t.Rec("write", k.Wait()...)
	}
}

func tcpIOConcurrentReads(t *T) {
	c, s := t.TCPPair()
	var tasks []*Task
	for range 4 {
		tasks = append(tasks, t.Park(func() []any {
			b := make([]byte, 1)
			n, err := c.Read(b)
			return all(n, b[0], err)
		}))
	}
	t.Write("write", s, "abcd")
	got := make([]byte, 0, 4)
	for _, k := range tasks {
		v := k.Wait()
		got = append(got, v[1].(byte))
		t.Rec("read", v[0], v[2])
	}
	sum := 0
	for _, b := range got {
		sum |= 1 << (b - 'a')
	}
	t.Rec("each once", sum == 15)
}

func tcpIOFullDuplex(t *T) {
	c, s := t.TCPPair()
	k := blockedRead(t, c)
	t.Write("write", c, "ping")
	t.ReadFull("peer reads", s, 4)
	t.Write("peer writes", s, "pong")
	t.Rec("read", k.Wait()...)
	narrow(t, c, s)
	k = blockedWrite(t, c)
	t.Write("peer writes", s, "meanwhile")
	t.ReadFull("read", c, 9)
	t.Check(c.Close())
	t.Rec("write", k.Wait()...)
}

func tcpIOReadFromReaders(t *T) {
	c, s := t.TCPPair()
	sink := t.Go(func() []any { return all(io.Copy(io.Discard, s)) })
	limited := &io.LimitedReader{R: strings.NewReader("limited text"), N: 7}
	none := &io.LimitedReader{R: strings.NewReader("none"), N: 0}
	negative := &io.LimitedReader{R: strings.NewReader("negative"), N: -3}
	for name, r := range inOrder(
		named[io.Reader]{"memory", strings.NewReader("some text")},
		named[io.Reader]{"memory without WriteTo", plain{strings.NewReader("some text")}},
		named[io.Reader]{"long", plain{bytes.NewReader(pattern.Bytes(1 << 20))}},
		named[io.Reader]{"byte by byte", iotest.OneByteReader(strings.NewReader("bytes"))},
		named[io.Reader]{"data and end at once", iotest.DataErrReader(strings.NewReader("end"))},
		named[io.Reader]{"limited", limited},
		named[io.Reader]{"limited to nothing", none},
		named[io.Reader]{"limited below nothing", negative},
		named[io.Reader]{"empty", strings.NewReader("")},
		named[io.Reader]{"failing", iotest.ErrReader(errScript)},
		named[io.Reader]{"failing later", io.MultiReader(strings.NewReader("part"), iotest.ErrReader(errScript))},
		named[io.Reader]{"timing out", iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("ab")))},
	) {
		t.Op("read from " + name)(c.ReadFrom(r))
	}
	t.Rec("left", limited.N, none.N, negative.N)
	t.Check(c.CloseWrite())
	t.Rec("sink", sink.Wait()...)
	t.Op("read from after CloseWrite")(c.ReadFrom(strings.NewReader("text")))
	t.Op("read from nothing after CloseWrite")(c.ReadFrom(strings.NewReader("")))
	t.Try("read from nil", func() []any { return all(c.ReadFrom(nil)) })
}

func tcpIOWriteToWriters(t *T) {
	for name, w := range inOrder(
		named[io.Writer]{"memory", new(bytes.Buffer)},
		named[io.Writer]{"nowhere", io.Discard},
		named[io.Writer]{"failing", &failingWriter{left: 4}},
		named[io.Writer]{"lying", lyingWriter{}},
		named[io.Writer]{"plain", plainWriter{new(strings.Builder)}},
	) {
		c, s := t.TCPPair()
		t.Write("peer writes", s, "the whole text")
		t.Check(s.CloseWrite())
		t.Await(c, unix.POLLRDHUP)
		t.Op("write to " + name)(c.WriteTo(w))
		if b, ok := w.(fmt.Stringer); ok {
			t.Rec("got", b.String())
		}
		t.Op("write to it at the end")(c.WriteTo(w))
		t.Check(c.Close())
	}
}

func tcpIOWriteToErrors(t *T) {
	c, s := t.TCPPair()
	t.Write("peer writes", s, "before")
	t.Await(c, unix.POLLIN)
	t.Reset(s, c)
	var b bytes.Buffer
	t.Op("reset")(c.WriteTo(&b))
	t.Rec("got", b.String())
	c, _ = t.TCPPair()
	t.Check(c.SetReadDeadline(past))
	t.Op("timed out")(c.WriteTo(io.Discard))
	t.Check(c.SetReadDeadline(never))
	t.Check(c.CloseRead())
	t.Op("closed for reading")(c.WriteTo(io.Discard))
	t.Try("to nil", func() []any { return all(c.WriteTo(nil)) })
}

func tcpIOCopy(t *T) {
	data := pattern.Bytes(600 << 10)
	c, s := t.TCPPair()
	c2, s2 := t.TCPPair()
	write := t.Go(func() []any { n, err := io.Copy(c, bytes.NewReader(data)); return all(n, err, c.CloseWrite()) })
	relay := t.Go(func() []any { n, err := io.Copy(c2, s); return all(n, err, c2.CloseWrite()) })
	var b bytes.Buffer
	n, err := io.Copy(&b, s2)
	t.Rec("read", n, err, bytes.Equal(b.Bytes(), data))
	t.Rec("write", write.Wait()...)
	t.Rec("relay", relay.Wait()...)
	t.Op("copy at the end")(io.Copy(io.Discard, s2))
	t.Op("copy a limit of it")(io.CopyN(io.Discard, s2, 5))
	t.Op("copy with a buffer")(io.CopyBuffer(plainWriter{c2}, plain{strings.NewReader("")}, make([]byte, 10)))
}

func tcpIOReadFromDeadline(t *T) {
	c, s := t.TCPPair()
	narrow(t, c, s)
	endless := t.Park(func() []any {
		n, err := c.ReadFrom(plain{bytes.NewReader(make([]byte, 16<<20))})
		return all(n > 0, n < 16<<20, err)
	})
	t.Rec("set", c.SetWriteDeadline(past))
	t.Rec("read from", endless.Wait()...)
}

func tcpIOOutOfBand(t *T) {
	c, s := t.TCPPair()
	t.Write("write", c, "ab")
	t.Control(c, func(fd int) { t.Rec("send urgent", unix.Send(fd, []byte("!"), unix.MSG_OOB)) })
	t.Write("write", c, "cd")
	t.ReadFull("read", s, 4)
	k := blockedRead(t, s)
	t.Control(c, func(fd int) { t.Rec("send urgent", unix.Send(fd, []byte("?"), unix.MSG_OOB)) })
	t.Write("write", c, "e")
	t.Rec("read", k.Wait()...)
}
