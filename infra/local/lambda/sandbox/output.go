package sandbox

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// tailLines is how much of its last output a failed start shows.
const tailLines = 10

// longestLine bounds what is kept of a line without end.
const longestLine = 256 << 10

// output writes a process's output line by line with a prefix, and remembers the last ones.
type output struct {
	to      io.Writer
	prefix  string
	printed func(line string)

	mu      sync.Mutex
	rest    []byte // a line without its end
	last    []string
	waiting []chan struct{} // each closed at the next mark
}

// mark is a byte that no text has. Who writes one into the pipe finds, when it comes out, that all before it is out.
const mark = 0

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for rest, marked := text, true; marked; {
		var before []byte
		before, rest, marked = bytes.Cut(rest, []byte{mark})
		o.take(before)
		if marked && len(o.waiting) > 0 {
			close(o.waiting[0])
			o.waiting = o.waiting[1:]
		}
	}
	return len(text), nil
}

// take emits the lines that are whole.
func (o *output) take(text []byte) {
	o.rest = append(o.rest, text...)
	for {
		end := bytes.IndexByte(o.rest, '\n')
		if end < 0 {
			break
		}
		o.emit(string(o.rest[:end]))
		o.rest = o.rest[end+1:]
	}
	if len(o.rest) > longestLine {
		o.emit(string(o.rest))
		o.rest = nil
	}
}

// marked gives what is closed at a mark that is yet to be written.
func (o *output) marked() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	next := make(chan struct{})
	o.waiting = append(o.waiting, next)
	return next
}

// emit writes one line; a sink that fails must not stop the function.
func (o *output) emit(line string) {
	o.last = append(o.last, line)
	if len(o.last) > tailLines {
		o.last = o.last[1:]
	}
	_, _ = io.WriteString(o.to, o.prefix+line+"\n")
	o.printed(line)
}

// note writes a line of the runner's own.
func (o *output) note(text string) {
	_, _ = io.WriteString(o.to, o.prefix+text+"\n")
}

// flush writes a last line that has no end.
func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.rest) > 0 {
		o.emit(string(o.rest))
		o.rest = nil
	}
}

// tail gives the last lines of output to put behind an error.
func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.last) == 0 {
		return ""
	}
	return ":\n" + strings.Join(o.last, "\n")
}
