//go:build linux

package scenario

import ()

var unixClose = []Scenario{
	{
		Name: "unix/close/blocked",
		Doc:  "Close ends what is blocked on Unix sockets of each type; both ends after it",
		run:  unixCloseBlocked,
	},
	{
		Name: "unix/close/every-method-after",
		Doc:  "every method of closed Unix sockets",
		run:  unixCloseEveryMethodAfter,
	},
}

func unixCloseBlocked(t *T) {
	c, s := t.UnixPair("unix")
	read := blockedRead(t, c)
	write := t.Park(func() []any { n, err := c.Write(make([]byte, 8<<20)); return all(n > 0, err) })
	t.Rec("close", c.Close())
	t.Rec("read", read.Wait()...)
	t.Rec("write", write.Wait()...)
	t.Rec("close again", c.Close())
	t.Rec("peer", s.Close())
	p, _ := t.UnixPair("unixpacket")
	k := t.Park(func() []any { return all(p.ReadMsgUnix(make([]byte, 4), nil)) })
	t.Rec("close packet", p.Close())
	t.Rec("read", k.Wait()...)
	g := t.unixgram()
	k = blockedReadFrom(t, g)
	t.Rec("close gram", g.Close())
	t.Rec("read", k.Wait()...)
}

func unixCloseEveryMethodAfter(t *T) {
	c, s := t.UnixPair("unix")
	g := t.unixgram()
	t.Check(c.Close())
	t.Check(s.Close())
	t.Check(g.Close())
	everyMethod(t, "dialled", c)
	everyMethod(t, "accepted", s)
	everyMethod(t, "gram", g)
}
