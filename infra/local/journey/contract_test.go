package journey

import "time"

// What the API says, field by field as in the contract.

type account struct {
	ID               string  `json:"id"`
	Name             string  `json:"name"`
	Email            string  `json:"email"`
	Picture          string  `json:"picture"`
	NameCorrected    bool    `json:"name_corrected"`
	PictureCorrected bool    `json:"picture_corrected"`
	Credits          credits `json:"credits"`
	Preferences      struct{ Theme string }
	Emails           struct{ Results, Billing, News bool }
	CreatedAt        time.Time `json:"created_at"`
	SignedInAt       time.Time `json:"signed_in_at"`
}

type sessions struct {
	Sessions []struct {
		ID         string    `json:"id"`
		Browser    string    `json:"browser"`
		System     string    `json:"system"`
		Address    string    `json:"address"`
		CreatedAt  time.Time `json:"created_at"`
		LastSeenAt time.Time `json:"last_seen_at"`
		ExpiresAt  time.Time `json:"expires_at"`
		Current    bool      `json:"current"`
	}
}

type usage struct {
	From, To string
	Days     []struct {
		Day, Tool                          string
		Orders, Succeeded, Failed, Credits int64
	}
	Storage struct{ Images, Uploads, Results, Bytes int64 }
}

type credits struct{ Available, Held, Owed int64 }

type tools struct{ Tools []catalogued }

type catalogued struct {
	Name, Title, Description string
	Inputs                   struct {
		Prompt struct {
			Required bool
			Max      int
		}
		Images struct{ Min, Max int }
		Seed   bool
	}
	Sizes  []string
	Price  int64
	MadeBy struct{ Provider, Model, Computed string } `json:"made_by"`
}

type upload struct {
	ID        string            `json:"id"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	ExpiresAt time.Time         `json:"expires_at"`
}

type picture struct {
	ID           string    `json:"id"`
	Kind         string    `json:"kind"`
	URL          string    `json:"url"`
	ThumbnailURL string    `json:"thumbnail_url"`
	Width        int       `json:"width"`
	Height       int       `json:"height"`
	Bytes        int       `json:"bytes"`
	ContentType  string    `json:"content_type"`
	Tool         *string   `json:"tool"`
	Prompt       *string   `json:"prompt"`
	GenerationID *string   `json:"generation_id"`
	CreatedAt    time.Time `json:"created_at"`
	ExpiresAt    time.Time `json:"expires_at"`
}

type pictures struct {
	Images     []picture `json:"images"`
	NextCursor *string   `json:"next_cursor"`
}

type generation struct {
	ID     string    `json:"id"`
	Tool   string    `json:"tool"`
	Status string    `json:"status"`
	Prompt *string   `json:"prompt"`
	Size   *string   `json:"size"`
	Seed   *int64    `json:"seed"`
	Cost   int64     `json:"cost"`
	Images []picture `json:"images"`
	Error  *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"error"`
	CreatedAt  time.Time  `json:"created_at"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
}

type generations struct {
	Generations []generation `json:"generations"`
	NextCursor  *string      `json:"next_cursor"`
}

type refusal struct {
	Type      string            `json:"type"`
	Title     string            `json:"title"`
	Status    int               `json:"status"`
	Detail    string            `json:"detail"`
	Code      string            `json:"code"`
	RequestID string            `json:"request_id"`
	Fields    map[string]string `json:"fields"`
}
