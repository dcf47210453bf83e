package conformance

// The exit codes of the commands of this module: parity, its subcommands, bench
// and stdtests.
const (
	ExitSame        = 0   // nothing differs, or the command did what it was asked to do
	ExitDifferent   = 1   // net2 differs from net, or a test failed
	ExitUsage       = 2   // the arguments make no sense
	ExitUnfinished  = 3   // something that should have been done could not be done
	ExitInterrupted = 130 // as shells say it: 128, and the number of SIGINT
)

// ExitCodes is the table of the exit codes for the help of a command.
const ExitCodes = `exit codes:
    0  nothing differs, also if this host or this user cannot check everything;
       or the command did what it was asked to do
    1  net2 differs from net, or a test failed
    2  the arguments make no sense
    3  nothing differs, but something that should have been done could not be done
  130  interrupted
`
