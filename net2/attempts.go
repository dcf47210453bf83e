//go:build linux

package net2

import (
	"context"
	"strings"
	"time"
)

// staggers reports whether the dialer starts its attempts one after the other, without
// waiting for the outcome of the earlier ones.
func (d *Dialer) staggers(network string) bool {
	return d.AttemptDelay > 0 && strings.HasPrefix(network, "tcp")
}

// dialStaggered dials addrs in turn: the next when the one before has failed, or the
// delay has passed. It returns the first connection. If all fail, it returns the error
// of the first address.
func (sd *sysDialer) dialStaggered(ctx context.Context, addrs addrList) (Conn, error) {
	if len(addrs) == 0 {
		return sd.dialSerial(ctx, addrs) // which has the error for that
	}
	// Once this function has returned, an attempt closes the connection that it gets.
	returned := make(chan struct{})
	defer close(returned)
	ctx, cancel := context.WithCancel(ctx) // ends the attempts that lose
	defer cancel()

	type outcome struct {
		i   int
		c   Conn
		err error
	}
	outcomes := make(chan outcome)
	attempt := func(i int) {
		c, err := sd.dialSingle(ctx, addrs[i])
		select {
		case outcomes <- outcome{i, c, err}:
		case <-returned:
			if c != nil {
				c.Close()
			}
		}
	}
	started, running := 0, 0
	timer := time.NewTimer(sd.AttemptDelay)
	defer timer.Stop()
	next := func() {
		if started < len(addrs) && ctx.Err() == nil {
			go attempt(started)
			started++
			running++
			timer.Reset(sd.AttemptDelay)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, sd.error(addrs[0], mapErr(err))
	}
	first := outcome{i: len(addrs)}
	for next(); running > 0; {
		select {
		case <-timer.C:
			next()
		case o := <-outcomes:
			if o.err == nil {
				return o.c, nil
			}
			if running--; o.i < first.i {
				first = o
			}
			next()
		}
	}
	return nil, first.err
}

// interleaved returns the addresses with the IP versions in turn, and begins with that
// of the first address; see RFC 8305, section 4.
func (addrs addrList) interleaved() addrList {
	first, second := addrs.partition(isIPv4)
	mixed := make(addrList, 0, len(addrs))
	for i := range max(len(first), len(second)) {
		if i < len(first) {
			mixed = append(mixed, first[i])
		}
		if i < len(second) {
			mixed = append(mixed, second[i])
		}
	}
	return mixed
}
