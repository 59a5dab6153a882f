// Delete-image removes one image everywhere: from the library, the bucket, the CDN.
package main

import (
	"net/http"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/web"
)

type deleteImage struct {
	db      *postgres.Database
	objects *bucket.Bucket
	edge    cdn.Purger
}

func main() {
	web.Serve(setting.URL("SITE_URL"), deleteImage{
		db: postgres.Open(setting.Required("DATABASE_URL")),
		objects: bucket.Open(setting.URL("BUCKET_ENDPOINT"), setting.Required("BUCKET_NAME"),
			setting.Required("BUCKET_ACCESS_KEY_ID"), setting.Required("BUCKET_SECRET_ACCESS_KEY")),
		edge: cdn.NewPurger(setting.URL("CDN_URL"), setting.URL("CDN_PURGE_URL"), setting.Required("CDN_PURGE_TOKEN")),
	}.routes())
}

func (d deleteImage) routes() web.Routes {
	return web.Guard(session.ErrSignedOut, web.Routes{"DELETE /api/images/{id}": d.serve})
}

func (d deleteImage) serve(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	id, err := web.ID(r, image.ErrNotFound)
	if err != nil {
		return err
	}
	hidden, pseudonym, signedIn, err := image.Hide(r.Context(), d.db, web.SessionHash(r), web.At(r), id)
	web.Who(r, pseudonym)
	switch {
	case err != nil:
		return err
	case !signedIn:
		return session.ErrSignedOut
	case hidden == nil:
		return image.ErrNotFound
	}
	if err := image.Remove(r.Context(), d.db, d.objects, d.edge, *hidden); err != nil {
		// It has left the library for good; sweep-stalled removes what storage would not let go of now.
		return web.JSON(w, http.StatusAccepted, map[string]string{"id": id, "status": "deleting"})
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
