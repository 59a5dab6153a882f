package payment_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/problem"
)

// body gives the fields of the first request with the line, in order.
func (d *desk) body(t *testing.T, line string) (fields []string) {
	t.Helper()
	for _, a := range d.all() {
		if a.line == line {
			for pair := range strings.SplitSeq(a.body, "&") {
				readable, err := url.QueryUnescape(pair)
				if err != nil {
					t.Fatal(err)
				}
				fields = append(fields, readable)
			}
			slices.Sort(fields)
			return fields
		}
	}
	t.Errorf("nobody asked for %s, but for %v", line, d.lines())
	return nil
}

func TestAPlanEndsWithoutALastInvoiceOrACredit(t *testing.T) {
	t.Parallel()
	d := newDesk(t, shelf(map[string]string{"DELETE /v1/subscriptions/sub_1": `{"id":"sub_1"}`}))
	if err := d.open().EndSubscription(t.Context(), "sub_1"); err != nil {
		t.Fatal(err)
	}
	if got := d.body(t, "DELETE /v1/subscriptions/sub_1"); !slices.Equal(got, []string{"invoice_now=false", "prorate=false"}) {
		t.Errorf("asked %q", got)
	}
	if err := d.open().EndSubscription(t.Context(), "sub_ended"); err != nil {
		t.Errorf("one that has ended: %v", err)
	}
}

func TestACustomerIsBlankedInEveryFieldBeforeTheDeletion(t *testing.T) {
	t.Parallel()
	d := newDesk(t, shelf(map[string]string{
		"GET /v1/customers/cus_1":                           `{"id":"cus_1","metadata":{"account":"a","nickname":"Ann","city":"Ulm"}}`,
		"POST /v1/customers/cus_1":                          `{"id":"cus_1"}`,
		"GET /v1/customers/cus_1/payment_methods limit=100": `{"data":[{"id":"pm_1"}]}`,
		"POST /v1/payment_methods/pm_1/detach":              `{"id":"pm_1"}`,
		"DELETE /v1/customers/cus_1":                        `{"id":"cus_1","deleted":true}`,
	}))
	// The desk never says that it is deleted, whatever it answered to the deletion.
	if erased, err := d.open().EraseCustomer(t.Context(), "cus_1"); err != nil || erased {
		t.Errorf("erased %t, %v", erased, err)
	}
	want := []string{"address=", "description=", "email=", "metadata[city]=", "metadata[nickname]=", "name=", "phone=", "shipping="}
	if got := d.body(t, "POST /v1/customers/cus_1"); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
	d.body(t, "POST /v1/payment_methods/pm_1/detach")
	d.body(t, "DELETE /v1/customers/cus_1")
}

func TestWhatIsNoCustomerIsNeitherEndedNorErased(t *testing.T) {
	t.Parallel()
	d := newDesk(t, shelf(nil))
	for name, do := range map[string]func(id string) (bool, error){
		"end":   func(id string) (bool, error) { return d.open().EndAll(t.Context(), id) },
		"erase": func(id string) (bool, error) { return d.open().EraseCustomer(t.Context(), id) },
	} {
		for _, id := range []string{"", "cus_none", "../subscriptions/sub_1"} {
			if over, err := do(id); over || err == nil || problem.Of(err) != nil {
				t.Errorf("%s %q: %t, %v", name, id, over, err)
			}
		}
	}
	for _, line := range d.lines() {
		if line != "GET /v1/customers/cus_none" {
			t.Errorf("asked %s", line)
		}
	}
}

func TestMoreCustomersThanOneSearchShowsAreAnError(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(_ *desk, w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"object":"search_result","data":[{"id":"cus_1"}],"has_more":true}`)
	})
	if ids, err := d.open().Customers(t.Context(), "a"); err == nil {
		t.Errorf("got %v", ids)
	}
}

func TestCustomersAreFoundOldestFirstWithoutTheDeleted(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(_ *desk, w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"data":[{"id":"cus_c","created":3},{"id":"cus_b","created":1},{"id":"cus_0","created":0,"deleted":true},{"id":"cus_a","created":1}]}`)
	})
	if ids, err := d.open().Customers(t.Context(), "a"); err != nil || !slices.Equal(ids, []string{"cus_a", "cus_b", "cus_c"}) {
		t.Errorf("got %v, %v", ids, err)
	}
}
