package lambda

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

// wholeWrites lets many writers share one.
type wholeWrites struct {
	mu sync.Mutex
	to io.Writer
}

func (w *wholeWrites) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(text)
}

// lines writes a process's output line by line with a prefix, and remembers the last ones.
type lines struct {
	to     io.Writer
	prefix string

	mu   sync.Mutex
	rest []byte // a line without its end
	last []string
}

func (l *lines) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, text...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 {
			break
		}
		l.emit(string(l.rest[:end]))
		l.rest = l.rest[end+1:]
	}
	if len(l.rest) > longestLine {
		l.emit(string(l.rest))
		l.rest = nil
	}
	return len(text), nil
}

// emit writes one line; a sink that fails must not stop the function.
func (l *lines) emit(line string) {
	l.last = append(l.last, line)
	if len(l.last) > tailLines {
		l.last = l.last[1:]
	}
	_, _ = io.WriteString(l.to, l.prefix+line+"\n")
}

// line writes a line of the runner's own.
func (l *lines) line(text string) {
	_, _ = io.WriteString(l.to, l.prefix+text+"\n")
}

// flush writes a last line that has no end.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.emit(string(l.rest))
		l.rest = nil
	}
}

// tail gives the last lines of output to put behind an error.
func (l *lines) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.last) == 0 {
		return ""
	}
	return ":\n" + strings.Join(l.last, "\n")
}
