package bench

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"nanoflux.ai/backend/infra/local/stripe"
)

// completed is an event as Stripe sends it when a Checkout session is paid, with @ for what differs.
//
//go:embed event.json
var completed string

// webhook tells the service of paid packs.
type webhook struct {
	plan   Plan
	client *http.Client
	random *rand.Rand
	paid   []string // payment intents that no event has told of yet
	told   int      // different events
}

// newWebhook lets at Stripe be paid what the events will be about.
func newWebhook(plan Plan) (*webhook, error) {
	packs := make([]stripe.Pack, (plan.Events+warming)*(repeats-1)/repeats)
	for i := range packs {
		packs[i] = stripe.Pack{Customer: customer(ourGroup, 1+i%buyers), Metadata: map[string]string{"offer": offerID}, Amount: price, Currency: "usd"}
	}
	paid, err := plan.Stripe.Seed(plan.StripeKey, packs)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: abreast}}
	return &webhook{plan: plan, client: client, random: rand.New(rand.NewPCG(1, 2)), paid: paid}, err
}

// round tells so many events, of which every fifth comes a second time, in any order, and gives how many a second.
func (h *webhook) round(ctx context.Context, number int) (float64, error) {
	different := number * (repeats - 1) / repeats
	intents := append([]string{}, h.paid[:different]...)
	h.paid = h.paid[different:]
	h.told += different
	for len(intents) < number {
		intents = append(intents, intents[h.random.IntN(different)])
	}
	h.random.Shuffle(number, func(i, j int) { intents[i], intents[j] = intents[j], intents[i] })

	begun := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for first := range abreast {
		group.Go(func() error {
			for i := first; i < number; i += abreast {
				if err := h.tell(ctx, intents[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := group.Wait()
	return float64(number) / time.Since(begun).Seconds(), err
}

// tell posts the event of a paid intent, the same one each time.
func (h *webhook) tell(ctx context.Context, intent string) error {
	body := []byte(strings.ReplaceAll(completed, "@", strings.TrimPrefix(intent, "pi_")))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.plan.Site+"/webhooks/stripe", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	request.Header.Set("Stripe-Signature", sign(body, h.plan.SigningSecret, time.Now()))
	response, err := h.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusNoContent {
		err = fmt.Errorf("an event is answered %s: %s", response.Status, said)
	}
	return err
}

// sign is the scheme of https://docs.stripe.com/webhooks#verify-manually.
func sign(body []byte, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%x", at.Unix(), mac.Sum(nil))
}
