package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/receipt"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/people"
)

const day = 24 * time.Hour

// through puts a server before bucket or Stripe, and gives the function that reaches that part by it.
func (w world) through(t *testing.T, part string, first func(http.ResponseWriter, *http.Request) bool) (sweep, parts) {
	t.Helper()
	s, at := w.sweep, w.parts()
	if part == "bucket" {
		at.bucket = testbed.Between(t, at.bucket, first, nil)
		s.objects = bucket.Open(at.bucket, w.cdn.Bucket.Name, w.cdn.Bucket.AccessKeyID, w.cdn.Bucket.SecretAccessKey)
		s.ledger.Objects = s.objects
	} else {
		at.stripe = testbed.Between(t, at.stripe, first, nil)
		s.stripe = payment.Open(at.stripe, w.till.Key)
	}
	return s, at
}

// policy P4.2a: within thirty days, whatever fails.
func TestTenDaysWithoutBucketOrStripeDoNotBreakThePromise(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"bucket", "stripe"} {
		for _, from := range []time.Duration{0, 7 * day} {
			t.Run(fmt.Sprintf("%s away after %s", part, from), func(t *testing.T) {
				t.Parallel()
				w, began := open(t), people.Now()
				ada := w.settle(t, "quillfeather")
				ada.customer = w.till.Customer(ada.ID)
				var away atomic.Bool
				s, _ := w.through(t, part, func(http.ResponseWriter, *http.Request) bool {
					if away.Load() {
						panic(http.ErrAbortHandler)
					}
					return true
				})
				asked := w.leave(t, ada.ID, true, began)
				for after := time.Duration(0); w.at(t, ada.ID) != ""; after += day {
					for _, at := range []time.Duration{after, after + time.Hour} {
						when := began.Add(at)
						if when.After(asked.EraseBy.Add(-3 * day)) {
							t.Fatalf("the alarm rings, it is %q", w.at(t, ada.ID))
						}
						away.Store(at >= from && at < from+10*day)
						patience := time.Minute
						if away.Load() {
							patience = 250 * time.Millisecond
						}
						ctx, cancel := context.WithTimeout(t.Context(), patience)
						if _, err := s.run(ctx, task.Starting(when), rung{}); err != nil && !away.Load() {
							t.Error(err)
						}
						cancel()
					}
				}
				w.nothingIn(t, ada)
				var r receipt.Receipt
				must(t, json.Unmarshal([]byte(w.receipt(t, asked.ID, asked.EraseBy)), &r))
				if !r.ErasedAt.Before(asked.EraseBy) || r.ErasedAt.Before(asked.UndoUntil) {
					t.Errorf("erased at %s, promised by %s", r.ErasedAt, asked.EraseBy)
				}
			})
		}
	}
}

func TestTheAlarmRingsWhileThereIsTimeAndNothingThatIsLeftCountsAsErased(t *testing.T) {
	t.Parallel()
	deaf := map[string]func(http.ResponseWriter, *http.Request) bool{
		"bucket": func(w http.ResponseWriter, r *http.Request) bool { // says that it deleted, and did not
			if r.Method != http.MethodPost || !r.URL.Query().Has("delete") {
				return true
			}
			fmt.Fprint(w, `<DeleteResult></DeleteResult>`)
			return false
		},
		"stripe": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodDelete {
				return true
			}
			fmt.Fprint(w, `{"id":"cus_x","object":"customer","deleted":true}`)
			return false
		},
	}
	for part, first := range deaf {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			w, began := open(t), people.Now()
			ada := w.settle(t, "quillfeather")
			ada.customer = w.till.Customer(ada.ID)
			asked := w.leave(t, ada.ID, false, began)
			lying := w
			var at parts
			lying.sweep, at = w.through(t, part, first)
			for hour := range 4 {
				lying.hour(t, began.Add(time.Duration(hour)*time.Hour))
			}
			if stage := w.at(t, ada.ID); !strings.HasPrefix(stage, map[string]string{"bucket": "objects", "stripe": "stripe"}[part]) {
				t.Errorf("it is %q", stage)
			}
			alarm := asked.EraseBy.Add(-3 * day)
			for after, rings := range map[time.Duration]bool{-2 * time.Hour: false, 2 * time.Hour: true} {
				if said := w.process(t, alarm.Add(after), at, "response"); strings.Contains(said, `"erasure_late"`) != rings {
					t.Errorf("%s after the alarm's time: %s", after, said)
				}
			}
			for hour := range 3 {
				w.hour(t, alarm.Add(time.Duration(4+hour)*time.Hour)) // it was mended
			}
			w.receipt(t, asked.ID, alarm)
			w.nothingIn(t, ada)
		})
	}
}

func TestWhatComesAfterTheErasureOfRowsIsFoundByTheLastLook(t *testing.T) {
	t.Parallel()
	w, began := open(t), people.Now().Add(2*time.Hour) // when the hold has ended
	ada := w.settle(t, "quillfeather")
	asked := w.leave(t, ada.ID, false, began)
	w.hour(t, began)
	w.hour(t, began.Add(5*time.Minute))
	if stage := w.at(t, ada.ID); stage != "verify" {
		t.Fatalf("it is %q", stage)
	}
	if code := put(t, ada.late, pixels(ada.name).Bytes); code != 200 {
		t.Fatal(code)
	}
	stray := w.till.Post("/v1/customers", "metadata[account]", ada.ID, "name", ada.name).Text("id")
	if done := w.hour(t, began.Add(10*time.Minute)); done.Complete != 0 {
		t.Fatal("it was complete while something could come still")
	}
	w.hour(t, began.Add(2*time.Hour))
	w.hour(t, began.Add(3*time.Hour))
	if counts := w.counts(t, asked.ID, began); counts["objects"] != 7 {
		t.Errorf("the receipt counts %v", counts)
	}
	w.nothingIn(t, ada)
	if w.till.Get("/v1/customers/" + stray)["deleted"] != true {
		t.Error("a customer whom nobody wrote down is at Stripe still")
	}
}
