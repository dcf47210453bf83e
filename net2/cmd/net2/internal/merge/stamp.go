package merge

import "strconv"

// addStamp adds the stamp to the package that every swap needs. The package
// reads the string when the program starts, so the linker cannot drop it.
func (m *merger) addStamp() error {
	m.out.Src[folders["go.parity/runtime_hooks"]+"/zz_net2_stamp_linux.go"] = []byte(`package runtimehooks

var stamp = ` + strconv.Quote(m.Stamp) + `

var stampSum = sum(&stamp)

//go:noinline
func sum(s *string) (n byte) {
	if len(*s) > 0 {
		n = (*s)[0]
	}
	return n
}
`)
	return nil
}
