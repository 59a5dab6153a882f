// Package stripe is a local server that stands in for Stripe: the API of version 2023-10-16, its Checkout pages, its webhooks.
package stripe

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Version is the one API version that is spoken here.
const Version = "2023-10-16"

// Config says who the server is.
type Config struct {
	Origin string // its own origin without a final slash, for example http://127.0.0.1:4020
	Now    func() time.Time
}

// Server answers the API, the pages and the control endpoints.
type Server struct {
	config Config
	routes *http.ServeMux
	ctx    context.Context // ends deliveries and the ticking of the worlds
	cancel context.CancelFunc
	sender sender
	ticker sync.WaitGroup

	mu     sync.Mutex
	worlds map[string]*world // by secret key
}

// New makes a server without any object. Each secret key that comes along is a world of its own: callers with different
// keys share nothing. Close ends what it does in the background.
func New(config Config) *Server {
	if config.Now == nil {
		config.Now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{config: config, routes: http.NewServeMux(), ctx: ctx, cancel: cancel, worlds: map[string]*world{}}
	for pattern, handle := range routes() {
		s.routes.Handle(pattern, s.api(pattern, checked(pattern, handle)))
	}
	s.routes.HandleFunc("/v1/", s.unknownRoute)
	s.control()
	s.pages()
	s.ticker.Go(s.tick)
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.routes.ServeHTTP(w, r)
}

// Close stops all deliveries and waits until none is under way.
func (s *Server) Close() {
	s.cancel()
	s.ticker.Wait()
	s.sender.Wait()
}

// tick lets each world's time take effect, though nobody asks it anything.
func (s *Server) tick() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-time.After(time.Second):
		}
		for _, w := range s.everyWorld() {
			w.mu.Lock()
			w.request = requestMark{}
			w.pass()
			w.mu.Unlock()
		}
	}
}

func (s *Server) everyWorld() []*world {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*world, 0, len(s.worlds))
	for _, w := range s.worlds {
		all = append(all, w)
	}
	return all
}

// worldOf gives the world of a secret or restricted key, a fresh one for a key that never came before.
func (s *Server) worldOf(key string) (*world, bool) {
	kind, rest, _ := strings.Cut(key, "_")
	mode, secret, _ := strings.Cut(rest, "_")
	if kind != "sk" && kind != "rk" || mode != "test" && mode != "live" || len(secret) < 8 {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.worlds[key]
	if w == nil {
		w = newWorld(s.config, mode == "live", s.deliver)
		s.worlds[key] = w
	}
	return w, true
}

// holder finds the world that has the object, for pages, whose visitors have no key; nil where none has it.
func (s *Server) holder(id string) *world {
	for _, w := range s.everyWorld() {
		w.mu.Lock()
		found := w.get(id) != nil
		w.mu.Unlock()
		if found {
			return w
		}
	}
	return nil
}
