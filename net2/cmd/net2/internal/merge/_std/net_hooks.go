package net

import (
	stdpoll "internal/poll"
	runtimehooks "internal/runtime"
	"syscall"
)

// A pollerPlace is a descriptor's place in net2's poller.
type pollerPlace runtimehooks.PollDesc

func (p *pollerPlace) desc() *runtimehooks.PollDesc { return (*runtimehooks.PollDesc)(p) }

func (p *pollerPlace) Close()             { runtimehooks.PollClose(p.desc()) }
func (p *pollerPlace) Unblock()           { runtimehooks.PollUnblock(p.desc()) }
func (p *pollerPlace) Reset(mode int) int { return runtimehooks.PollReset(p.desc(), mode) }
func (p *pollerPlace) Wait(mode int) int  { return runtimehooks.PollWait(p.desc(), mode) }

func (p *pollerPlace) SetDeadline(d int64, mode int) int {
	return runtimehooks.PollSetDeadline(p.desc(), d, mode)
}

func init() {
	stdpoll.OpenNet = func(fd uintptr) (stdpoll.NetPoller, error) {
		if err := runtimehooks.PollServerInit(); err != nil {
			return nil, err
		}
		place := new(pollerPlace)
		if errno := runtimehooks.PollOpen(place.desc(), fd); errno != 0 {
			return nil, syscall.Errno(errno)
		}
		return place, nil
	}
}
