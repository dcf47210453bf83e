package fault

// A Row is what came of one call of an operation, each time that it failed with
// another errno. What an operation's check hands over is its rows.
type Row struct {
	Operation string `json:"operation"`
	Call      string `json:"call"`   // and which of them, from 1
	Errnos    int    `json:"errnos"` // with which it failed, or moved one byte alone
	Same      int    `json:"same"`
	Deviating int    `json:"deviating"` // as a listed deviation says
	Differs   int    `json:"differs"`

	// Uncompared are those with which net itself panics, and those that came to
	// one stack alone.
	Uncompared int `json:"uncompared"`
}
