// Package receipt is the proof that an account was erased.
package receipt

import "time"

// Format of the receipts that are written now.
const Format = "erasure-receipt/1"

// Receipt says what was erased and when, what outlives it, and nothing of whom: who has its number knows whose it is.
type Receipt struct {
	Format       string           `json:"format"`
	ID           string           `json:"id"` // random
	RequestedAt  time.Time        `json:"requested_at"`
	ErasedAt     time.Time        `json:"erased_at"`
	ErasedBy     time.Time        `json:"erased_by"`     // the date that was promised
	BackupsUntil time.Time        `json:"backups_until"` // by then no backup holds any of it
	Cause        string           `json:"cause"`         // request, child, staff or restore
	Stages       []Stage          `json:"stages"`        // in the order of time
	Counts       map[string]int64 `json:"counts"`        // of each class of data
	Stays        []Stay           `json:"stays"`
}

// Stage of the erasure, and when it was done.
type Stage struct {
	Stage string    `json:"stage"`
	At    time.Time `json:"at"`
}

// Stay is something that outlives the account, with its end and the reason.
type Stay struct {
	What  string    `json:"what"`
	Count int64     `json:"count"` // 0 where it is not counted
	Until time.Time `json:"until"`
	Why   string    `json:"why"`
}
