package os

import (
	"io"
	"syscall"
)

// rawConnOf returns what net2's connections show for system calls, nil for
// anything else.
func rawConnOf(conn any) syscall.RawConn {
	if sc, ok := conn.(syscall.Conn); ok {
		if rc, err := sc.SyscallConn(); err == nil {
			return rc
		}
	}
	return nil
}

// spliceFromConn is spliceToFile for a connection of net2.
func (f *File) spliceFromConn(r io.Reader) (written int64, handled bool, err error) {
	lr, r, remain := tryLimitedReader(r)
	if remain <= 0 {
		return 0, true, nil
	}
	src, ok := rawConnOf(r).(interface {
		SpliceToFile(dst syscall.RawConn, remain int64) (int64, bool, error)
	})
	if !ok {
		return 0, false, nil
	}
	dst, err := f.SyscallConn()
	if err != nil {
		return 0, false, nil
	}
	written, handled, err = src.SpliceToFile(dst, remain)
	if lr != nil {
		lr.N = remain - written
	}
	return written, handled, wrapSyscallError("splice", err)
}

// sendToConn is writeTo for a connection of net2.
func (f *File) sendToConn(w io.Writer) (written int64, handled bool, err error) {
	dst, ok := rawConnOf(w).(interface {
		SendFile(src uintptr) (int64, bool, error)
	})
	if !ok {
		return 0, false, nil
	}
	src, err := f.SyscallConn()
	if err != nil {
		return 0, false, nil
	}
	var sendErr error
	err = src.Read(func(fd uintptr) bool {
		written, handled, sendErr = dst.SendFile(fd)
		return true
	})
	if err == nil {
		err = sendErr
	}
	return written, handled, wrapSyscallError("sendfile", err)
}
