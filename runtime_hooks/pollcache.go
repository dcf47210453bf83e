//go:build linux

package runtimehooks

import (
	"sync"
	"sync/atomic"
)

// pollBlockSize is how many pollDescs one allocation makes.
const pollBlockSize = 64

type pollBlock [pollBlockSize]pollDesc

// pollCache hands out pollDescs and takes them back. It never frees one: an
// event may name it by its index at any time.
type pollCache struct {
	mu    sync.Mutex
	first *pollDesc // free ones, linked
	open  int       // how many are handed out

	// blocks only grows. A reader that holds an older slice finds in it all
	// that existed when the event it looks up was registered.
	blocks atomic.Pointer[[]*pollBlock]
}

var pollcache pollCache

// alloc returns a pollDesc that nobody uses.
//
// std: runtime.(*pollCache).alloc
func (c *pollCache) alloc() *pollDesc {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first == nil {
		c.grow()
	}
	pd := c.first
	c.first, pd.link = pd.link, nil
	c.open++
	return pd
}

// grow adds a block. The caller holds c.mu.
func (c *pollCache) grow() {
	var blocks []*pollBlock
	if old := c.blocks.Load(); old != nil {
		blocks = *old
	}
	b := new(pollBlock)
	for i := range b {
		pd := &b[i]
		pd.index = int32(len(blocks)*pollBlockSize + i)
		pd.link = c.first
		c.first = pd
	}
	blocks = append(blocks, b)
	c.blocks.Store(&blocks)
}

// at returns the pollDesc with an index, or nil if there is no such pollDesc. No event
// should ever name one that does not exist, but the poller does not stake the program on
// that.
func (c *pollCache) at(index int32) *pollDesc {
	blocks := c.blocks.Load()
	if blocks == nil || index < 0 || int(index)/pollBlockSize >= len(*blocks) {
		return nil
	}
	return &(*blocks)[index/pollBlockSize][index%pollBlockSize]
}

// opened returns how many pollDescs are in use.
func (c *pollCache) opened() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}

// each calls f for every pollDesc, in use or not.
func (c *pollCache) each(f func(*pollDesc)) {
	blocks := c.blocks.Load()
	if blocks == nil {
		return
	}
	for _, b := range *blocks {
		for i := range b {
			f(&b[i])
		}
	}
}

// free takes pd back. It changes the tag first, so that an event of this use that is
// still on its way does not match.
//
// std: runtime.(*pollCache).free
func (c *pollCache) free(pd *pollDesc) {
	pd.mu.Lock()
	pd.fdseq.Add(1)
	pd.publishInfo()
	pd.mu.Unlock()

	c.mu.Lock()
	pd.link = c.first
	c.first = pd
	c.open--
	c.mu.Unlock()
}
