package merge

import (
	"fmt"
	"go/ast"
	"go/token"
)

// conns are the functions of internal/poll with which package os copies between
// a file and a connection, each with its new body: every connection is one of
// net2.
var conns = map[string]string{
	"Splice":   "return src.conn.SpliceTo(dst, remain)",
	"sendFile": "return dstFD.sendFromFile(src, size)",
}

// first is what Init does first: an FD that stands for a connection is ready
// already.
const first = "if fd.conn != nil { return syscall.EEXIST }"

// addZeroCopy teaches internal/poll to copy between files and net2's
// connections.
func (m *merger) addZeroCopy() error {
	files, err := ReadPackage(m.Goroot, "internal/poll")
	if err != nil {
		return err
	}
	p, err := parse("internal/poll", files)
	if err != nil {
		return err
	}
	found := 0
	for _, s := range p.sources {
		edits := append(copies(s), standsForConn(s)...)
		found += len(edits)
		if len(edits) > 0 {
			m.addChangedStd("internal/poll", s.name, s.content, apply(s.content, edits))
		}
	}
	if want := len(conns) + 2; found != want {
		return fmt.Errorf("internal/poll copies between files and connections in a way that net2 does not know: found %d of %d places", found, want)
	}
	for name, folder := range map[string]string{
		"poll_conn.go":        "internal/poll",
		"net_zero_copy.go":    "net",
		"poll_splice_file.go": folders["go.parity/poll"],
	} {
		if err := m.addFile(folder, name); err != nil {
			return err
		}
	}
	return nil
}

// copies makes functions take connections of net2. The lines keep their
// numbers.
func copies(s *source) []edit {
	var edits []edit
	for _, fn := range functions(s) {
		name := funcName(fn)
		text, takes := conns[name]
		if !takes && name != "FD.Init" {
			continue
		}
		start := s.offset(fn.Body.Lbrace) + 1
		if !takes {
			edits = append(edits, edit{start, start, " " + first})
			continue
		}
		e := blank(s.content, start, s.offset(fn.Body.Rbrace))
		e.text = " " + text + e.text
		edits = append(edits, e)
	}
	return edits
}

// standsForConn adds a field to type FD: the connection that it stands for.
func standsForConn(s *source) []edit {
	for _, decl := range s.syntax.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			spec := spec.(*ast.TypeSpec)
			if fields, ok := spec.Type.(*ast.StructType); ok && spec.Name.Name == "FD" {
				at := s.offset(fields.Fields.Closing)
				return []edit{{at, at, " conn Conn "}}
			}
		}
	}
	return nil
}
