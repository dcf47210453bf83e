//go:build linux

package socket

// MaxRaw is the longest transfer that Read and Write make without telling the
// scheduler. Such a call keeps its processor; 64 KiB take the kernel a few
// microseconds, about what the scheduler's part of a longer one costs.
const MaxRaw = 64 << 10

// Read reads into p, which is not empty; see read(2). schedule says that the
// scheduler must be told: because the descriptor may be in blocking mode, and
// another goroutine must be able to take the processor; or to wake the runtime's
// monitor, which sleeps while the process does.
func Read(fd int, p []byte, schedule bool) (int, Errno) {
	return read(fd, p, schedule || len(p) > MaxRaw)
}

// Write writes p; see write(2), and Read for schedule.
func Write(fd int, p []byte, schedule bool) (int, Errno) {
	return write(fd, p, schedule || len(p) > MaxRaw)
}
