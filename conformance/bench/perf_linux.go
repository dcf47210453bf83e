package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A perfCounter counts with the kernel's tracepoints. The process runs at
// nearly full speed, so that it batches, waits and finds nothing to read as
// often as without a counter.
//
// Each thread has a group of events, whose leader switches all of them on and
// off at once. Threads that start later inherit the group.
type perfCounter struct {
	ids     map[string]uint64 // from tracepoints
	pid     int
	leaders []int // descriptors of the events that count all calls
	events  []perfEvent
}

// A perfEvent is one open tracepoint on one thread and those that it starts.
type perfEvent struct {
	fd   int
	name string // of the calls it counts; "" counts all
}

// tracefs is where the kernel's tracepoints are usually found.
const tracefs = "/sys/kernel/tracing"

// tracepoints returns the numbers of the tracepoints of system calls, by
// "category/name".
func tracepoints() (map[string]uint64, error) {
	ids := make(map[string]uint64)
	root := tracefs
	if _, err := os.Stat(filepath.Join(root, "events")); err != nil {
		// It is not mounted here: look at it through a mount of our own.
		if root, err = os.MkdirTemp("", "tracefs"); err != nil {
			return nil, err
		}
		defer func() { _ = os.Remove(root) }() // at worst an empty folder stays
		if err := unix.Mount("tracefs", root, "tracefs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
			return nil, os.NewSyscallError("mount", err)
		}
		defer func() { _ = unix.Unmount(root, 0) }()
	}
	find := func(point string) error {
		data, err := os.ReadFile(filepath.Join(root, "events", point, "id"))
		if err != nil {
			return err
		}
		ids[point], err = strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64)
		return err
	}
	if err := find(allCalls); err != nil {
		return nil, err
	}
	for _, name := range callNames {
		for _, side := range []string{"enter", "exit"} {
			// A call whose tracepoint is missing or bears another name counts
			// as one of the others.
			_ = find("syscalls/sys_" + side + "_" + pointName(name))
		}
	}
	return ids, nil
}

// pointName returns the kernel's name for a call.
func pointName(call string) string {
	if call == "sendfile" {
		return "sendfile64"
	}
	return call
}

// probe finds out whether this process may count with tracepoints.
func probe(ids map[string]uint64) error {
	c := perfCounter{ids: ids}
	_, err := c.open(-1, allCalls, "", "", os.Getpid())
	c.closeEvents()
	return err
}

// pin keeps the tracepoints in place until release. The kernel takes time to
// remove a tracepoint after its last event, and for all of them longer than a
// cell. Until then every process pays for them a little.
func pin(ids map[string]uint64) (release func(), err error) {
	c := perfCounter{ids: ids}
	for point := range ids {
		if _, err := c.open(-1, point, "", "", os.Getpid()); err != nil {
			c.closeEvents()
			return nil, err
		}
	}
	return c.closeEvents, nil
}

// allCalls is the tracepoint of every call.
const allCalls = "raw_syscalls/sys_enter"

func (c *perfCounter) start(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	c.pid = cmd.Process.Pid
	return nil
}

// open counts the hits of a tracepoint that filter accepts, on the thread
// tid, while leader is on; a leader of its own, with -1, is off.
func (c *perfCounter) open(leader int, point, filter, name string, tid int) (int, error) {
	attr := unix.PerfEventAttr{
		Type:   unix.PERF_TYPE_TRACEPOINT,
		Size:   uint32(reflect.TypeFor[unix.PerfEventAttr]().Size()),
		Config: c.ids[point],
		Bits:   unix.PerfBitInherit,
	}
	if leader < 0 {
		attr.Bits |= unix.PerfBitDisabled
	}
	fd, err := unix.PerfEventOpen(&attr, tid, -1, leader, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("perf_event_open", err)
	}
	c.events = append(c.events, perfEvent{fd, name})
	if filter == "" {
		return fd, nil
	}
	text, err := newArena(4096)
	if err != nil {
		return -1, err
	}
	defer text.free()
	copy(text.mem, filter)
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.PERF_EVENT_IOC_SET_FILTER, text.addr); e != 0 {
		return -1, os.NewSyscallError("ioctl", e)
	}
	return fd, nil
}

