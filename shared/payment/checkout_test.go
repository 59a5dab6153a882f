package payment_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/payment"
)

func TestOfSeveralCustomersTheOldestIsFound(t *testing.T) {
	d := newDesk(t, shelf(map[string]string{"GET /v1/customers/search limit=100 query=metadata['account']:'account-1'": `{"data":[
		{"id":"cus_3","created":30},{"id":"cus_2","created":20},{"id":"cus_1","created":20},{"id":"cus_0","created":10,"deleted":true}]}`}))
	if id, found, err := d.open().FindCustomer(context.Background(), "account-1"); err != nil || !found || id != "cus_1" {
		t.Errorf("got %q, %t, %v", id, found, err)
	}
}

func TestASubscriptionThatHasBegunAndNotEndedIsOne(t *testing.T) {
	for status, want := range map[string]bool{
		"active": true, "trialing": true, "past_due": true, "unpaid": true, "paused": true,
		"incomplete": false, "incomplete_expired": false, "canceled": false,
	} {
		d := newDesk(t, shelf(map[string]string{"GET /v1/subscriptions customer=cus_1 limit=100": `{"data":[{"id":"sub_1","status":"` + status + `"}]}`}))
		if got, err := d.open().Subscribed(context.Background(), "cus_1"); err != nil || got != want {
			t.Errorf("%s: %t, %v", status, got, err)
		}
	}
}

func TestDraftsAreNobodysInvoicesYet(t *testing.T) {
	d := newDesk(t, shelf(map[string]string{"GET /v1/invoices customer=cus_1 limit=20": `{"data":[
		{"id":"in_3","status":"draft"},{"id":"in_2","status":"open"},{"id":"in_1","status":"paid"}]}`}))
	got, err := d.open().Invoices(context.Background(), "cus_1", 20)
	if err != nil || len(got) != 2 || got[0].ID != "in_2" || got[1].ID != "in_1" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestACheckoutThatWasPaidInTheMeantimeNeedsNoEnd(t *testing.T) {
	for status, fails := range map[string]bool{"complete": false, "expired": false, "open": true} {
		d := newDesk(t, func(d *desk, w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				says(400, `"type":"invalid_request_error"`)(d, w, r)
				return
			}
			shelf(map[string]string{
				"GET /v1/checkout/sessions customer=cus_1 limit=100 status=open": `{"data":[{"id":"cs_1","mode":"subscription","created":10}]}`,
				"GET /v1/checkout/sessions/cs_1":                                 `{"id":"cs_1","status":"` + status + `"}`,
			})(d, w, r)
		})
		if err := d.open().ExpireSessions(context.Background(), "cus_1", payment.Session{ID: "cs_2", CreatedAt: at}); (err != nil) != fails {
			t.Errorf("%s: %v", status, err)
		}
		if !slices.Contains(d.lines(), "POST /v1/checkout/sessions/cs_1/expire") {
			t.Errorf("asked %q", d.lines())
		}
	}
}

func TestAPortalThatWasReplacedIsFoundAgain(t *testing.T) {
	current := "bpc_1"
	d := newDesk(t, func(d *desk, w http.ResponseWriter, r *http.Request) {
		switch asked := d.all(); {
		case r.Method == http.MethodGet:
			io.WriteString(w, `{"data":[{"id":"`+current+`","metadata":{"made_by":"nanoflux"}}]}`)
		case strings.Contains(asked[len(asked)-1].body, "configuration="+current+"&"):
			io.WriteString(w, `{"id":"bps_1","url":"https://portal"}`)
		default:
			says(400, `"type":"invalid_request_error","code":"resource_missing","param":"configuration"`)(d, w, r)
		}
	})
	account := d.open()
	for i, want := range []bool{true, false, true, true} {
		if i == 1 {
			current = "bpc_2"
		}
		if address, err := account.Portal(context.Background(), "cus_1", "https://nanoflux.ai/billing"); (err == nil) != want || want && address != "https://portal" {
			t.Errorf("%d: %q, %v", i, address, err)
		}
	}
}
