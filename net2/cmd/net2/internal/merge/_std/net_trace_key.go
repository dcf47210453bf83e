package net

import "internal/nettrace"

// traceKey is the key under which a context has a trace.
func traceKey() any { return nettrace.TraceKey{} }
