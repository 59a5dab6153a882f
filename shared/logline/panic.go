package logline

import (
	"fmt"
	"io"
	"runtime"
	"strings"
)

// Panic is a recovered panic as an error, with the places it came through.
type Panic struct {
	class string
	Stack []Place
}

// Place is one function on the stack, with file and line.
type Place struct {
	Function string `json:"function"`
	File     string `json:"file"`
	Line     int    `json:"line"`
}

// Recovered turns what recover returned into an error; call it in the deferred function itself. A panic of the Go runtime
// keeps its text, which speaks of indexes and types; of any other only the type is kept.
func Recovered(value any) *Panic {
	class := fmt.Sprintf("panic:%T", value)
	if err, ok := value.(runtime.Error); ok {
		class = "panic:" + strings.ReplaceAll(strings.TrimPrefix(err.Error(), "runtime error: "), " ", "_")
	}
	return &Panic{class: class, Stack: places()}
}

// Report writes one line that says where the code broke, in which request, and with which class of panic.
func (p *Panic) Report(out io.Writer, requestID string) {
	Write(out, struct {
		Level     string     `json:"level"`
		Msg       string     `json:"msg"`
		RequestID RequestID  `json:"requestId"`
		Class     ErrorClass `json:"error"`
		Stack     []Place    `json:"stack"`
	}{"ERROR", "panic", RequestID(requestID), Class(p), p.Stack})
}

func (p *Panic) Error() string { return "a panic was recovered" }

// LogClass says what sort of panic it was, for the log.
func (p *Panic) LogClass() string { return p.class }

func places() []Place {
	pcs := make([]uintptr, 16)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs)])
	var found []Place
	for {
		frame, more := frames.Next()
		found = append(found, Place{frame.Function, frame.File, frame.Line})
		if !more {
			return found
		}
	}
}
