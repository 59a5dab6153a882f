package relay

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"nanoflux.ai/backend/infra/local/pooler/scram"
)

// reset forgets what a transaction left on its connection. Behind a real pooler the next transaction merely tends to get
// another connection; here state never survives, so that code which leans on it fails every time instead of now and then.
const reset = "close all; reset all; deallocate all; unlisten *; select pg_advisory_unlock_all(); discard temp"

// A server is one connection to Postgres.
type server struct {
	conn       net.Conn
	in         *bufio.Reader
	sending    sync.Mutex // guards out: the answer may be here before the client's goroutine has left Flush
	out        *bufio.Writer
	key        []byte // process id and secret, for cancel requests
	parameters []message
	pool       *pool
	idle       *time.Timer // runs while the connection waits in the pool
	used       bool        // guarded by the pool's mutex
	closing    func() bool // unregisters from the relay's end

	client  atomic.Pointer[client] // whose transaction this is
	cancels sync.WaitGroup         // cancel requests on their way
}

// refusal is what Postgres answered instead of letting us in.
type refusal struct{ message message }

func (r refusal) Error() string { return "Postgres refuses the connection" }

// dial connects as the role whose client key this is.
func dial(ctx context.Context, address, role, database string, clientKey []byte) (*server, error) {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	s := &server{conn: conn, in: bufio.NewReader(conn), out: bufio.NewWriter(conn)}
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if err := s.login(role, database, clientKey); err != nil {
		conn.Close()
		return nil, err
	}
	return s, conn.SetDeadline(time.Time{})
}

func (s *server) login(role, database string, clientKey []byte) error {
	var body bytes.Buffer
	for _, field := range []string{"user", role, "database", database, "client_encoding", "UTF8", ""} {
		body.WriteString(field)
		body.WriteByte(0)
	}
	if _, err := s.conn.Write(startup(protocol3, body.Bytes())); err != nil {
		return err
	}
	first := "n=,r=" + rand.Text()
	for {
		m, err := read(s.in)
		if err != nil {
			return err
		}
		switch m.kind {
		case authentication:
			err = s.prove(m.body, first, clientKey)
		case parameterStatus:
			s.parameters = append(s.parameters, m)
		case backendKey:
			s.key = m.body
		case errorResponse:
			err = refusal{m}
		case readyForQuery:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// prove takes one step of the SCRAM conversation. The server's own proof is not checked: it is our child on loopback.
func (s *server) prove(body []byte, first string, clientKey []byte) error {
	switch step := binary.BigEndian.Uint32(body); step {
	case authenticationOK, saslFinal:
		return nil
	case authenticationSASL:
		said := []byte("n,," + first)
		body := append([]byte(scram.Mechanism+"\x00"), binary.BigEndian.AppendUint32(nil, uint32(len(said)))...)
		return s.send(message{password, append(body, said...)})
	case saslContinue:
		return s.send(message{password, []byte(scram.Prove(clientKey, first, string(body[4:])))})
	default:
		return fmt.Errorf("Postgres wants authentication method %d", step)
	}
}

func (s *server) send(m message) error { return s.pass(m, true) }

// pass sends a message, at once or together with the next one.
func (s *server) pass(m message, now bool) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	if err := write(s.out, m); err != nil || !now {
		return err
	}
	return s.out.Flush()
}

// relay passes on what Postgres says, for as long as the connection lives: to the client whose transaction it is, and to
// nobody while the connection is reset or waits in the pool.
func (s *server) relay() {
	defer s.end()
	for {
		m, err := read(s.in)
		if err != nil {
			return
		}
		owner := s.client.Load()
		switch {
		case owner != nil:
			finished, err := owner.receive(m, s.in.Buffered() == 0)
			if err != nil {
				return
			}
			if finished {
				s.client.Store(nil)
				// A cancel request must not reach the next client's transaction.
				s.cancels.Wait()
				if s.send(message{query, []byte(reset + "\x00")}) != nil {
					return
				}
			}
		case m.kind == errorResponse:
			return
		case m.kind == readyForQuery:
			s.pool.release(s)
		}
	}
}

// end closes the connection, and that of the client in whose transaction this happened.
func (s *server) end() {
	s.conn.Close()
	s.closing()
	s.pool.forget(s)
	if owner := s.client.Load(); owner != nil {
		owner.conn.Close()
	}
}
