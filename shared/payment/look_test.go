package payment_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/problem"
)

// The lines of a look at a payment.
const (
	lookAtIntent   = "GET /v1/payment_intents/pi_1 expand[]=latest_charge.refunds expand[]=invoice"
	lookAtWarnings = "GET /v1/radar/early_fraud_warnings limit=100 payment_intent=pi_1"
	lookAtDisputes = "GET /v1/disputes limit=100 payment_intent=pi_1"
)

const none = `{"object":"list","data":[],"has_more":false}`

func pack(disputed, refunds string) string {
	return `{"id":"pi_1","object":"payment_intent","status":"succeeded","amount":2000,"amount_received":2000,"currency":"usd","customer":"cus_1",
		"invoice":null,"metadata":{"account":"account-1","offer":"pack-1000"},"latest_charge":{"id":"ch_1","object":"charge","paid":true,
		"created":1709208000,"disputed":` + disputed + `,"billing_details":{"address":{"country":"AT"}},
		"payment_method_details":{"type":"card","card":{"country":"DE"}},"refunds":` + refunds + `}}`
}

func look(t *testing.T, texts map[string]string) (payment.Payment, *desk) {
	t.Helper()
	d := newDesk(t, shelf(texts))
	p, err := d.open().Payment(context.Background(), "pi_1")
	if err != nil {
		t.Fatal(err)
	}
	return p, d
}

func TestAPaymentIsReadWithTwoQuestionsAtOnce(t *testing.T) {
	p, d := look(t, map[string]string{lookAtIntent: pack("false", none), lookAtWarnings: none})
	want := payment.Payment{ID: "pi_1", Status: "succeeded", Customer: "cus_1", Account: "account-1", Offer: "pack-1000", Amount: 2000,
		Currency: "usd", PaidAt: at, Charge: "ch_1", TaxCountry: "AT"}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got  %+v\nwant %+v", p, want)
	}
	if lines := d.lines(); !slices.Equal(lines, []string{lookAtIntent, lookAtWarnings}) {
		t.Errorf("asked %q", lines)
	}
}

func TestTheCardsCountryStandsInForTheBillingAddress(t *testing.T) {
	p, _ := look(t, map[string]string{
		lookAtIntent:   strings.Replace(pack("false", none), `{"country":"AT"}`, `{"country":null}`, 1),
		lookAtWarnings: none,
	})
	if p.TaxCountry != "DE" {
		t.Errorf("got %q", p.TaxCountry)
	}
}

func TestAPaymentThatFailedWasNeverPaid(t *testing.T) {
	p, _ := look(t, map[string]string{lookAtWarnings: none, lookAtIntent: `{"id":"pi_1","status":"requires_payment_method","amount":2000,
		"amount_received":0,"currency":"usd","latest_charge":{"id":"ch_1","paid":false,"created":1709208000,"refunds":` + none + `}}`})
	if !p.PaidAt.IsZero() || p.Charge != "" || p.Amount != 0 || p.Status != "requires_payment_method" {
		t.Errorf("got %+v", p)
	}
}

