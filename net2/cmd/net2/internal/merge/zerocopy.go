package merge

import (
	"fmt"

	"go.parity/net2/cmd/net2/internal/constraint"
)

// asked are methods of os.File that copy between a file and a connection
// without moving the bytes through the program, each with the method that
// knows net2's connections and with its operand. They look for the descriptor
// that plain net has.
var asked = map[string]string{
	"File.spliceToFile": "spliceFromConn(r)",
	"File.writeTo":      "sendToConn(w)",
}

// addZeroCopy teaches os to copy between files and net2's connections.
func (m *merger) addZeroCopy() error {
	files, err := ReadPackage(m.Goroot, "os")
	if err != nil {
		return err
	}
	p, err := parse("os", files)
	if err != nil {
		return err
	}
	taught := 0
	for _, s := range p.sources {
		if constraint.SuffixSystem(s.name) != "linux" {
			continue
		}
		edits := asksFirst(s)
		taught += len(edits)
		if len(edits) > 0 {
			m.out.Src["os/"+s.name] = apply(s.content, edits)
		}
	}
	if taught != len(asked) {
		return fmt.Errorf("os copies between files and connections in another way than is known: %d of %d methods found", taught, len(asked))
	}
	for name, folder := range map[string]string{
		"os_zero_copy.go":     "os",
		"net_zero_copy.go":    "net",
		"poll_splice_file.go": folders["go.parity/poll"],
	} {
		if err := m.addFile(folder, name); err != nil {
			return err
		}
	}
	return nil
}

// asksFirst makes the methods of a file ask for a connection of net2 first.
// Lines stay as they are.
func asksFirst(s *source) []edit {
	var edits []edit
	for _, fn := range functions(s) {
		if call, ok := asked[funcName(fn)]; ok {
			at := s.offset(fn.Body.Lbrace) + 1
			edits = append(edits, edit{at, at, " if written, handled, err = f." + call + "; handled { return }"})
		}
	}
	return edits
}
