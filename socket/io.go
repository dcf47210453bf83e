//go:build linux

package socket

// MaxRaw is the longest transfer that Read and Write make without telling the
// scheduler. Such a call keeps its processor; 64 KiB take the kernel a few
// microseconds, about what the scheduler's part of a longer one costs.
const MaxRaw = 64 << 10

// Read reads into p, which is not empty; see read(2). blocking says that the
// descriptor may be in blocking mode, in which case another goroutine must be
// able to take the processor.
func Read(fd int, p []byte, blocking bool) (int, Errno) {
	return read(fd, p, blocking || len(p) > MaxRaw)
}

// Write writes p; see write(2), and Read for blocking.
func Write(fd int, p []byte, blocking bool) (int, Errno) {
	return write(fd, p, blocking || len(p) > MaxRaw)
}
