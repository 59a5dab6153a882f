package main

import (
	"testing"
	"time"

	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

// policy P2.2: browser, system and address of each session.
func TestPeopleSeeWhereTheyAreSignedIn(t *testing.T) {
	handler, db, service := open(t)
	ada, bob := visitor.SignIn(t, db, service), visitor.SignIn(t, db, service)
	const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
	desk := session.Device{UserAgent: firefox, Address: "2001:db8::7"}
	if _, _, err := session.Open(t.Context(), visitor.Open(t, db.Web), ada.Key, ada.AccountID, desk, time.Now().Add(-48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	var got struct{ Sessions []session.View }
	ada.Send(t, handler, "GET", "/api/account/sessions").Into(200, &got)
	if len(got.Sessions) != 2 || !got.Sessions[0].Current || got.Sessions[0].Address != "192.0.2.7" {
		t.Fatalf("Ada's are %+v", got.Sessions)
	}
	other := got.Sessions[1]
	if other.Current || other.Browser != "Firefox 145.0" || other.System != "Linux x86_64" || other.Address != "2001:db8::7" ||
		other.ExpiresAt.Sub(other.CreatedAt) != session.Lifetime || !other.LastSeenAt.Equal(other.CreatedAt) {
		t.Errorf("her other one is %+v", other)
	}
	mine := got.Sessions[0].ID
	ada.Send(t, handler, "GET", "/api/account/sessions", visitor.At(time.Now().Add(29*24*time.Hour))).Into(200, &got)
	if len(got.Sessions) != 1 || time.Until(got.Sessions[0].LastSeenAt) > time.Minute {
		t.Errorf("a month later they are %+v", got.Sessions)
	}
	ada.Send(t, handler, "GET", "/api/account/sessions").Into(200, &got)
	if got.Sessions[0].ID != mine || time.Until(got.Sessions[0].LastSeenAt) < 28*24*time.Hour {
		t.Errorf("that the session was used a month later is not noted: %+v", got.Sessions[0])
	}
	bob.Send(t, handler, "GET", "/api/account/sessions").Into(200, &got)
	if len(got.Sessions) != 1 || got.Sessions[0].ID == mine || got.Sessions[0].ID == other.ID {
		t.Errorf("Bob's are %+v", got.Sessions)
	}
}
