package scenario

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"go.parity/conformance/host"
)

// A Recording is what one run of a scenario on one stack showed.
type Recording struct {
	Stack        string        `json:"stack"`
	Observations []Observation `json:"observations"`

	// Failure says why the script did not reach its end, if it did not:
	// a preparation that failed, a panic, or that it hung, with its
	// goroutines.
	Failure string `json:"failure,omitempty"`

	// What the script left behind, although everything was closed: descriptors,
	// by what they refer to, and goroutines, by their stack traces.
	Descriptors []string `json:"descriptors,omitempty"`
	Goroutines  []string `json:"goroutines,omitempty"`

	Elapsed time.Duration `json:"elapsed"`
}

// An Observation is one named step of a script and the values that it gave. A
// value is nil, a bool, an int64, a string, an [Addr], an [Err], an [Object],
// a [Panic], or a list of these.
type Observation struct {
	Name   string `json:"name"`
	Values []any  `json:"values"`
}

// UnmarshalJSON reads what json.Marshal writes for an observation: each value
// gets its type back.
func (o *Observation) UnmarshalJSON(text []byte) error {
	var raw struct {
		Name   string            `json:"name"`
		Values []json.RawMessage `json:"values"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	values, err := valuesOf(raw.Values)
	*o = Observation{raw.Name, values}
	return err
}

func valuesOf(raw []json.RawMessage) ([]any, error) {
	values := make([]any, len(raw))
	for i, text := range raw {
		var err error
		if values[i], err = valueOf(text); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// valueOf tells the kinds of values apart by the fields that they have.
func valueOf(text json.RawMessage) (any, error) {
	switch text[0] {
	case 'n':
		return nil, nil
	case 't', 'f':
		return text[0] == 't', nil
	case '"':
		return decoded[string](text)
	case '[':
		list, err := decoded[[]json.RawMessage](text)
		if err != nil {
			return nil, err
		}
		return valuesOf(list.([]json.RawMessage))
	case '{':
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(text, &fields); err != nil {
			return nil, err
		}
		switch {
		case fields["layers"] != nil:
			return decoded[Err](text)
		case fields["network"] != nil:
			return decoded[Addr](text)
		case fields["text"] != nil:
			return decoded[Panic](text)
		}
		return decoded[Object](text)
	}
	return decoded[int64](text)
}

func decoded[T any](text json.RawMessage) (any, error) {
	var v T
	err := json.Unmarshal(text, &v)
	return v, err
}

func (o Observation) String() string {
	return o.Name + ": " + list(o.Values)
}

func list(values []any) string {
	s := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			s[i] = "nil"
		case string:
			s[i] = fmt.Sprintf("%q", v)
		case []any:
			s[i] = "[" + list(v) + "]"
		default:
			s[i] = fmt.Sprint(v)
		}
	}
	return strings.Join(s, ", ")
}

// An Addr is an address: its type, what its methods answer, and the form of
// its IP, which a program sees when it compares addresses byte for byte.
type Addr struct {
	Type    string `json:"type"`
	Network string `json:"network"`
	Text    string `json:"text"`
	IPLen   int    `json:"ipLen"` // of the IP in bytes; 0 if there is no IP
}

func (a Addr) String() string {
	s := fmt.Sprintf("%s %s", a.Type, a.Text)
	if a.IPLen != 0 {
		s += fmt.Sprintf(" (IP of %d bytes)", a.IPLen)
	}
	return s
}

// An Err is an error: its layers from the outside in, and its answers to
// [errors.Is] and [errors.As].
type Err struct {
	Text   string   `json:"text"`
	Layers []Layer  `json:"layers"`
	Is     []string `json:"is"` // the well-known errors and errnos that it is
	As     []string `json:"as"` // the well-known types that errors.As finds in it
}

// A Layer is one error of a chain.
type Layer struct {
	Type      string `json:"type"`
	Text      string `json:"text"`
	Fields    string `json:"fields,omitempty"` // of the types that export any
	Source    any    `json:"source,omitempty"` // of an OpError
	Addr      any    `json:"addr,omitempty"`   // of an OpError
	Timeout   string `json:"timeout"`          // "true", "false", or "" if the error has no such method
	Temporary string `json:"temporary"`        // as Timeout
}

func (e Err) String() string {
	types := make([]string, len(e.Layers))
	for i, l := range e.Layers {
		types[i] = l.Type
		if i == len(e.Layers)-1 && l.Fields != "" {
			types[i] += " " + l.Fields
		}
	}
	s := fmt.Sprintf("error %q (%s)", e.Text, strings.Join(types, " > "))
	if len(e.Layers) > 0 && e.Layers[0].Timeout == "true" {
		s += " timeout"
	}
	if len(e.Layers) > 0 && e.Layers[0].Temporary == "true" {
		s += " temporary"
	}
	return s
}

// An Object is a value of which only the type counts, such as a connection.
type Object struct {
	Type string `json:"type"`
	Name string `json:"name,omitempty"` // of a file
}

func (o Object) String() string {
	if o.Name != "" {
		return fmt.Sprintf("%s %q", o.Type, o.Name)
	}
	return o.Type
}

// A Panic is a panic: the type and the text of its value.
type Panic struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

func (p Panic) String() string { return fmt.Sprintf("panic %s: %s", p.Type, p.Text) }

// Outcome says how a scenario ended.
type Outcome string

const (
	Same    Outcome = "same"
	Differs Outcome = "differs"
	Skipped Outcome = "skipped"
)

// A Comparison is one scenario, run on both stacks.
type Comparison struct {
	Name    string        `json:"name"`
	Doc     string        `json:"doc"`
	Outcome Outcome       `json:"outcome"`
	Skip    string        `json:"skip,omitempty"`   // why the scenario did not run
	Needs   host.Need     `json:"needs,omitempty"`  // what this host lacks, if that is why
	Net     *Recording    `json:"net,omitempty"`    // nil where it did not run
	Net2    *Recording    `json:"net2,omitempty"`   // nil where it did not run
	Detail  string        `json:"detail,omitempty"` // the difference
	Elapsed time.Duration `json:"elapsed"`
}
