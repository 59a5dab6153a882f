// Package promises plays years of the service, then says of each clause of the privacy policy whether it was kept.
package promises

import (
	"context"
	"fmt"
	"io"
	"time"

	"nanoflux.ai/backend/infra/local/bucket"
	"nanoflux.ai/backend/infra/local/cdn"
	"nanoflux.ai/backend/infra/local/cloudwatch"
	"nanoflux.ai/backend/infra/local/lambda"
	"nanoflux.ai/backend/infra/local/stripe"
	"nanoflux.ai/backend/infra/local/template"
)

// Stage is the local cloud that is played on.
type Stage struct {
	Site, Stripe, StripeKey string
	Database, Cluster, Name string // URLs of the superuser: to the service's database, to another one; the service's database's name
	Objects                 string // the folder in which the bucket's objects are files
	Logs                    string // the folder of what was printed
	Clauses                 string // clauses.json, the words of the policy
	Now                     func() time.Time
	Travel                  func(time.Time)
	Schedules               []template.Schedule
	Functions               *lambda.Service
	Printed                 *cloudwatch.Service // delivers log lines to their subscription
	Gate                    *bucket.Gate
	CDN                     *cdn.Front
	Till                    *stripe.Server
	Out                     io.Writer
}

// Length of a play: the whole story in years, or for Days other than 0 a short one of one departure.
type Length struct{ Years, Days int }

// Morning is when a play begins that is started at a time: nine o'clock of the next day, in UTC.
func Morning(now time.Time) time.Time {
	return now.UTC().Truncate(24 * time.Hour).Add(33 * time.Hour)
}

// days counts days as the policy does.
func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// Play lets people live, leave and be forgotten. Its error is of the play itself; what was not kept is in the report.
func Play(ctx context.Context, stage Stage, length Length) (Report, error) {
	p, err := newPlay(ctx, stage)
	if err != nil {
		return Report{}, err
	}
	defer p.end()
	if length.Days > 0 {
		err = p.shortStory(length.Days)
	} else {
		err = p.story(length.Years)
	}
	if err != nil {
		return Report{}, fmt.Errorf("on %s: %w", stage.Now().UTC().Format("2 January 2006"), err)
	}
	return p.report()
}
