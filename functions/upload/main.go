// Upload hands out a signed upload, then takes the file in.
package main

import (
	"errors"
	"net/http"
	"slices"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/picture"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/upload"
	"nanoflux.ai/backend/shared/web"
)

type desk struct {
	db      *postgres.Database
	service *seal.Service
	objects *bucket.Bucket
	links   cdn.Links
}

func main() {
	web.Serve(setting.URL("SITE_URL"), desk{
		db:      postgres.Open(setting.Required("DATABASE_URL")),
		service: setting.Parsed("SERVICE_KEYS", seal.Parse),
		objects: bucket.Open(setting.URL("BUCKET_ENDPOINT"), setting.Required("BUCKET_NAME"),
			setting.Required("BUCKET_ACCESS_KEY_ID"), setting.Required("BUCKET_SECRET_ACCESS_KEY")),
		links: cdn.NewLinks(setting.URL("CDN_URL"), setting.Key("CDN_KEY")),
	}.routes())
}

func (d desk) routes() web.Routes {
	return web.Guard(session.ErrSignedOut, web.Routes{"POST /api/uploads": d.offer, "POST /api/uploads/{id}": d.takeIn})
}

// offer gives a place to put one file; type and length are part of the signature.
func (d desk) offer(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	var wanted struct {
		ContentType string `json:"content_type"`
		Bytes       int64  `json:"bytes"`
	}
	if err := web.Read(r, &wanted); err != nil {
		return err
	}
	if !slices.Contains([]string{"image/jpeg", "image/png", "image/webp"}, wanted.ContentType) {
		return problem.New(problem.UnsupportedType, "image_type_unsupported",
			"Please choose a JPEG, PNG or WebP image; on an iPhone, \"Most Compatible\" in the camera settings makes JPEG.")
	}
	if wanted.Bytes < 1 {
		return problem.New(problem.Unprocessable, "invalid_upload", "Please choose an image that is not empty.").
			In("bytes", "This is the length of the file, from 1.")
	}
	if wanted.Bytes > upload.MaxBytes {
		return problem.New(problem.TooLarge, "image_too_large", "Please choose an image of at most 20 MB.")
	}
	offered, caller, err := upload.Offer(r.Context(), d.db, web.SessionHash(r), web.At(r), wanted.ContentType, wanted.Bytes)
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	signed, err := d.objects.SignPut(r.Context(), offered.Key, wanted.ContentType, wanted.Bytes, upload.Lifetime)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, map[string]any{
		"id": offered.ID, "url": signed.URL, "headers": signed.Headers, "expires_at": offered.ExpiresAt,
	})
}

// takeIn turns the file that was put into an image of the library: decoded under limits, upright, without metadata. A
// repetition gets the image that the first request made.
func (d desk) takeIn(w http.ResponseWriter, r *http.Request) error {
	ctx, at := r.Context(), web.At(r)
	if _, err := web.Query(r); err != nil {
		return err
	}
	id, err := web.ID(r, upload.ErrNotFound)
	if err != nil {
		return err
	}
	found, caller, err := upload.Find(ctx, d.db, web.SessionHash(r), at, id)
	web.Who(r, caller.Pseudonym)
	if err != nil {
		return err
	}
	key, err := caller.Key(d.service)
	if err != nil {
		return err
	}
	if found.ImageID == "" {
		if found.ImageID, err = d.store(r, caller, key, found); err != nil {
			return err
		}
	}
	row, _, err := image.Get(ctx, d.db, web.SessionHash(r), at, found.ImageID)
	if err != nil {
		return err
	}
	view, err := row.View(key, d.links, at)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/images/"+view.ID)
	return web.JSON(w, http.StatusCreated, view)
}

// store makes the image. Its row stands before its objects, and it comes into the library in the transaction that marks the
// upload as taken; of two requests at once, one wins and the other's copy is swept.
func (d desk) store(r *http.Request, caller session.Caller, key seal.Key, found upload.Found) (id string, err error) {
	ctx, at := r.Context(), web.At(r)
	file, err := d.objects.Get(ctx, found.Key, upload.MaxBytes)
	if errors.Is(err, bucket.ErrMissing) {
		return d.takenMeanwhile(r, found) // whoever took it in removed the file
	}
	if err != nil {
		return "", err
	}
	pixels, _, err := picture.Decode(file)
	if refusal := (*picture.Refusal)(nil); errors.As(err, &refusal) {
		// Decoding is dear: whoever sends the file again for it has to bring it again, too.
		_, _ = d.objects.Delete(ctx, found.Key)
		return "", problem.New(problem.Unprocessable, refusal.Code, refusal.Sentence)
	}
	if err != nil {
		return "", err
	}
	original, err := picture.Encode(pixels, picture.None)
	if err != nil {
		return "", err
	}
	thumbnail, err := picture.Thumbnail(pixels)
	if err != nil {
		return "", err
	}
	stored, err := image.Store(ctx, d.db, d.objects, key, image.New{
		AccountID: caller.AccountID, Prefix: caller.Prefix, Kind: image.Upload, Original: original, Thumbnail: thumbnail,
	}, at)
	if err != nil {
		return "", err
	}
	first := false
	err = d.db.Transaction(ctx, func(tx postgres.Querier) error {
		if first, err = upload.TakeIn(ctx, tx, found.ID, stored.ID); err != nil || !first {
			return err
		}
		_, err := image.Ready(ctx, tx, stored.ID, at)
		return err
	})
	if err != nil {
		return "", err
	}
	if !first {
		return d.takenMeanwhile(r, found)
	}
	// The file as it came, with all its metadata, is not kept; if this fails it goes with the upload within the hour.
	_, _ = d.objects.Delete(ctx, found.Key)
	return stored.ID, nil
}

// takenMeanwhile is the image that another request has made of the upload.
func (d desk) takenMeanwhile(r *http.Request, found upload.Found) (id string, err error) {
	again, _, err := upload.Find(r.Context(), d.db, web.SessionHash(r), web.At(r), found.ID)
	if err == nil && again.ImageID == "" {
		err = problem.New(problem.Conflict, "upload_not_put", "There is no file to take in: PUT one to the address that came with the upload, then try again.")
	}
	return again.ImageID, err
}
