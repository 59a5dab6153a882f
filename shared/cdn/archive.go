package cdn

import (
	"strconv"
	"time"

	"nanoflux.ai/backend/shared/retention"
)

const archiveLifetime = retention.ArchiveLink

// ArchiveUntil is when links to archives made at this time end: a day later, so that a large download can be gone on with.
func ArchiveUntil(at time.Time) time.Time { return at.Add(archiveLifetime).Truncate(time.Second) }

// Archive is a link to an archive, good until ArchiveUntil(at).
func (l Links) Archive(key string, at time.Time) string {
	return l.link(key, strconv.FormatInt(ArchiveUntil(at).Unix(), 10))
}
