//go:build linux

package net2

import (
	"net"
	"strconv"
	"sync"
	"time"
)

// zoneCache maps the names of interfaces to their indexes and back, for the
// zones of IPv6 addresses. It reads the interfaces again after a minute, or when somebody
// asks for one that it does not know.
type ipv6ZoneCache struct {
	mu          sync.RWMutex
	lastFetched time.Time
	toIndex     map[string]int
	toName      map[int]string
}

var zoneCache ipv6ZoneCache

// update reads the interfaces if force is set or if it last read them more than a minute
// ago. It reports whether it read them.
//
// std: net.(*ipv6ZoneCache).update
func (zc *ipv6ZoneCache) update(force bool) bool {
	zc.mu.Lock()
	defer zc.mu.Unlock()
	now := time.Now()
	if !force && now.Sub(zc.lastFetched) < time.Minute {
		return false
	}
	zc.lastFetched = now
	ift, err := net.Interfaces()
	if err != nil {
		return false
	}
	zc.toIndex = make(map[string]int, len(ift))
	zc.toName = make(map[int]string, len(ift))
	for _, ifi := range ift {
		zc.toIndex[ifi.Name] = ifi.Index
		if _, ok := zc.toName[ifi.Index]; !ok {
			zc.toName[ifi.Index] = ifi.Name
		}
	}
	return true
}

// name returns the name of the interface with an index. If there is no such interface, it
// returns the index as text; for 0 it returns "".
//
// std: net.(*ipv6ZoneCache).name
func (zc *ipv6ZoneCache) name(index uint32) string {
	if index == 0 {
		return ""
	}
	return lookupZone(zc, func() (string, bool) {
		name, ok := zc.toName[int(index)]
		return name, ok
	}, func() string { return strconv.Itoa(int(index)) })
}

// index returns the index of the interface with a name. If there is no such interface, it
// returns the number that the name spells, or 0.
//
// std: net.(*ipv6ZoneCache).index
func (zc *ipv6ZoneCache) index(name string) uint32 {
	if name == "" {
		return 0
	}
	return uint32(lookupZone(zc, func() (int, bool) {
		index, ok := zc.toIndex[name]
		return index, ok
	}, func() int { return leadingInt(name) }))
}

// lookupZone looks up a key in zc. If the key is not there, it reads the interfaces again;
// if it is still not there, it calls otherwise.
func lookupZone[T any](zc *ipv6ZoneCache, get func() (T, bool), otherwise func() T) T {
	updated := zc.update(false)
	for {
		zc.mu.RLock()
		v, ok := get()
		zc.mu.RUnlock()
		if ok {
			return v
		}
		if updated {
			return otherwise()
		}
		updated = true
		zc.update(true)
	}
}

// leadingInt returns the decimal number at the beginning of s, as net does for a zone that
// is not the name of an interface.
func leadingInt(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	i, ok := dtoi(s[:n])
	if !ok && n > 0 {
		return 0xFFFFFF
	}
	return i
}
