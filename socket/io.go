//go:build linux

package socket

// MaxRawRead and MaxRawWrite are the longest transfers that Read and Write make
// without telling the scheduler. Such a call keeps its processor, as the
// runtime's monitor would let it anyway up to 20 µs. To read 64 KiB that are in
// the cache takes the kernel 2 µs; to write as many 4 µs, but 30 µs where that
// also wakes the reader on another processor.
const (
	MaxRawRead  = 64 << 10
	MaxRawWrite = 16 << 10
)

// Read reads into p, which is not empty; see read(2). schedule says that the
// scheduler must be told: because the descriptor may be in blocking mode, and
// another goroutine must be able to take the processor; or to wake the runtime's
// monitor, which sleeps while the process does.
func Read(fd int, p []byte, schedule bool) (int, Errno) {
	return read(fd, p, schedule || len(p) > MaxRawRead)
}

// Write writes p; see write(2), and Read for schedule.
func Write(fd int, p []byte, schedule bool) (int, Errno) {
	return write(fd, p, schedule || len(p) > MaxRawWrite)
}
