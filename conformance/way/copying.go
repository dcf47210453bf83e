package way

var sendfile = Path{
	Name:  "sendfile",
	Title: "A file into a connection",
	Intro: "io.Copy asks the destination whether it can read for itself. A TCPConn can: where the source is a file, the kernel moves the " +
		"bytes from the page cache into the socket, and the program never sees them.",
	Steps: []Step{
		{
			Seed: fn("net/tcpsock.go (*TCPConn).ReadFrom"), Std: fn("net/tcpsock.go (*TCPConn).ReadFrom"), Ours: fn("net2/tcpsock.go (*TCPConn).ReadFrom"),
			Does: "io.Copy looks for this method. It wraps the error.",
		},
		{
			Seed: fn("net/tcpsock_posix.go (*TCPConn).readFrom"), Std: fn("net/tcpsock_posix.go (*TCPConn).readFrom"), Ours: fn("net2/tcpsock.go (*TCPConn).readFrom"),
			Does: "Tries splice, then sendfile, and else copies through a buffer.",
		},
		{
			Seed: fn("net/sendfile_linux.go sendFile"), Std: fn("net/sendfile.go sendFile"), Ours: fn("net2/sendfile.go sendFile"),
			Does: "Looks for a file in the source, also behind an io.LimitedReader.",
		},
		{
			Seed: fn("internal/poll/sendfile_linux.go SendFile"), Std: fn("internal/poll/sendfile_unix.go SendFile"), Ours: fn("poll/sendfile.go SendFile"),
			StdInside: fn("internal/poll/sendfile_unix.go sendFile"),
			Does:      "The loop: holds the write lock, sends, parks after EAGAIN until there is room, ends when the file does.",
		},
		both(Step{
			Seed: fn("syscall/syscall_unix.go Sendfile"), Std: fn("syscall/syscall_unix.go Sendfile"), Ours: fn("socket/sendfile.go Sendfile"),
			Does: "sendfile(2). 0 is the end of the file.",
		}, "sendfile"),
	},
}

var splice = Path{
	Name:  "splice",
	Title: "A connection into another",
	Intro: "splice(2) moves bytes between a descriptor and a pipe without copying them. Between two sockets it needs a pipe in the " +
		"middle: drained from the source into the pipe, pumped from the pipe into the destination. A proxy lives from it.",
	Steps: []Step{
		{
			Std: fn("net/splice_linux.go spliceFrom"), Ours: fn("net2/splice.go spliceFrom"),
			Does:  "Looks for a connection in the source: TCP, or a stream of Unix.",
			Since: "splice came with Go 1.11.",
		},
		{
			Std: fn("internal/poll/splice_linux.go Splice"), Ours: fn("poll/splice.go Splice"),
			Does: "The loop of both halves.",
		},
		both(Step{
			Std: fn("internal/poll/splice_linux.go getPipe"), Ours: fn("poll/splice.go getPipe"),
			StdInside: fn("internal/poll/splice_linux.go newPipe"), OursInside: fn("socket/splice.go Pipe"),
			Does: "Takes a pipe from a sync.Pool, or makes one and gives it a buffer of 1 MiB. A pipe that the pool drops is closed by a cleanup of its own.",
		}, "pipe2", "fcntl F_SETPIPE_SZ"),
		both(Step{
			Std: fn("internal/poll/splice_linux.go spliceDrain"), Ours: fn("poll/splice.go spliceDrain"),
			Does: "Source to pipe, under the source's read lock. EAGAIN parks the reader.",
		}, "splice socket to pipe"),
		both(Step{
			Std: fn("internal/poll/splice_linux.go splicePump"), Ours: fn("poll/splice.go splicePump"),
			Does: "Pipe to destination, under its write lock, until the pipe is empty.",
		}, "splice pipe to socket"),
		{
			Std: fn("internal/poll/splice_linux.go putPipe"), Ours: fn("poll/splice.go putPipe"),
			Does: "Gives the pipe back, unless bytes are left in it: then it is closed, for the next one must not find them.",
		},
	},
}
