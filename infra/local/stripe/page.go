package stripe

import (
	"slices"
	"strconv"
)

// page cuts a list, newest first, as limit, starting_after, ending_before and created[…] of the form ask.
func (c *call) page(path string, all []object) (any, *apiError) {
	limit := 10
	if c.form.has("limit") {
		asked, err := strconv.Atoi(c.form.text("limit"))
		if err != nil || asked < 1 || asked > 100 {
			return nil, invalid("limit", "This value must be between 1 and 100 (inclusive).")
		}
		limit = asked
	}
	all = slices.DeleteFunc(slices.Clone(all), func(o object) bool { return !c.within(number(o, "created")) })
	after, before := c.form.text("starting_after"), c.form.text("ending_before")
	if after != "" && before != "" {
		return nil, invalid("ending_before", "You may only specify one of these parameters: ending_before, starting_after.")
	}
	place := func(id string) int { return slices.IndexFunc(all, func(o object) bool { return o["id"] == id }) }
	more := false
	switch {
	case after != "":
		from := place(after)
		if from < 0 {
			return nil, unknown("object", after, "starting_after")
		}
		all = all[from+1:]
	case before != "":
		to := place(before)
		if to < 0 {
			return nil, unknown("object", before, "ending_before")
		}
		all = all[:to]
		more = len(all) > limit
		all = all[max(0, len(all)-limit):]
	}
	if before == "" && len(all) > limit {
		more = true
		all = all[:limit]
	}
	listed := envelope(path, all)
	listed["has_more"] = more
	return listed, nil
}

// within says whether the form's created, or created[gt|gte|lt|lte], lets the moment through.
func (c *call) within(created int64) bool {
	f := c.form
	if exact := f.text("created"); exact != "" && f.number("created") != created {
		return false
	}
	return (!f.has("created.gt") || created > f.number("created.gt")) &&
		(!f.has("created.gte") || created >= f.number("created.gte")) &&
		(!f.has("created.lt") || created < f.number("created.lt")) &&
		(!f.has("created.lte") || created <= f.number("created.lte"))
}
