package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

func TestAnOrderWhoseBellWasLostIsRungAgain(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	id := b.order(t, ada)
	if b.fires(t, 15*time.Second); len(b.rung(t)) != 0 {
		t.Error("an order is rung again while its first bell may still be on its way")
	}
	for range 2 { // and again, as long as nobody comes
		if b.fires(t, time.Minute); !slices.Equal(b.rung(t), []string{id}) {
			t.Error("the order is not rung")
		}
	}
	if !b.claim(t, id, 61*time.Second) {
		t.Fatal("nobody can claim the order")
	}
	if b.fires(t, 2*time.Minute); len(b.rung(t)) != 0 {
		t.Error("a claimed order is rung")
	}
	if b.fires(t, 61*time.Second+generation.Lease+time.Minute); !slices.Equal(b.rung(t), []string{id}) {
		t.Error("an order whose claimer died is not rung")
	}
}

func TestAnOrderThatWasPutOffIsRungAtItsTime(t *testing.T) {
	b := open(t)
	id := b.order(t, visitor.SignIn(t, b.testbed, b.service))
	testbed.Column[string](t, b.testbed, "update app.generation set runnable_at = $1 returning id::text", b.begun.Add(10*time.Minute))
	if b.fires(t, 9*time.Minute); len(b.rung(t)) != 0 {
		t.Error("it is rung before its time")
	}
	if b.fires(t, 11*time.Minute); !slices.Equal(b.rung(t), []string{id}) {
		t.Error("it is not rung at its time")
	}
}

func TestAnAbandonedOrderFailsAndItsCreditsComeBack(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	waiting, dead, working := b.order(t, ada), b.order(t, ada), b.order(t, ada)
	b.claim(t, dead, time.Minute)
	b.claim(t, working, 19*time.Minute)
	b.fires(t, 19*time.Minute+30*time.Second)
	if got := b.status(t, waiting); got != "queued held" {
		t.Errorf("before its time it is %s", got)
	}
	b.rung(t)
	b.fires(t, 20*time.Minute+time.Second)
	for _, id := range []string{waiting, dead} {
		if got := b.status(t, id); got != "failed abandoned released" {
			t.Errorf("it is %s", got)
		}
		if b.claim(t, id, 21*time.Minute) {
			t.Error("somebody can still claim an order that was given back")
		}
	}
	if got := b.status(t, working); got != "running held" {
		t.Errorf("the order that is being drawn is %s", got)
	}
	if rung := b.rung(t); len(rung) != 0 {
		t.Errorf("rung for %v", rung)
	}
	b.fires(t, 19*time.Minute+generation.Lease+time.Second)
	if got := b.status(t, working); got != "failed abandoned released" {
		t.Errorf("the order whose claimer died late is %s", got)
	}
	if available := testbed.One[int64](t, b.testbed, "select available from app.credit_balance"); available != visitor.Credits {
		t.Errorf("%d credits are there", available)
	}
	testbed.Balanced(t, b.testbed)
}

func TestAHoldThatOutlivedItsOrderIsClosedAsTheOrderEnded(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	drawn, failed, gone := b.order(t, ada), b.order(t, ada), b.order(t, ada)
	testbed.Column[string](t, b.testbed, "update app.generation set status = 'succeeded', finished_at = now() where id = $1 returning id::text", drawn)
	testbed.Column[string](t, b.testbed, "update app.generation set status = 'failed', error_code = 'refused', finished_at = now() where id = $1 returning id::text", failed)
	testbed.Column[string](t, b.testbed, "delete from app.generation where id = $1 returning id::text", gone)
	b.fires(t, 20*time.Minute)
	if held := testbed.One[int64](t, b.testbed, "select held from app.credit_balance"); held != 3 {
		t.Errorf("a hold was closed before its time: %d are held", held)
	}
	b.fires(t, generation.Patience+generation.Lease+time.Second)
	for id, want := range map[string]string{drawn: "settled", failed: "released", gone: "released"} {
		if state := testbed.One[string](t, b.testbed, "select state from app.credit_hold where id = $1", id); state != want {
			t.Errorf("a hold is %s, not %s", state, want)
		}
	}
	testbed.Balanced(t, b.testbed)
}

func TestUploadsThatEndedGoWithWhateverWasPut(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	put, empty := b.offer(t, ada), b.offer(t, ada)
	b.object(t, put.Key)
	b.fires(t, 59*time.Minute)
	if n := testbed.One[int64](t, b.testbed, "select count(*) from app.upload"); n != 2 || len(b.at.Keys(t)) != 1 {
		t.Errorf("before its time %d uploads are left", n)
	}
	b.fires(t, time.Hour+time.Second)
	if left := testbed.Column[string](t, b.testbed, "select id::text from app.upload"); len(left) != 0 || len(b.at.Keys(t)) != 0 {
		t.Errorf("left are %v of %s and %s, and %v", left, put.ID, empty.ID, b.at.Keys(t))
	}
}

