//go:build linux

package runtimehooks

import (
	"os"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestPollCacheHandsOutEachOnce(t *testing.T) {
	var c pollCache
	const n = 5*pollBlockSize + 3
	seen := make(map[*pollDesc]int32)
	for range n {
		pd := c.alloc()
		if _, ok := seen[pd]; ok {
			t.Fatalf("alloc() = %p, want one not in use", pd)
		}
		seen[pd] = pd.index
	}
	if c.open != n {
		t.Errorf("open = %d, want %d", c.open, n)
	}
	if got, want := len(*c.blocks.Load()), n/pollBlockSize+1; got != want {
		t.Errorf("blocks = %d, want %d", got, want)
	}
	for pd, index := range seen {
		if got := c.at(index); got != pd {
			t.Errorf("at(%d) = %p, want %p", index, got, pd)
		}
		c.free(pd)
	}
	// PollDescs are type-stable: those that the test freed come again, in their
	// old places.
	for range n {
		pd := c.alloc()
		if index, ok := seen[pd]; ok && index != pd.index {
			t.Errorf("index = %d, want %d", pd.index, index)
		}
		delete(seen, pd)
	}
	if len(seen) != 0 {
		t.Errorf("%d of %d were not handed out again", len(seen), n)
	}
}

func TestPollCacheAtUnknownIndexIsNil(t *testing.T) {
	var c pollCache
	for _, index := range []int32{0, 1, -1, pollBlockSize, 1<<31 - 1, -1 << 31} {
		if got := c.at(index); got != nil {
			t.Errorf("at(%d) of an empty cache = %p, want nil", index, got)
		}
	}
	c.each(func(*pollDesc) { t.Error("each of an empty cache calls f, want it not to") })
	c.alloc()
	for _, index := range []int32{-1, pollBlockSize, pollBlockSize + 1, 1<<31 - 1, -1 << 31} {
		if got := c.at(index); got != nil {
			t.Errorf("at(%d) of one block = %p, want nil", index, got)
		}
	}
	n := 0
	c.each(func(*pollDesc) { n++ })
	if n != pollBlockSize {
		t.Errorf("each called f %d times, want %d", n, pollBlockSize)
	}
}

// free makes events of the use that ends stale, before anyone can get the
// PollDesc anew.
func TestPollCacheFreeChangesTag(t *testing.T) {
	var c pollCache
	pd := c.alloc()
	tags := make(map[uint32]bool)
	for range 1000 {
		tag := pd.fdseq.Load()
		if tags[tag] {
			t.Fatalf("tag %#x came twice", tag)
		}
		tags[tag] = true
		pd.setEventErr(true, tag)
		c.free(pd)
		if got := pd.info() >> pollFDSeqShift; uint32(got) != pd.fdseq.Load()&pollFDSeqMask {
			t.Fatalf("tag in atomicInfo = %#x, want %#x", got, pd.fdseq.Load())
		}
		if again := c.alloc(); again != pd {
			t.Fatalf("alloc() = %p, want %p, which was freed last", again, pd)
		}
	}
}

// The tag is 32 bits wide and goes round.
func TestPollCacheTagWrapsAround(t *testing.T) {
	ownPoller(t)
	f, _ := pipe(t)
	for range 3 {
		f.watch()
		f.pd.own.fdseq.Store(^uint32(0))
		f.unwatch()
		f.watch()
		if got := f.pd.own.fdseq.Load(); got != 0 {
			t.Fatalf("tag after %#x = %#x, want 0", ^uint32(0), got)
		}
		netpollevents([]unix.EpollEvent{eventOf(f.pd.own, unix.EPOLLERR)}, nil)
		f.wantReset('r', ErrNotPollable)
		f.unwatch()
	}
}

func TestPollCacheConcurrentUse(t *testing.T) {
	var c pollCache
	var wg sync.WaitGroup
	var users sync.Map
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				var mine []*pollDesc
				for range 1 + i%40 {
					pd := c.alloc()
					if _, taken := users.LoadOrStore(pd, true); taken {
						t.Errorf("alloc() = %p, want one not in use", pd)
						return
					}
					if got := c.at(pd.index); got != pd {
						t.Errorf("at(%d) = %p, want %p", pd.index, got, pd)
						return
					}
					mine = append(mine, pd)
				}
				for _, pd := range mine {
					users.Delete(pd)
					c.free(pd)
				}
			}
		})
	}
	wg.Wait()
	if c.open != 0 {
		t.Errorf("open = %d, want 0", c.open)
	}
}

// A registration that fails gives the PollDesc back, with another tag.
func TestPollOpenRefusedGivesDescBack(t *testing.T) {
	ownPoller(t)
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pollcache.mu.Lock()
	if pollcache.first == nil {
		pollcache.grow()
	}
	first := pollcache.first
	pollcache.mu.Unlock()
	tag := first.fdseq.Load()
	if pd, errno := openDesc(f.Fd()); pd != nil || unix.Errno(errno) != unix.EPERM {
		t.Fatalf("PollOpen(%d) = %p, %v, want nil, %v", f.Fd(), pd, unix.Errno(errno), unix.EPERM)
	}
	pollcache.mu.Lock()
	defer pollcache.mu.Unlock()
	if pollcache.first != first {
		t.Errorf("first free = %p, want %p", pollcache.first, first)
	}
	if got := first.fdseq.Load(); got == tag {
		t.Errorf("tag = %#x as before, want another", got)
	}
}
