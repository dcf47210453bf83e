//go:build linux

package socket

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// A Cmsg is a control message; see cmsg(3).
type Cmsg struct {
	Level, Type int
	Data        []byte
}

// CmsgAlign is what the length of a control message is rounded up to.
const CmsgAlign = wordSize

const (
	wordSize = unix.SizeofCmsghdr - 8 // of the length in struct cmsghdr, a size_t
	offLevel = wordSize
	offType  = wordSize + 4
)

// NextCmsg returns the first of the control messages in b, and those after it. It
// reports false if b does not begin with a whole message.
func NextCmsg(b []byte) (c Cmsg, rest []byte, ok bool) {
	if len(b) < unix.SizeofCmsghdr {
		return Cmsg{}, nil, false
	}
	n := cmsgLen(b)
	if n < unix.SizeofCmsghdr || n > uint64(len(b)) {
		return Cmsg{}, nil, false
	}
	c = Cmsg{
		Level: int(int32(binary.NativeEndian.Uint32(b[offLevel:]))),
		Type:  int(int32(binary.NativeEndian.Uint32(b[offType:]))),
		Data:  b[unix.SizeofCmsghdr:n],
	}
	next := min((n+wordSize-1)&^(wordSize-1), uint64(len(b)))
	return c, b[next:], true
}

func cmsgLen(b []byte) uint64 {
	if wordSize == 4 {
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}

// AppendCmsg appends a control message to b. It first pads b, so that the message is
// aligned.
func AppendCmsg(b []byte, level, typ int, data []byte) []byte {
	b = padCmsg(b)
	n := unix.SizeofCmsghdr + len(data)
	if wordSize == 4 {
		b = binary.NativeEndian.AppendUint32(b, uint32(n))
	} else {
		b = binary.NativeEndian.AppendUint64(b, uint64(n))
	}
	b = binary.NativeEndian.AppendUint32(b, uint32(level))
	b = binary.NativeEndian.AppendUint32(b, uint32(typ))
	return padCmsg(append(b, data...))
}

func padCmsg(b []byte) []byte {
	for len(b)%wordSize != 0 {
		b = append(b, 0)
	}
	return b
}