func TestAnObjectThatCannotBeDeletedKeepsNoOther(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	stuck, free := b.offer(t, ada), b.offer(t, ada)
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `<DeleteResult><Error><Key>%s</Key><Code>InternalError</Code></Error></DeleteResult>`, stuck.Key)
	}))
	defer store.Close()
	spoilt := b
	spoilt.objects = bucket.Open(store.URL, "images", "key", "secret")
	if err := spoilt.fire(t, 2*time.Hour); err == nil {
		t.Error("nobody is told")
	}
	if left := testbed.Column[string](t, b.testbed, "select id::text from app.upload"); !slices.Equal(left, []string{stuck.ID}) {
		t.Errorf("left are %v of %s and %s", left, stuck.ID, free.ID)
	}
}

func TestImagesThatWereNeverFinishedAndDeletionsThatWereNotAreFinished(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	ready := b.picture(t, ada, "ready")
	b.picture(t, ada, "pending")
	b.picture(t, ada, "deleting")
	b.fires(t, 30*time.Second)
	if n := len(b.at.Keys(t)); n != 6 {
		t.Errorf("before its time %d objects are left", n)
	}
	b.fires(t, 2*time.Minute)
	if n := len(b.at.Keys(t)); n != 4 {
		t.Errorf("after the deletion %d objects are left", n)
	}
	b.fires(t, time.Hour+time.Minute)
	if left := testbed.Column[string](t, b.testbed, "select id::text from app.image"); !slices.Equal(left, []string{ready}) || len(b.at.Keys(t)) != 2 {
		t.Errorf("left are %v and %v", left, b.at.Keys(t))
	}
	testbed.Audit(t, b.testbed, b.at)
}

func TestADeletionThatStorageOrTheEdgeRefusedIsTriedUntilItIsDone(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	id := b.picture(t, ada, "ready")
	hidden, _, _, err := image.Hide(t.Context(), b.web, ada.Hash, b.begun, id)
	if err != nil || hidden == nil {
		t.Fatal(hidden, err)
	}
	down := refusing(t)
	for name, spoil := range map[string]func(*bench){
		"bucket": func(b *bench) { b.objects = bucket.Open(down, "images", "key", "secret") },
		"edge":   func(b *bench) { b.edge = cdn.NewPurger("https://images.example", down, "token") },
	} {
		spoilt := b
		spoil(&spoilt)
		if err := spoilt.fire(t, 2*time.Minute); err == nil {
			t.Errorf("%s: nobody is told", name)
		}
		if state := testbed.One[string](t, b.testbed, "select state from app.image"); state != "deleting" {
			t.Errorf("%s: the row is %s, and nobody will find the objects", name, state)
		}
	}
	b.fires(t, 3*time.Minute)
	if n := testbed.One[int64](t, b.testbed, "select count(*) from app.image"); n != 0 || len(b.at.Keys(t)) != 0 {
		t.Errorf("%d rows and %v are left", n, b.at.Keys(t))
	}
}

func TestTwoRunsAtOnceAreHarmless(t *testing.T) {
	b := open(t)
	abandoned, putOff := b.everything(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := b.fire(t, 2*time.Hour); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	b.done(t, abandoned)
	if rung := b.rung(t); len(rung) == 0 || slices.ContainsFunc(rung, func(id string) bool { return id != putOff }) {
		t.Errorf("rung for %v, not only for %s", rung, putOff)
	}
}

func TestOnePartThatFailsDoesNotStopTheOthers(t *testing.T) {
	b := open(t)
	abandoned, putOff := b.everything(t)
	spoilt := b
	spoilt.objects = bucket.Open(refusing(t), "images", "key", "secret")
	b.queue.Down(true)
	if err := spoilt.fire(t, 2*time.Hour); err == nil || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("it ends with %v", err)
	}
	if got := b.status(t, abandoned); got != "failed abandoned released" {
		t.Errorf("without a bucket and a bell the abandoned order is %s", got)
	}
	if held := testbed.One[int64](t, b.testbed, "select held from app.credit_balance"); held != 1 {
		t.Errorf("%d credits are held", held)
	}
	if err := b.fire(t, 2*time.Hour+2*time.Minute); err == nil { // the bell alone is down
		t.Error("nobody is told of the bell")
	}
	b.done(t, abandoned)
	if noted := testbed.Column[string](t, b.testbed, "select job from app.job_success"); len(noted) != 0 {
		t.Errorf("it is noted that %v succeeded", noted)
	}
	b.queue.Down(false)
	if b.fires(t, 2*time.Hour+3*time.Minute); !slices.Equal(b.rung(t), []string{putOff}) {
		t.Error("the order is not rung once the bell works again")
	}
	if noted := testbed.Column[string](t, b.testbed, "select job from app.job_success"); !slices.Equal(noted, []string{"sweep-stalled"}) {
		t.Errorf("it is noted that %v succeeded", noted)
	}
}

func TestAnEventWithoutATimeDoesNothing(t *testing.T) {
	b := open(t)
	id := b.order(t, visitor.SignIn(t, b.testbed, b.service))
	for _, event := range []string{`{}`, `{"time":""}`, `{"time":"yesterday"}`, `[]`, `null`} {
		_, err := task.Handler(func(ctx context.Context, clock task.Clock, event struct{}) (struct{}, error) {
			return struct{}{}, b.run(ctx, clock, event)
		})(t.Context(), []byte(event))
		if err == nil {
			t.Errorf("%s is taken", event)
		}
	}
	if got := b.status(t, id); got != "queued held" || len(b.rung(t)) != 0 {
		t.Errorf("the order is %s", got)
	}
}
