//go:build linux

package scenario

import (
	"fmt"
	"io"
	"math"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/pattern"
)

// blockedRead starts a Read that waits.
func blockedRead(t *T, r io.Reader) *Task {
	return t.Park(func() []any {
		b := make([]byte, 16)
		n, err := r.Read(b)
		return all(n, string(b[:max(n, 0)]), err)
	})
}

// narrow shrinks the buffers from c to s, so that a writer soon has to wait.
func narrow(t *T, c, s interface {
	SetReadBuffer(int) error
	SetWriteBuffer(int) error
}) {
	t.Check(c.SetWriteBuffer(4 << 10))
	t.Check(s.SetReadBuffer(4 << 10))
}

// blockedWrite starts a Write of more than the buffers hold. It returns whether
// the Write wrote anything, and whether it wrote everything.
func blockedWrite(t *T, w io.Writer) *Task {
	return t.Park(func() []any {
		b := make([]byte, 4<<20)
		n, err := w.Write(b)
		return all("some", n > 0, "all", n == len(b), err)
	})
}

var tcpDeadline = []Scenario{
	{
		Name: "tcp/deadline/past",
		Doc:  "deadlines in the past: reads fail though there is data, writes fail though there is room; without them both go on",
		run:  tcpDeadlinePast,
	},
	{
		Name: "tcp/deadline/every-order",
		Doc:  "every sequence of three deadlines of {past, future, none} for {read, write, both}: what reads and writes do after each",
		run:  tcpDeadlineEveryOrder,
	},
	{
		Name: "tcp/deadline/read-future",
		Doc:  "a read deadline in the future: waits for it, keeps failing, and a new one gives another chance",
		run:  tcpDeadlineReadFuture,
	},
	{
		Name: "tcp/deadline/data-first",
		Doc:  "data comes before the deadline",
		run:  tcpDeadlineDataFirst,
	},
	{
		Name: "tcp/deadline/while-reading",
		Doc:  "deadlines set while a Read is blocked: nearer, past, cleared, and the other side's, which does not matter",
		run:  tcpDeadlineWhileReading,
	},
	{
		Name: "tcp/deadline/while-writing",
		Doc:  "deadlines set while a Write is blocked; it reports what it has written so far",
		run:  tcpDeadlineWhileWriting,
	},
	{
		Name: "tcp/deadline/write-count",
		Doc:  "the peer gets as many bytes as a Write that its deadline cut short reports",
		run:  tcpDeadlineWriteCount,
	},
	{
		Name: "tcp/deadline/zero-length",
		Doc:  "reads and writes of nothing, with deadlines in the past",
		run:  tcpDeadlineZeroLength,
	},
	{
		Name: "tcp/deadline/extreme-times",
		Doc:  "the ends of time as deadlines, and the zero time in other zones",
		run:  tcpDeadlineExtremeTimes,
	},
	{
		Name: "tcp/deadline/moved-while-near",
		Doc:  "a deadline that is moved on again and again before it comes never fires",
		run:  tcpDeadlineMovedWhileNear,
	},
	{
		Name: "tcp/deadline/peer-not-affected",
		Doc:  "a deadline of one end affects neither the other end nor another connection of the same listener",
		run:  tcpDeadlinePeerNotAffected,
	},
	{
		Name: "tcp/deadline/two-readers",
		Doc:  "one deadline ends a Read that is blocked and one that is queued behind it",
		run:  tcpDeadlineTwoReaders,
	},
	{
		Name: "tcp/deadline/after-close",
		Doc:  "deadlines of a closed connection",
		run:  tcpDeadlineAfterClose,
	},
	{
		Name: "tcp/deadline/end-of-file",
		Doc:  "a deadline in the past hides the end of the stream, and a later one shows it",
		run:  tcpDeadlineEndOfFile,
	},
}

func tcpDeadlinePast(t *T) {
	c, s := t.TCPPair()
	t.Write("write", s, "data")
	t.Await(c, unix.POLLIN)
	t.Rec("set read", c.SetReadDeadline(past))
	t.Read("read", c, 8)
	t.Write("write still", c, "x")
	t.Rec("set write", c.SetWriteDeadline(past))
	t.Write("write", c, "x")
	t.Rec("clear both", c.SetDeadline(never))
	t.Read("read", c, 8)
	t.Write("write", c, "y")
	t.ReadFull("peer reads", s, 2)
	t.Rec("set both", c.SetDeadline(past))
	t.Read("read", c, 8)
	t.Write("write", c, "x")
}

