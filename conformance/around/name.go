package around

const (
	partName = "around"
	partDoc  = "what a program sees around its connections: goroutines, deadlocks, races, system calls"
)
