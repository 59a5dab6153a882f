package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/erasure"
)

// plan is what a deletion does, before it is asked for, or how far it is.
type plan struct {
	State        string    `json:"state"` // none, closing, grace or erasing
	Classes      []class   `json:"classes"`
	Stays        []stay    `json:"stays"`
	Held         []hold    `json:"held"`
	UndoUntil    time.Time `json:"undo_until"`
	ErasedBy     time.Time `json:"erased_by"`
	BackupsUntil time.Time `json:"backups_until"`

	Subscription string     `json:"subscription"` // none or live; ending or ended, once the account is closed
	ID           *string    `json:"id"`           // of a deletion that was asked for, as all below
	RequestedAt  *time.Time `json:"requested_at"`
	Links        *string    `json:"links"` // ending or ended
}

type class struct {
	Class    string    `json:"class"`
	Count    int64     `json:"count"`
	Goes     time.Time `json:"goes"` // when its erasure begins
	Sentence string    `json:"sentence"`
}

type stay struct {
	What  string    `json:"what"`
	Count int64     `json:"count"` // 0 where it is not counted
	Until time.Time `json:"until"`
	Why   string    `json:"why"`
}

// hold says that the law keeps something; why is not told, since it may be a secret of the investigation.
type hold struct {
	Until time.Time `json:"until"`
}

func (d desk) planFor(ctx context.Context, holder erasure.Holder, at time.Time) (p plan, err error) {
	dates := d.terms.Dates(at, true)
	p = plan{State: "none", UndoUntil: dates.UndoUntil, ErasedBy: dates.EraseBy, BackupsUntil: dates.BackupsUntil,
		Classes: []class{}, Stays: []stay{}, Held: []hold{}}
	if e := holder.Erasure; e != nil {
		asked := d.terms.Dates(e.RequestedAt, true)
		p.State, p.UndoUntil, p.ErasedBy, p.BackupsUntil = state(e.Stage), e.DueAt.UTC(), e.EraseBy.UTC(), asked.BackupsUntil.UTC()
		requestedAt := e.RequestedAt.UTC()
		links := ended(e.LinksDead)
		p.ID, p.RequestedAt, p.Subscription, p.Links = &e.ID, &requestedAt, ended(e.Unbilled), &links
	} else if p.Subscription, err = d.subscription(ctx, holder.AccountID); err != nil {
		return plan{}, err
	}
	counted, err := erasure.Inventory(ctx, d.db, holder.AccountID)
	if err != nil {
		return plan{}, err
	}
	for _, c := range counted {
		goes := p.UndoUntil
		if c.Class == "sessions" {
			goes = at // at once
		}
		p.Classes = append(p.Classes, class{c.Class, c.Count, goes, c.Sentence})
	}
	stays, err := erasure.Stays(ctx, d.db, holder.AccountID, at)
	if err != nil {
		return plan{}, err
	}
	for _, s := range stays {
		p.Stays = append(p.Stays, stay{s.What, s.Count, s.Until, s.Why})
	}
	holds, err := erasure.Holds(ctx, d.db, holder.AccountID, at)
	for _, h := range holds {
		p.Held = append(p.Held, hold{h.EndsAt.UTC()})
	}
	return p, err
}

func (d desk) subscription(ctx context.Context, account string) (string, error) {
	live, err := billing.Live(ctx, d.db, account)
	if live {
		return "live", err
	}
	return "none", err
}

func ended(done bool) string {
	if done {
		return "ended"
	}
	return "ending"
}

// state of an erasure in the words of the contract.
func state(stage string) string {
	switch stage {
	case erasure.Closing, erasure.Grace, erasure.Held:
		return stage
	}
	return "erasing"
}

// told is what can be known of an erasure by its number.
type told struct {
	State    string          `json:"state"` // closing, grace, erasing, held or complete
	Stage    *string         `json:"stage"`
	Since    *time.Time      `json:"since"`
	ErasedBy *time.Time      `json:"erased_by"`
	Receipt  json.RawMessage `json:"receipt"`
	JWS      *string         `json:"jws"`
}

func tell(found erasure.Told) (told, error) {
	if found.JWS == "" {
		e := found.State
		since, by := e.StageAt.UTC(), e.EraseBy.UTC()
		return told{State: state(e.Stage), Stage: &e.Stage, Since: &since, ErasedBy: &by, Receipt: json.RawMessage("null")}, nil
	}
	parts := strings.Split(found.JWS, ".") // RFC 7515, 3.1: header, payload, signature
	if len(parts) != 3 {
		return told{}, errors.New("a kept receipt is no JWS")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	return told{State: "complete", Receipt: payload, JWS: &found.JWS}, err
}