func tcpDeadlineEveryOrder(t *T) {
	c, s := t.TCPPair()
	times := []named[time.Time]{{"past", past}, {"future", future}, {"none", never}}
	sides := []named[func(time.Time) error]{{"read", c.SetReadDeadline}, {"write", c.SetWriteDeadline}, {"both", c.SetDeadline}}
	n := len(times) * len(sides)
	b := make([]byte, 1)
	for i := range n * n * n {
		outcome := ""
		for _, step := range []int{i / n / n, i / n % n, i % n} {
			when, side := times[step/len(sides)], sides[step%len(sides)]
			err := side.value(when.value)
			outcome += fmt.Sprintf("%s %s: %v", side.name, when.name, err)
			if _, err := s.Write(b); err != nil {
				t.Fatalf("%v", err)
			}
			t.Await(c, unix.POLLIN)
			if _, err := c.Read(b); err != nil {
				outcome += ", read fails"
				t.Control(c, func(fd int) { unix.Read(fd, b) })
			}
			if _, err := c.Write(b); err != nil {
				outcome += ", write fails"
			} else {
				io.ReadFull(s, b)
			}
			outcome += "; "
		}
		t.Check(c.SetDeadline(never))
		t.Rec("sequence", outcome)
	}
}

func tcpDeadlineReadFuture(t *T) {
	c, s := t.TCPPair()
	const wait = 15 * time.Millisecond
	start := time.Now()
	t.Rec("set", c.SetReadDeadline(start.Add(wait)))
	t.Read("read", c, 8)
	t.Rec("waited", time.Since(start) >= wait)
	t.Read("read again", c, 8)
	t.Write("write", s, "late")
	t.Await(c, unix.POLLIN)
	t.Read("read what is there", c, 8)
	t.Rec("set again", c.SetReadDeadline(time.Now().Add(time.Hour)))
	t.Read("read with time", c, 8)
}

func tcpDeadlineDataFirst(t *T) {
	c, s := t.TCPPair()
	t.Rec("set", c.SetDeadline(time.Now().Add(time.Hour)))
	k := blockedRead(t, c)
	t.Write("write", s, "in time")
	t.Rec("read", k.Wait()...)
	k = blockedRead(t, c)
	t.Rec("close write", s.CloseWrite())
	t.Rec("read", k.Wait()...)
}

