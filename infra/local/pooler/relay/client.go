package relay

import (
	"bufio"
	"context"
	"net"
	"sync"
	"time"
)

// patience is how long a client waits for a connection to Postgres before it is refused.
const patience = 30 * time.Second

// A client is one connection of the application.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	out  *bufio.Writer // guarded by mu once the client is logged in
	pool *pool

	mu      sync.Mutex
	server  *server // while a transaction is open
	pending int     // how many times Postgres will still say that it is ready
	open    bool    // messages were sent that no Sync has closed yet
}

// converse passes on what the client says until it leaves.
func (c *client) converse(ctx context.Context) {
	defer c.leave()
	for {
		m, err := read(c.in)
		if err != nil || m.kind == terminate {
			return
		}
		if c.late(m.kind) {
			continue
		}
		s, err := c.attach(ctx, m.kind)
		if err != nil {
			_ = c.say(fatal("53300", "no connection to Postgres became free within "+patience.String()+": "+err.Error()))
			return
		}
		if err := s.pass(m, c.in.Buffered() == 0); err != nil {
			return
		}
	}
}

// late reports copy data that comes after the copy has failed; Postgres would ignore it, so it needs no connection.
func (c *client) late(kind byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.server == nil && (kind == copyData || kind == copyDone || kind == copyFail)
}

// attach returns the server of the open transaction, or a free one, and notes what the message will bring about before it is
// sent, so that the answer cannot come too early.
func (c *client) attach(ctx context.Context, kind byte) (*server, error) {
	c.mu.Lock()
	if c.server == nil {
		c.mu.Unlock()
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		s, err := c.pool.acquire(ctx)
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		c.server = s
		s.client.Store(c)
	}
	defer c.mu.Unlock()
	switch kind {
	case query, syncMessage, functionCall:
		c.pending++
		c.open = false
	case copyData, copyDone, copyFail:
	default:
		c.open = true
	}
	return c.server, nil
}

// receive passes on what Postgres says. It reports whether that finished the transaction: then the server is this client's
// no longer.
func (c *client) receive(m message, last bool) (finished bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.kind == readyForQuery && len(m.body) == 1 {
		c.pending--
		finished = m.body[0] == 'I' && c.pending == 0 && !c.open
	}
	if finished {
		c.server = nil
	}
	if err := write(c.out, m); err != nil {
		return finished, err
	}
	if last || finished {
		err = c.out.Flush()
	}
	return finished, err
}

// say sends a message of the pooler's own.
func (c *client) say(m message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := write(c.out, m); err != nil {
		return err
	}
	return c.out.Flush()
}

// leave ends the client. A transaction that it left open ends with its connection.
func (c *client) leave() {
	c.conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server != nil {
		c.server.conn.Close()
	}
}
