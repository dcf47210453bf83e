//go:build linux

package net2

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// PeerCred returns the process that connected to this socket, or that listened when
// this one connected, with its user and group at that time; see SO_PEERCRED in
// unix(7). A process of another PID namespace has the number 0. Package net has no
// such method.
func (c *UnixConn) PeerCred() (*syscall.Ucred, error) {
	if c == nil || !c.ok() {
		return nil, syscall.EINVAL
	}
	cred, err := c.fd.pfd.GetsockoptUcred(syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil {
		return nil, c.fd.opError("get", optionError("PeerCred", "getsockopt", err))
	}
	const nobody = ^uint32(0)
	if cred.Uid == nobody {
		return nil, c.fd.opError("get", syscall.ENOTCONN)
	}
	return cred, nil
}

// PeerPIDFD returns a file that stands for the process of PeerCred; see
// pidfd_open(2). Unlike a number, it never comes to stand for another process. It
// takes Linux 6.5. The caller must close it.
func (c *UnixConn) PeerPIDFD() (*os.File, error) {
	if c == nil || !c.ok() {
		return nil, syscall.EINVAL
	}
	s, err := c.fd.pfd.GetsockoptInt(syscall.SOL_SOCKET, unix.SO_PEERPIDFD)
	if err != nil {
		return nil, c.fd.opError("get", optionError("PeerPIDFD", "getsockopt", err))
	}
	return os.NewFile(uintptr(s), "pidfd"), nil
}

// maxFiles is how many files one message can carry: the kernel's SCM_MAX_FD.
const maxFiles = 253

// ErrFilesTruncated is the error of ReceiveFiles when a message had more files than
// the caller has room for, or than the process may open.
var ErrFilesTruncated = errors.New("not all files of the message could be received")

// SendFiles writes all of b, and passes the open files to the peer with the first
// byte; see SCM_RIGHTS in unix(7). The files stay open here too. On "unix" and
// "unixpacket" b must not be empty, and there may be 253 files at most.
//
// If it writes a part of b and then fails, the files have gone with that part.
func (c *UnixConn) SendFiles(b []byte, files ...*os.File) (int, error) {
	if c == nil || !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.sendFiles(b, files)
	if err != nil {
		return n, c.fd.opError("write", err)
	}
	return n, nil
}

func (c *UnixConn) sendFiles(b []byte, files []*os.File) (int, error) {
	if !c.carries(b) || len(files) > maxFiles {
		return 0, syscall.EINVAL
	}
	conns := make([]syscall.RawConn, len(files))
	for i, f := range files {
		conn, err := f.SyscallConn()
		if err != nil {
			return 0, err
		}
		conns[i] = conn
	}
	fds := make([]int, 0, len(files))
	n, err := c.fd.pfd.WriteFirst(b, func(sysfd int) (n int, err error) {
		held := withDescriptors(conns, fds, func(fds []int) {
			var oob []byte
			if len(fds) > 0 {
				oob = syscall.UnixRights(fds...)
			}
			n, err = sendOnce(sysfd, b, oob)
		})
		if held != nil {
			return 0, held
		}
		return n, err
	})
	if n > 0 {
		return n, wrapSyscallError("write", err)
	}
	return n, wrapSyscallError("sendmsg", err)
}

// carries reports whether a message with files may have b as its data. Without a byte
// of data a connection would carry no message, or one that looks like its end.
func (c *UnixConn) carries(b []byte) bool {
	return len(b) > 0 || c.fd.sotype == syscall.SOCK_DGRAM
}

// sendOnce is one sendmsg(2). It returns a nil error and not an Errno of 0.
func sendOnce(sysfd int, b, oob []byte) (int, error) {
	n, errno := socket.Sendmsg(sysfd, b, oob, 0, nil)
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}

// withDescriptors calls f with the descriptors of files, none of which is closed
// before f returns. If one is closed already, it returns os.ErrClosed.
func withDescriptors(files []syscall.RawConn, fds []int, f func(fds []int)) error {
	if len(files) == 0 {
		f(fds)
		return nil
	}
	var inner error
	if files[0].Control(func(fd uintptr) {
		inner = withDescriptors(files[1:], append(fds, int(fd)), f)
	}) != nil {
		return os.ErrClosed // which Control's own error does not wrap
	}
	return inner
}

// ReceiveFiles reads into b, as Read does, and returns the files that came with the
// first byte of what it read, at most max of them. exec closes them, and the caller
// must close them before. On "unix" and "unixpacket" b must not be empty; max may be
// 253 at most.
//
// If more files came than max, or than the process may open, ReceiveFiles closes those
// that it got and returns [ErrFilesTruncated] beside the length of the data, which is
// in b.
func (c *UnixConn) ReceiveFiles(b []byte, max int) (int, []*os.File, error) {
	if c == nil || !c.ok() {
		return 0, nil, syscall.EINVAL
	}
	n, files, err := c.receiveFiles(b, max)
	if err != nil && err != io.EOF {
		err = c.fd.opError("read", err)
	}
	return n, files, err
}

func (c *UnixConn) receiveFiles(b []byte, most int) (int, []*os.File, error) {
	if !c.carries(b) || most < 0 || most > maxFiles {
		return 0, nil, syscall.EINVAL
	}
	var sa socket.Sockaddr
	oob := make([]byte, controlRoom(most))
	n, oobn, flags, err := c.fd.pfd.ReadMsg(b, oob, syscall.MSG_CMSG_CLOEXEC, &sa)
	if err != nil {
		return max(n, 0), nil, wrapSyscallError("recvmsg", err)
	}
	fds := descriptorsIn(oob[:oobn])
	if len(fds) > most || flags&syscall.MSG_CTRUNC != 0 {
		for _, fd := range fds {
			syscall.Close(fd)
		}
		return n, nil, ErrFilesTruncated
	}
	files := make([]*os.File, len(fds))
	for i, fd := range fds {
		files[i] = os.NewFile(uintptr(fd), "unix")
	}
	return n, files, nil
}

// controlRoom is the room for the messages that may come beside the files, if the
// program has asked for them: credentials (SO_PASSCRED), the sender's pidfd
// (SO_PASSPIDFD), a security label (SO_PASSSEC) and a time (SO_TIMESTAMPNS).
func controlRoom(files int) int {
	const label = 256
	room := syscall.CmsgSpace(syscall.SizeofUcred) + syscall.CmsgSpace(4) + syscall.CmsgSpace(label) + syscall.CmsgSpace(16)
	return room + syscall.CmsgSpace(4*files)
}

// scmPIDFD is the type of the message that SO_PASSPIDFD asks for. The descriptor in it
// is no file that the sender passed.
const scmPIDFD = 0x4

// descriptorsIn returns the descriptors in control messages, and closes those that
// are no files of the sender's.
func descriptorsIn(oob []byte) (fds []int) {
	msgs, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return nil // the kernel writes no such messages
	}
	for _, m := range msgs {
		if m.Header.Level != syscall.SOL_SOCKET {
			continue
		}
		rights := m
		rights.Header.Type = syscall.SCM_RIGHTS
		got, err := syscall.ParseUnixRights(&rights)
		switch {
		case err != nil:
		case m.Header.Type == syscall.SCM_RIGHTS:
			fds = append(fds, got...)
		case m.Header.Type == scmPIDFD:
			for _, fd := range got {
				syscall.Close(fd)
			}
		}
	}
	return fds
}
