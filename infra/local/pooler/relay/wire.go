package relay

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// The messages of the PostgreSQL frontend/backend protocol 3.0 that a pooler must know; all others pass unread.
// https://www.postgresql.org/docs/current/protocol-message-formats.html
const (
	authentication  = 'R'
	backendKey      = 'K'
	errorResponse   = 'E'
	negotiate       = 'v'
	parameterStatus = 'S'
	readyForQuery   = 'Z'

	copyData     = 'd'
	copyDone     = 'c'
	copyFail     = 'f'
	functionCall = 'F'
	password     = 'p'
	query        = 'Q'
	flush        = 'H'
	syncMessage  = 'S'
	terminate    = 'X'

	protocol3  = 3 << 16
	sslRequest = 80877103
	gssRequest = 80877104
	cancelCode = 80877102

	authenticationOK   = 0
	authenticationSASL = 10
	saslContinue       = 11
	saslFinal          = 12

	longest = 1 << 30 // Postgres refuses longer messages
)

type message struct {
	kind byte
	body []byte
}

func read(in *bufio.Reader) (message, error) {
	var head [5]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return message{}, err
	}
	body, err := readBody(in, binary.BigEndian.Uint32(head[1:]))
	return message{kind: head[0], body: body}, err
}

// readStartup reads the first message of a connection, which has no kind.
func readStartup(in *bufio.Reader) (code uint32, rest []byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, nil, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length < 8 || length > 10000 {
		return 0, nil, fmt.Errorf("a startup message of %d bytes", length)
	}
	body, err := readBody(in, length)
	if err != nil {
		return 0, nil, err
	}
	return binary.BigEndian.Uint32(body), body[4:], nil
}

// readBody reads what follows a length that counts itself.
func readBody(in *bufio.Reader, length uint32) ([]byte, error) {
	if length < 4 || length > longest {
		return nil, fmt.Errorf("a message of %d bytes", length)
	}
	body := make([]byte, length-4)
	_, err := io.ReadFull(in, body)
	return body, err
}

func write(out *bufio.Writer, m message) error {
	head := [5]byte{m.kind}
	binary.BigEndian.PutUint32(head[1:], uint32(len(m.body)+4))
	if _, err := out.Write(head[:]); err != nil {
		return err
	}
	_, err := out.Write(m.body)
	return err
}

// startup composes a message without a kind from a code and what follows it.
func startup(code uint32, rest []byte) []byte {
	all := binary.BigEndian.AppendUint32(nil, uint32(len(rest)+8))
	return append(binary.BigEndian.AppendUint32(all, code), rest...)
}

// authenticate composes an authentication message.
func authenticate(step uint32, data []byte) message {
	return message{authentication, append(binary.BigEndian.AppendUint32(nil, step), data...)}
}

// fatal composes an ErrorResponse that ends the connection; code is an SQLSTATE.
func fatal(code, text string) message {
	var body bytes.Buffer
	for _, field := range []string{"SFATAL", "VFATAL", "C" + code, "M" + text} {
		body.WriteString(field)
		body.WriteByte(0)
	}
	body.WriteByte(0)
	return message{errorResponse, body.Bytes()}
}

// parameters reads the name and value pairs of a startup message.
func parameters(body []byte) map[string]string {
	found := map[string]string{}
	fields := bytes.Split(body, []byte{0})
	for i := 0; i+1 < len(fields) && len(fields[i]) > 0; i += 2 {
		found[string(fields[i])] = string(fields[i+1])
	}
	return found
}
