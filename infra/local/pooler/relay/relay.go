// Package relay is a Postgres connection pooler in transaction mode.
package relay

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"nanoflux.ai/backend/infra/local/pooler/scram"
)

// A Relay accepts clients on a listener and lends them connections to one Postgres, for a transaction at a time.
type Relay struct {
	server string // host:port of Postgres
	size   int    // connections to each database as each role
	lookup *pgxpool.Pool
	ctx    context.Context
	stop   context.CancelFunc

	mu      sync.Mutex
	pools   map[string]*pool
	clients map[string]*client // by their cancel key
}

// New makes a relay to the Postgres at server. lookup is the URL of a role that may read pg_authid: clients prove
// their password to the relay, which then logs in as them without knowing it.
func New(server, lookup string, size int) (*Relay, error) {
	logins, err := pgxpool.New(context.Background(), lookup)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Relay{server: server, size: size, lookup: logins, ctx: ctx, stop: stop,
		pools: map[string]*pool{}, clients: map[string]*client{}}, nil
}

// Serve accepts clients until the relay is closed.
func (r *Relay) Serve(listener net.Listener) {
	context.AfterFunc(r.ctx, func() { listener.Close() })
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go r.welcome(conn)
	}
}

// Close ends the relay and every connection.
func (r *Relay) Close() {
	r.stop()
	r.lookup.Close()
}

// welcome takes a connection from its first byte to its end.
func (r *Relay) welcome(conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(r.ctx, func() { conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(patience))
	c := &client{conn: conn, in: bufio.NewReader(conn), out: bufio.NewWriter(conn)}
	for {
		code, rest, err := readStartup(c.in)
		if err != nil {
			return
		}
		switch {
		case code == sslRequest, code == gssRequest:
			if _, err := conn.Write([]byte{'N'}); err != nil {
				return
			}
			continue
		case code == cancelCode:
			r.cancel(string(rest))
			return
		case code>>16 != protocol3>>16:
			_ = c.say(fatal("08P01", "only protocol 3 is spoken here"))
			return
		}
		if code != protocol3 {
			_ = c.say(message{negotiate, make([]byte, 8)}) // 3.0, no unknown options
		}
		r.serve(c, parameters(rest))
		return
	}
}

// serve logs the client in and converses with it.
func (r *Relay) serve(c *client, asked map[string]string) {
	role, database := asked["user"], asked["database"]
	if database == "" {
		database = role
	}
	if name := unsupported(asked); name != "" {
		_ = c.say(fatal("0A000", "the startup parameter "+name+" is not supported in transaction mode: connections are shared; set it on the role, or with SET LOCAL"))
		return
	}
	clientKey, err := r.login(c, role)
	if err != nil {
		_ = c.say(fatal("28P01", `password authentication failed for user "`+role+`"`))
		return
	}
	c.pool = r.pool(role, database, clientKey)
	greeting, err := c.pool.welcome(r.ctx)
	if refused := new(refusal); errors.As(err, refused) {
		_ = c.say(refused.message)
		return
	}
	if err != nil {
		_ = c.say(fatal("08006", "Postgres cannot be reached: "+err.Error()))
		return
	}
	cancelKey := make([]byte, 8)
	rand.Read(cancelKey)
	r.enter(string(cancelKey), c)
	defer r.enter(string(cancelKey), nil)
	greeting = append([]message{authenticate(authenticationOK, nil)}, greeting...)
	greeting = append(greeting, message{backendKey, cancelKey})
	for _, m := range greeting {
		_ = write(c.out, m)
	}
	if c.say(message{readyForQuery, []byte{'I'}}) != nil {
		return
	}
	_ = c.conn.SetDeadline(time.Time{})
	c.converse(r.ctx)
}

// unsupported names a startup parameter that would have to be kept for a connection. What has one sensible value here is
// let pass.
func unsupported(asked map[string]string) string {
	for name, value := range asked {
		switch name {
		case "user", "database", "application_name", "extra_float_digits":
		case "client_encoding":
			if !strings.EqualFold(strings.ReplaceAll(value, "-", ""), "utf8") {
				return name
			}
		default:
			return name
		}
	}
	return ""
}

// login lets the client prove its password, by SCRAM-SHA-256, and returns its key.
func (r *Relay) login(c *client, role string) ([]byte, error) {
	var kept string
	ctx, cancel := context.WithTimeout(r.ctx, 10*time.Second)
	defer cancel()
	err := r.lookup.QueryRow(ctx, "select coalesce(rolpassword, '') from pg_authid where rolname = $1 and rolcanlogin", role).Scan(&kept)
	if err != nil {
		return nil, err
	}
	v, err := scram.Parse(kept)
	if err != nil {
		return nil, err
	}
	if err := c.say(authenticate(authenticationSASL, []byte(scram.Mechanism+"\x00\x00"))); err != nil {
		return nil, err
	}
	said, err := read(c.in)
	name := len(scram.Mechanism) + 1
	if err != nil || said.kind != password || len(said.body) < name+4 {
		return nil, scram.ErrPassword
	}
	talk, err := v.Challenge(string(said.body[name+4:]))
	if err != nil {
		return nil, err
	}
	if err := c.say(authenticate(saslContinue, []byte(talk.Answer))); err != nil {
		return nil, err
	}
	if said, err = read(c.in); err != nil || said.kind != password {
		return nil, scram.ErrPassword
	}
	clientKey, proof, err := v.Check(talk, string(said.body))
	if err != nil {
		return nil, err
	}
	return clientKey, c.say(authenticate(saslFinal, []byte(proof)))
}

// pool returns the pool of a role in a database. The key is part of its name, because a changed password changes it.
func (r *Relay) pool(role, database string, clientKey []byte) *pool {
	name := role + "\x00" + database + "\x00" + string(clientKey)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pools[name] == nil {
		r.pools[name] = newPool(r.size, func(ctx context.Context) (*server, error) {
			s, err := dial(ctx, r.server, role, database, clientKey)
			if err == nil {
				s.closing = context.AfterFunc(r.ctx, func() { s.conn.Close() })
			}
			return s, err
		})
	}
	return r.pools[name]
}

func (r *Relay) enter(cancelKey string, c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c == nil {
		delete(r.clients, cancelKey)
		return
	}
	r.clients[cancelKey] = c
}

// cancel passes a cancel request on to the connection on which the client's transaction runs, if it runs. The connection is
// held until Postgres has acted, which it shows by closing.
func (r *Relay) cancel(cancelKey string) {
	r.mu.Lock()
	c := r.clients[cancelKey]
	r.mu.Unlock()
	if c == nil {
		return
	}
	c.mu.Lock()
	s := c.server
	if s != nil {
		s.cancels.Add(1)
	}
	c.mu.Unlock()
	if s == nil {
		return
	}
	defer s.cancels.Done()
	conn, err := net.DialTimeout("tcp", r.server, 5*time.Second)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = conn.Write(startup(cancelCode, s.key))
	_, _ = conn.Read(make([]byte, 1))
}
