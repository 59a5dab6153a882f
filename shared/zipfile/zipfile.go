// Package zipfile lays out ZIP archives whose files are stored as they are, so that any stretch of the archive can be made without
// the rest.
//
// The format is PKWARE's APPNOTE 6.3.10 (ISO/IEC 21320-1 as far as it goes): local headers with checksum and length in front of the
// files, the central directory behind them, names in UTF-8. No archive needs ZIP64, because none of four gigabytes or more, or of
// 65,535 files or more, is laid out.
package zipfile

import (
	"encoding/binary"
	"errors"
	"math"
	"sort"
	"time"
)

// File is one file of an archive: its path with slashes, its length and its CRC-32 (IEEE).
type File struct {
	Name  string
	Bytes int64
	CRC32 uint32
}

// ErrTooLarge says that files do not fit into an archive without ZIP64.
var ErrTooLarge = errors.New("the files are too many or too large for one archive")

const (
	localHeader     = 30
	directoryHeader = 46
	endRecord       = 22
)

// Layout is where everything stands in an archive. Equal files at an equal time have equal layouts.
type Layout struct {
	files  []File
	starts []int64 // of the files' local headers, and of the directory behind the last
	date   uint16
	time   uint16
	end    []byte // the directory with the end record
}

// Lay lays files out in their order, all with one time of change.
func Lay(files []File, at time.Time) (Layout, error) {
	l := Layout{files: files, starts: make([]int64, len(files)+1)}
	at = at.UTC()
	l.date = uint16((at.Year()-1980)<<9 | int(at.Month())<<5 | at.Day())
	l.time = uint16(at.Hour()<<11 | at.Minute()<<5 | at.Second()/2)
	directory := endRecord
	for i, f := range files {
		if len(f.Name) == 0 || len(f.Name) > math.MaxUint16 || f.Bytes < 0 {
			return Layout{}, errors.New("a file of an archive has a name, of 65,535 bytes at most, and a length")
		}
		l.starts[i+1] = l.starts[i] + localHeader + int64(len(f.Name)) + f.Bytes
		directory += directoryHeader + len(f.Name)
	}
	if len(files) >= math.MaxUint16 || l.starts[len(files)]+int64(directory) >= math.MaxUint32 {
		return Layout{}, ErrTooLarge
	}
	l.end = l.directory(make([]byte, 0, directory))
	return l, nil
}

// Bytes of the whole archive.
func (l Layout) Bytes() int64 { return l.starts[len(l.files)] + int64(len(l.end)) }

// Piece is a stretch of an archive: bytes that are the format's own, or Length bytes of a file from Offset on.
type Piece struct {
	Literal        []byte // nil where it is a file's
	File           int    // index of the file
	Offset, Length int64
}

// Pieces of the stretch from one offset to another, in order; together they are exactly as long as it is.
func (l Layout) Pieces(from, to int64) []Piece {
	var pieces []Piece
	literal := func(start int64, text []byte) {
		if a, b := max(from, start), min(to, start+int64(len(text))); a < b {
			pieces = append(pieces, Piece{Literal: text[a-start : b-start]})
		}
	}
	first := sort.Search(len(l.files), func(i int) bool { return l.starts[i+1] > from })
	for i := first; i < len(l.files) && l.starts[i] < to; i++ {
		header := l.header(i)
		literal(l.starts[i], header)
		start := l.starts[i] + int64(len(header))
		if a, b := max(from, start), min(to, l.starts[i+1]); a < b {
			pieces = append(pieces, Piece{File: i, Offset: a - start, Length: b - a})
		}
	}
	literal(l.starts[len(l.files)], l.end)
	return pieces
}

// What both headers of a file have between version and name (APPNOTE 4.4.4 to 4.4.11).
func (l Layout) about(b []byte, f File) []byte {
	const (
		utf8   = 1 << 11
		stored = 0
	)
	b = binary.LittleEndian.AppendUint16(b, utf8)
	b = binary.LittleEndian.AppendUint16(b, stored)
	b = binary.LittleEndian.AppendUint16(b, l.time)
	b = binary.LittleEndian.AppendUint16(b, l.date)
	b = binary.LittleEndian.AppendUint32(b, f.CRC32)
	b = binary.LittleEndian.AppendUint32(b, uint32(f.Bytes))
	b = binary.LittleEndian.AppendUint32(b, uint32(f.Bytes))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(f.Name)))
	return binary.LittleEndian.AppendUint16(b, 0) // no extra field
}

// Versions (APPNOTE 4.4.2, 4.4.3): what is needed to read it, and Unix as where it was made, for the permissions.
const (
	needed = 20
	unix   = 3<<8 | needed
)

func (l Layout) header(i int) []byte {
	f := l.files[i]
	b := make([]byte, 0, localHeader+len(f.Name))
	b = binary.LittleEndian.AppendUint32(b, 0x04034b50)
	b = binary.LittleEndian.AppendUint16(b, needed)
	return append(l.about(b, f), f.Name...)
}

func (l Layout) directory(b []byte) []byte {
	const readable = 0o100644 << 16 // a plain file that its owner may write
	for i, f := range l.files {
		b = binary.LittleEndian.AppendUint32(b, 0x02014b50)
		b = binary.LittleEndian.AppendUint16(b, unix)
		b = binary.LittleEndian.AppendUint16(b, needed)
		b = l.about(b, f)
		b = append(b, 0, 0, 0, 0, 0, 0) // no comment, first disk, binary
		b = binary.LittleEndian.AppendUint32(b, readable)
		b = binary.LittleEndian.AppendUint32(b, uint32(l.starts[i]))
		b = append(b, f.Name...)
	}
	size := len(b)
	b = binary.LittleEndian.AppendUint32(b, 0x06054b50)
	b = append(b, 0, 0, 0, 0) // one disk
	b = binary.LittleEndian.AppendUint16(b, uint16(len(l.files)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(l.files)))
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = binary.LittleEndian.AppendUint32(b, uint32(l.starts[len(l.files)]))
	return append(b, 0, 0) // no comment
}