func TestMoneyThatIsGoneOrMayBeCounts(t *testing.T) {
	object := func(fields string) string {
		return `{"object":"list","has_more":false,"data":[{"amount":500,"currency":"usd","created":1709208000,"payment_intent":"pi_1",` + fields + `}]}`
	}
	refunds := func(status string) map[string]string {
		return map[string]string{lookAtIntent: pack("false", object(`"id":"x","status":"`+status+`"`)), lookAtWarnings: none}
	}
	disputes := func(status string) map[string]string {
		return map[string]string{lookAtIntent: pack("true", none), lookAtWarnings: none, lookAtDisputes: object(`"id":"x","status":"` + status + `"`)}
	}
	warnings := func(actionable string) map[string]string {
		return map[string]string{lookAtIntent: pack("false", none), lookAtWarnings: object(`"id":"x","actionable":` + actionable)}
	}
	for _, c := range []struct {
		texts        map[string]string
		kind, status string
		amount       int64
		counts       bool
	}{
		{refunds("pending"), payment.Refund, "pending", 500, true},
		{refunds("succeeded"), payment.Refund, "succeeded", 500, true},
		{refunds("requires_action"), payment.Refund, "requires_action", 500, true},
		{refunds("failed"), payment.Refund, "failed", 500, false},
		{refunds("canceled"), payment.Refund, "canceled", 500, false},
		{disputes("needs_response"), payment.Dispute, "needs_response", 500, true},
		{disputes("under_review"), payment.Dispute, "under_review", 500, true},
		{disputes("lost"), payment.Dispute, "lost", 500, true},
		{disputes("won"), payment.Dispute, "won", 500, false},
		{disputes("charge_refunded"), payment.Dispute, "charge_refunded", 500, false},
		{disputes("warning_needs_response"), payment.Dispute, "warning_needs_response", 500, false},
		{disputes("warning_under_review"), payment.Dispute, "warning_under_review", 500, false},
		{disputes("warning_closed"), payment.Dispute, "warning_closed", 500, false},
		{warnings("true"), payment.Warning, "actionable", 2000, true},
		{warnings("false"), payment.Warning, "closed", 2000, true},
	} {
		p, _ := look(t, c.texts)
		want := payment.Return{ID: "x", Payment: "pi_1", Kind: c.kind, Status: c.status, Amount: c.amount, Currency: "usd", At: at, Counts: c.counts}
		if !slices.Equal(p.Returns, []payment.Return{want}) {
			t.Errorf("got  %+v\nwant %+v", p.Returns, want)
		}
	}
}

func TestADisputeDecidesInPlaceOfAWarning(t *testing.T) {
	p, _ := look(t, map[string]string{
		lookAtIntent:   pack("true", none),
		lookAtWarnings: `{"data":[{"id":"issfr_1","actionable":false}]}`,
		lookAtDisputes: `{"data":[{"id":"dp_1","status":"won","amount":2000}]}`,
	})
	if len(p.Returns) != 2 || p.Returns[0].Counts || p.Returns[1].Counts {
		t.Errorf("got %+v", p.Returns)
	}
	p, _ = look(t, map[string]string{lookAtIntent: pack("false", none), lookAtWarnings: `{"data":[{"id":"issfr_1"},{"id":"issfr_2"}]}`})
	if len(p.Returns) != 2 || !p.Returns[0].Counts || p.Returns[1].Counts {
		t.Errorf("two warnings about one payment: %+v", p.Returns)
	}
}

func TestAPaymentWithManyRefundsHasThemAll(t *testing.T) {
	p, _ := look(t, map[string]string{
		lookAtIntent:   pack("false", `{"data":[{"id":"re_3","amount":1}],"has_more":true}`),
		lookAtWarnings: none,
		"GET /v1/refunds limit=100 payment_intent=pi_1":                     `{"data":[{"id":"re_3","amount":1},{"id":"re_2","amount":2}],"has_more":true}`,
		"GET /v1/refunds limit=100 payment_intent=pi_1 starting_after=re_2": `{"data":[{"id":"re_1","amount":3}],"has_more":false}`,
	})
	if len(p.Returns) != 3 || p.Returns[2].ID != "re_1" || p.Returns[2].Amount != 3 {
		t.Errorf("got %+v", p.Returns)
	}
}

const bill = `{"id":"in_1","object":"invoice","number":"A-0001","status":"paid","customer":"cus_1","subscription":"sub_1","payment_intent":"pi_1",
	"subscription_details":{"metadata":{"account":"account-1"}},"customer_address":{"country":"AT"},"total":1000,"amount_paid":1000,"currency":"usd",
	"created":1709207990,"status_transitions":{"paid_at":1709208000},"hosted_invoice_url":"https://invoice","lines":{"has_more":true,"data":[
	{"id":"il_1","amount":-450,"quantity":1,"price":{"id":"price_plus","unit_amount":900},"period":{"end":1709208000},
	 "proration_details":{"credited_items":{"invoice":"in_0","invoice_line_items":["il_0"]}}}]}}`

