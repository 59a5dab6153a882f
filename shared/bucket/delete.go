package bucket

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	batch  = 1000 // keys of one DeleteObjects request, at most
	flight = 4    // such requests under way at once: more are no faster
	passes = 5    // over a prefix, before what keeps coming there is an error
)

// Delete removes the objects, none of which needs to exist. It tries all, names those that may still be there, and fails if
// there are any.
func (b *Bucket) Delete(ctx context.Context, keys ...string) (left []string, err error) {
	d := b.deletion()
	for some := range slices.Chunk(keys, batch) {
		d.start(ctx, some)
	}
	return d.wait()
}

// DeletePrefix removes everything under the prefix, which ends in a slash: objects, with the parts of uploads that nobody
// completed. It is done only when it has listed the prefix anew and found nothing; what it returns with an error may still
// be there, and calling it again goes on.
func (b *Bucket) DeletePrefix(ctx context.Context, prefix string) (deleted int, err error) {
	if len(prefix) < 2 || !strings.HasSuffix(prefix, "/") {
		return 0, errors.New("deleting a prefix: it must name a folder and end in a slash")
	}
	for range passes {
		// Uploads first: one that was aborted can no more become an object.
		aborted, uploads := b.abortUploads(ctx, prefix)
		found, left, objects := b.deleteListed(ctx, prefix)
		deleted += found - left
		err = cmp.Or(uploads, objects)
		switch progress := aborted + found - left; {
		case err == nil && aborted+found == 0:
			return deleted, nil
		case err != nil && progress == 0:
			return deleted, err
		}
	}
	return deleted, cmp.Or(err, errors.New("deleting a prefix: new objects keep coming"))
}

// deleteListed lists the prefix and deletes each page while the next one is being listed.
func (b *Bucket) deleteListed(ctx context.Context, prefix string) (found, left int, err error) {
	d := b.deletion()
	listing := b.Walk(ctx, prefix, func(page []Object) error {
		keys := make([]string, len(page))
		for i, object := range page {
			keys[i] = object.Key
		}
		found += len(keys)
		d.start(ctx, keys)
		return nil
	})
	remaining, deleting := d.wait()
	return found, len(remaining), cmp.Or(listing, deleting)
}

func (b *Bucket) abortUploads(ctx context.Context, prefix string) (aborted int, err error) {
	listing := b.walkUploads(ctx, prefix, func(page []types.MultipartUpload) error {
		for _, upload := range page {
			failure := patiently(ctx, func() error {
				_, err := b.client().AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: upload.Key, UploadId: upload.UploadId})
				return wrap("aborting an upload", err)
			})
			if failure == nil || errors.Is(failure, ErrMissing) {
				aborted++
			} else {
				err = cmp.Or(err, failure)
			}
		}
		return nil
	})
	return aborted, cmp.Or(listing, err)
}

// deletion is batches under way.
type deletion struct {
	bucket  *Bucket
	slots   chan struct{}
	running sync.WaitGroup

	mu   sync.Mutex
	left []string
	err  error
}

func (b *Bucket) deletion() *deletion {
	return &deletion{bucket: b, slots: make(chan struct{}, flight)}
}

// start waits for a slot, then deletes a batch beside the others.
func (d *deletion) start(ctx context.Context, keys []string) {
	d.slots <- struct{}{}
	d.running.Go(func() {
		left, err := d.bucket.deleteBatch(ctx, keys)
		d.mu.Lock()
		d.left, d.err = append(d.left, left...), cmp.Or(d.err, err)
		d.mu.Unlock()
		<-d.slots
	})
}

func (d *deletion) wait() (left []string, err error) {
	d.running.Wait()
	return d.left, d.err
}

func (b *Bucket) deleteBatch(ctx context.Context, keys []string) (left []string, err error) {
	objects := make([]types.ObjectIdentifier, len(keys))
	for i := range keys {
		objects[i].Key = &keys[i]
	}
	var out *s3.DeleteObjectsOutput
	err = patiently(ctx, func() (err error) {
		out, err = b.client().DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &b.name, Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)},
		})
		return wrap("deleting objects", err)
	})
	if err != nil {
		return keys, err
	}
	// The request as a whole succeeds where single keys fail.
	for _, failed := range out.Errors {
		key := aws.ToString(failed.Key)
		if failure := b.deleteOne(ctx, key); failure != nil {
			left, err = append(left, key), cmp.Or(err, failure)
		}
	}
	return left, err
}

func (b *Bucket) deleteOne(ctx context.Context, key string) error {
	err := patiently(ctx, func() error {
		_, err := b.client().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key})
		return wrap("deleting an object", err)
	})
	if errors.Is(err, ErrMissing) {
		return nil
	}
	return err
}