// prepareTries is how often the events are set up anew.
const prepareTries = 10

// prepare sets up the events. If threads start or end meanwhile, the leader of
// a group may no longer belong to its thread, and the kernel answers EINVAL: if
// one thread inherited the events of another, the two may have exchanged them.
func (c *perfCounter) prepare() error {
	for try := 1; ; try++ {
		err := c.watchAll()
		if !errors.Is(err, unix.EINVAL) || try == prepareTries {
			return err
		}
		c.closeEvents()
	}
}

// watchAll sets up a group for each thread.
func (c *perfCounter) watchAll() error {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", c.pid))
	if err != nil {
		return err
	}
	need := uint64(len(entries)*2*len(callNames)) + 512
	if have, err := RaiseDescriptors(need); err != nil || have < need {
		return fmt.Errorf("%d descriptors needed, %d allowed: %v", need, have, err)
	}
	for _, entry := range entries {
		tid, err := strconv.Atoi(entry.Name())
		if err != nil {
			return err
		}
		// A thread that has ended makes no more calls, whether it had events or
		// not.
		if err := c.watch(tid); err != nil && !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.ENODEV) {
			return err
		}
	}
	return nil
}

// watch sets up a group for one thread and those that it starts.
func (c *perfCounter) watch(tid int) error {
	leader, err := c.open(-1, allCalls, "", "", tid)
	if err != nil {
		return err
	}
	c.leaders = append(c.leaders, leader)
	for _, name := range callNames {
		enter := "syscalls/sys_enter_" + pointName(name)
		exit := "syscalls/sys_exit_" + pointName(name)
		if c.ids[enter] == 0 || c.ids[exit] == 0 {
			continue
		}
		if name == "epoll_ctl" {
			for op, opName := range epollOps {
				if _, err := c.open(leader, enter, fmt.Sprintf("op == %d", op), name+" "+opName, tid); err != nil {
					return err
				}
			}
			continue
		}
		if _, err := c.open(leader, enter, "", name, tid); err != nil {
			return err
		}
		if slices.Contains(mayFind, name) {
			if _, err := c.open(leader, exit, fmt.Sprintf("ret == -%d", int(unix.EAGAIN)), name+" EAGAIN", tid); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *perfCounter) begin() error {
	for _, e := range c.events {
		if err := unix.IoctlSetInt(e.fd, unix.PERF_EVENT_IOC_RESET, 0); err != nil {
			return os.NewSyscallError("ioctl", err)
		}
	}
	return c.each(unix.PERF_EVENT_IOC_ENABLE)
}

// each makes a request to every group.
func (c *perfCounter) each(request uint) error {
	for _, leader := range c.leaders {
		if err := unix.IoctlSetInt(leader, request, 0); err != nil {
			return os.NewSyscallError("ioctl", err)
		}
	}
	return nil
}

func (c *perfCounter) end() error { return c.each(unix.PERF_EVENT_IOC_DISABLE) }

func (c *perfCounter) counts() (Counts, error) {
	counts := make(Counts)
	for _, e := range c.events {
		var b [8]byte
		if _, err := unix.Read(e.fd, b[:]); err != nil {
			return nil, os.NewSyscallError("read", err)
		}
		counts[e.name] += float64(binary.NativeEndian.Uint64(b[:]))
	}
	return sortOut(counts), nil
}

// sortOut turns overlapping counts into counts that add up: the total becomes
// "other", and the calls that found nothing are subtracted from all calls of
// that name.
func sortOut(counts Counts) Counts {
	other := counts[""]
	delete(counts, "")
	for name, n := range counts {
		if !strings.HasSuffix(name, " EAGAIN") {
			other -= n
		}
	}
	for name, n := range counts {
		if call, found := strings.CutSuffix(name, " EAGAIN"); found {
			counts[call] = max(counts[call]-n, 0)
		}
	}
	if other > 0 {
		counts["other"] = other
	}
	for name, n := range counts {
		if n == 0 {
			delete(counts, name)
		}
	}
	return counts
}

func (c *perfCounter) closeEvents() {
	for _, e := range c.events {
		rawClose(e.fd)
	}
	c.events, c.leaders = nil, nil
}

func (c *perfCounter) close() { c.closeEvents() }
