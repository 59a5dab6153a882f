package stripe

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// posting is one telling of one event to one endpoint.
type posting struct {
	world    *world
	told     *happening
	endpoint string
	wait     int // milliseconds before the first try
}

// patience is how long an endpoint may take to answer.
const patience = 10 * time.Second

// backoff is how long the sender waits after each failed try; Stripe's own waits add up to three days.
var backoff = [...]time.Duration{500 * time.Millisecond, 2 * time.Second, 5 * time.Second, 15 * time.Second,
	30 * time.Second, time.Minute, 2 * time.Minute}

// sender counts the deliveries under way.
type sender struct{ sync.WaitGroup }

// deliver tells an event until the endpoint takes it, in the background.
func (s *Server) deliver(p posting) {
	if s.ctx.Err() != nil {
		return
	}
	s.sender.Go(func() {
		defer func() {
			p.world.mu.Lock()
			p.told.underWay--
			p.world.mu.Unlock()
		}()
		wait := time.Duration(p.wait) * time.Millisecond
		for try := 0; ; try++ {
			if !s.pause(wait) {
				return
			}
			if s.post(p) || try == len(backoff) {
				return
			}
			wait = backoff[try]
		}
	})
}

func (s *Server) pause(wait time.Duration) bool {
	select {
	case <-s.ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}

// post tries once and says whether the telling is over: taken, or without an endpoint to take it.
func (s *Server) post(p posting) bool {
	p.world.mu.Lock()
	endpoint := p.world.get(p.endpoint)
	if endpoint == nil || endpoint["status"] != "enabled" {
		p.world.mu.Unlock()
		return true
	}
	address, secret := text(endpoint, "url"), text(endpoint, "secret")
	event := with(p.told.event, object{"api_version": endpoint["api_version"]})
	body, err := json.MarshalIndent(event, "", "  ")
	p.world.mu.Unlock()
	if err != nil {
		panic(err) // an object holds something that is not JSON: a mistake in this package
	}
	taken := s.postTo(address, body, signature(body, secret, s.config.Now()))
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	if !taken {
		p.told.failed++
		return false
	}
	p.told.delivered++
	if pending := number(p.told.event, "pending_webhooks"); pending > 0 {
		p.told.event["pending_webhooks"] = pending - 1
	}
	return true
}

func (s *Server) postTo(address string, body []byte, signed string) bool {
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return false
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	request.Header.Set("Stripe-Signature", signed)
	response, err := hardHeaded.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)) // only its status counts
	return response.StatusCode >= 200 && response.StatusCode < 300
}

// deliverByCommand tells events once each, one after the other, and answers with how each endpoint took it. Nothing is retried.
func (s *Server) deliverByCommand(w *world, body []byte) (any, *apiError) {
	var wish struct{ IDs []string }
	if len(body) > 0 && json.Unmarshal(body, &wish) != nil {
		return nil, invalid("", `Send JSON like {"ids": ["evt_1"]}.`)
	}
	w.mu.Lock()
	var postings []posting
	for _, told := range w.chosen(wish.IDs) {
		told.held, told.lost = false, false
		for _, endpoint := range w.listeners(text(told.event, "type")) {
			postings = append(postings, posting{world: w, told: told, endpoint: text(endpoint, "id")})
		}
	}
	w.mu.Unlock()
	tellings := []object{}
	for _, p := range postings {
		tellings = append(tellings, object{"event": p.told.event["id"], "endpoint": p.endpoint, "taken": s.post(p)})
	}
	return object{"deliveries": tellings}, nil
}

// hardHeaded follows no redirect: to Stripe, a redirect is a failed delivery.
var hardHeaded = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// signature is the Stripe-Signature header of a body: the time, and the HMAC of time and body.
func signature(body []byte, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.", at.Unix())
	mac.Write(body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}