func tcpDeadlineWhileReading(t *T) {
	c, s := t.TCPPair()
	k := blockedRead(t, c)
	t.Rec("write side past", c.SetWriteDeadline(past))
	t.Rec("future", c.SetReadDeadline(future))
	t.Rec("ended", k.Ended())
	t.Rec("past", c.SetReadDeadline(past))
	t.Rec("read", k.Wait()...)
	t.Rec("future again", c.SetReadDeadline(future))
	k = blockedRead(t, c)
	t.Rec("near", c.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
	t.Rec("read", k.Wait()...)
	t.Rec("near again", c.SetReadDeadline(time.Now().Add(time.Hour)))
	k = blockedRead(t, c)
	t.Rec("none", c.SetReadDeadline(never))
	t.Write("write", s, "data")
	t.Rec("read", k.Wait()...)
	k = blockedRead(t, c)
	t.Rec("both past", c.SetDeadline(past))
	t.Rec("read", k.Wait()...)
}

func tcpDeadlineWhileWriting(t *T) {
	c, s := t.TCPPair()
	narrow(t, c, s)
	k := blockedWrite(t, c)
	t.Rec("read side past", c.SetReadDeadline(past))
	t.Rec("future", c.SetWriteDeadline(future))
	t.Rec("past", c.SetWriteDeadline(past))
	t.Rec("write", k.Wait()...)
	t.Rec("near", c.SetWriteDeadline(time.Now().Add(10*time.Millisecond)))
	k = t.Go(func() []any { n, err := c.Write(make([]byte, 4<<20)); return all(n < 4<<20, err) })
	t.Rec("write", k.Wait()...)
	c, s = t.TCPPair()
	t.Rec("future", c.SetWriteDeadline(future))
	k = t.Park(func() []any { return all(c.Write(make([]byte, 16<<20))) })
	t.Rec("none", c.SetWriteDeadline(never))
	drained := t.Go(func() []any { return all(io.Copy(io.Discard, s)) })
	t.Rec("write drained", k.Wait()...)
	t.Rec("close write", c.CloseWrite())
	t.Rec("drained", drained.Wait()...)
}

func tcpDeadlineWriteCount(t *T) {
	c, s := t.TCPPair()
	const size = 16 << 20
	data := pattern.Bytes(size)
	t.Rec("set", c.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
	n, err := c.Write(data)
	t.Rec("write", n > 0, n < size, err)
	t.Rec("close", c.Close())
	got, err := io.ReadAll(s)
	t.Rec("peer reads", len(got) == n, string(got) == string(data[:n]), err)
}

func tcpDeadlineZeroLength(t *T) {
	c, _ := t.TCPPair()
	t.Rec("set", c.SetDeadline(past))
	t.Read("read", c, 0)
	t.Op("read nil")(c.Read(nil))
	t.Write("write", c, "")
	t.Op("write nil")(c.Write(nil))
}

func tcpDeadlineExtremeTimes(t *T) {
	c, s := t.TCPPair()
	for name, when := range inOrder(
		named[time.Time]{"latest", time.Unix(math.MaxInt64/2, 0)},
		named[time.Time]{"last nanosecond", time.Unix(0, math.MaxInt64)},
		named[time.Time]{"first nanosecond", time.Unix(0, math.MinInt64)},
		named[time.Time]{"epoch", time.Unix(0, 0)},
		named[time.Time]{"zero in a zone", time.Time{}.In(time.FixedZone("east", 3600))},
		named[time.Time]{"zero and a nanosecond", time.Time{}.Add(1)},
		named[time.Time]{"without monotonic clock", time.Now().Add(time.Hour).Round(0)},
		named[time.Time]{"now", time.Now()},
		named[time.Time]{"a century", time.Now().AddDate(100, 0, 0)},
		named[time.Time]{"three centuries", time.Now().AddDate(300, 0, 0)},
	) {
		t.Rec("set "+name, c.SetDeadline(when))
		t.Write("peer writes", s, ".")
		t.Await(c, unix.POLLIN)
		t.Read("read", c, 4)
		t.Write("write", c, ".")
		t.Check(c.SetDeadline(never))
		t.Control(c, func(fd int) { unix.Read(fd, make([]byte, 4)) })
	}
}

func tcpDeadlineMovedWhileNear(t *T) {
	c, s := t.TCPPair()
	t.Rec("set", c.SetReadDeadline(time.Now().Add(time.Hour)))
	k := blockedRead(t, c)
	for range 200 {
		t.Check(c.SetReadDeadline(time.Now().Add(time.Minute)))
	}
	t.Rec("ended", k.Ended())
	t.Write("write", s, "x")
	t.Rec("read", k.Wait()...)
}

func tcpDeadlinePeerNotAffected(t *T) {
	l := t.ListenTCP4()
	c, s := t.TCPPairOn(l)
	c2, s2 := t.TCPPairOn(l)
	t.Rec("set", c.SetDeadline(past))
	t.Write("peer writes", s, "x")
	t.Write("other writes", c2, "y")
	t.Read("other reads", s2, 4)
	t.Read("read", c, 4)
}

func tcpDeadlineTwoReaders(t *T) {
	c, _ := t.TCPPair()
	first, second := blockedRead(t, c), blockedRead(t, c)
	t.Rec("set", c.SetReadDeadline(past))
	t.Rec("first", first.Wait()...)
	t.Rec("second", second.Wait()...)
}

func tcpDeadlineAfterClose(t *T) {
	c, _ := t.TCPPair()
	t.Rec("set", c.SetDeadline(past))
	t.Rec("close", c.Close())
	t.Rec("both", c.SetDeadline(future))
	t.Rec("read", c.SetReadDeadline(never))
	t.Rec("write", c.SetWriteDeadline(past))
	t.Read("read", c, 4)
	t.Write("write", c, "x")
}

func tcpDeadlineEndOfFile(t *T) {
	c, s := t.TCPPair()
	t.Rec("peer closes", s.Close())
	t.Await(c, unix.POLLRDHUP)
	t.Rec("set", c.SetReadDeadline(past))
	t.Read("read", c, 4)
	t.Rec("set", c.SetReadDeadline(future))
	t.Read("read", c, 4)
}