const moreLines = "GET /v1/invoices/in_1/lines limit=100 starting_after=il_1"

const secondLine = `{"has_more":false,"data":[{"id":"il_2","amount":5800,"quantity":2,"price":{"id":"price_pro","unit_amount":2900},
	"period":{"end":1709208001},"proration_details":{"credited_items":null}}]}`

func TestAnInvoiceHasAllItsLines(t *testing.T) {
	want := payment.Invoice{ID: "in_1", Number: "A-0001", Status: "paid", Customer: "cus_1", Subscription: "sub_1", PaymentIntent: "pi_1",
		Account: "account-1", TaxCountry: "AT", Total: 1000, AmountPaid: 1000, Currency: "usd", CreatedAt: at.Add(-10 * time.Second),
		PaidAt: at, HostedURL: "https://invoice", Lines: []payment.Line{
			{Price: "price_plus", UnitAmount: 900, Amount: -450, Credited: "in_0", Ends: at},
			{Price: "price_pro", UnitAmount: 2900, Amount: 5800, Ends: at.Add(time.Second)},
		}}
	d := newDesk(t, shelf(map[string]string{"GET /v1/invoices/in_1": bill, moreLines: secondLine}))
	if got, err := d.open().Invoice(context.Background(), "in_1"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	p, _ := look(t, map[string]string{
		lookAtIntent:   strings.Replace(pack("false", none), `"invoice":null`, `"invoice":`+bill, 1),
		lookAtWarnings: none, moreLines: secondLine,
	})
	if p.Invoice == nil || !reflect.DeepEqual(*p.Invoice, want) {
		t.Errorf("got  %+v\nwant %+v", p.Invoice, want)
	}
}

func TestASubscriptionIsReadWithItsEndsAndPauses(t *testing.T) {
	d := newDesk(t, shelf(map[string]string{
		"GET /v1/subscriptions/sub_1": `{"id":"sub_1","customer":"cus_1","metadata":{"account":"account-1"},"status":"active","created":1709208000,
			"current_period_end":1709208001,"cancel_at":1709208002,"ended_at":1709208003,"trial_end":1709208004,"cancel_at_period_end":true,
			"pause_collection":{"behavior":"void","resumes_at":1709208005},"items":{"data":[{"id":"si_1","price":{"id":"price_plus"}}]}}`,
		"GET /v1/subscriptions/sub_2": `{"id":"sub_2","status":"paused","cancel_at":null,"ended_at":null,"trial_end":null,"pause_collection":null,"items":{"data":[]}}`,
	}))
	in := func(seconds int) time.Time { return at.Add(time.Duration(seconds) * time.Second) }
	for id, want := range map[string]payment.Subscription{
		"sub_1": {ID: "sub_1", Customer: "cus_1", Account: "account-1", Price: "price_plus", Status: "active", CreatedAt: at, PeriodEnd: in(1),
			CancelAt: in(2), EndedAt: in(3), TrialEnd: in(4), PauseUntil: in(5), CancelAtPeriodEnd: true, Paused: true},
		"sub_2": {ID: "sub_2", Status: "paused", Paused: true},
	} {
		if got, err := d.open().Subscription(context.Background(), id); err != nil || got != want {
			t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
		}
	}
}

func TestAFailedPartOfALookFailsTheWhole(t *testing.T) {
	everything := map[string]string{
		lookAtIntent:   strings.Replace(pack("true", none), `"invoice":null`, `"invoice":`+bill, 1),
		lookAtWarnings: none, lookAtDisputes: none, moreLines: secondLine,
	}
	for line := range everything {
		texts := map[string]string{}
		for other, text := range everything {
			if other != line {
				texts[other] = text
			}
		}
		if p, err := newDesk(t, shelf(texts)).open().Payment(context.Background(), "pi_1"); !errors.Is(err, payment.ErrNotFound) || !reflect.DeepEqual(p, payment.Payment{}) || problem.Of(err) != nil {
			t.Errorf("without %s: %+v, %v", line, p, err)
		}
	}
}
