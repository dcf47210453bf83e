package poll

// A Conn is a connection of net2, which has a descriptor of its own.
type Conn interface {
	// SpliceTo moves up to remain bytes to dst without copying them.
	SpliceTo(dst *FD, remain int64) (written int64, handled bool, err error)

	// SendFile sends size bytes of a file, or the rest of it if size is 0.
	SendFile(src uintptr, size int64) (written int64, handled bool, err error)
}

// OfConn returns an FD that stands for a connection. Package os asks each
// connection for one and hands it to Splice and SendFile.
func OfConn(c Conn, sysfd int, isStream bool) *FD {
	return &FD{Sysfd: sysfd, IsStream: isStream, conn: c}
}

// sendFromFile is sendFile to a connection of net2.
func (fd *FD) sendFromFile(src int, size int64) (written int64, err error, handled bool) {
	written, handled, err = fd.conn.SendFile(uintptr(src), size)
	TestHookDidSendFile(fd, uintptr(src), written, err, handled)
	return written, err, handled
}
