// Package bucket runs versitygw, a real S3 server, over a folder.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sys/unix"

	"nanoflux.ai/backend/infra/local/process"
)

// Region is the one that R2 has.
const Region = "auto"

// Plan says what server to run.
type Plan struct {
	// Binary is the path of versitygw, from Build.
	Binary string
	// Folder keeps the objects.
	Folder string
	// Log is the file that the server writes to.
	Log string
	// Port is the wished port, 0 for any.
	Port int
	// AccessKeyID and SecretAccessKey are the only keys that the server accepts.
	AccessKeyID, SecretAccessKey string
}

// A Server is a running S3 server.
type Server struct {
	Port   int
	child  *process.Child
	client *s3.Client
}

// Start runs the planned server and returns when it answers.
func Start(ctx context.Context, starter *process.Starter, plan Plan) (*Server, error) {
	objects := filepath.Join(plan.Folder, "objects")
	if err := os.MkdirAll(objects, 0o700); err != nil {
		return nil, err
	}
	arguments, err := plan.metadata(objects)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(plan.Log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := func(port int) *exec.Cmd {
		cmd := exec.Command(plan.Binary, append([]string{"--port", process.Address(port), "--region", Region, "--quiet", "posix"}, arguments...)...)
		// Arguments can be read by everybody on the machine, the environment cannot.
		cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+plan.AccessKeyID, "ROOT_SECRET_ACCESS_KEY="+plan.SecretAccessKey)
		cmd.Dir, cmd.Stdout, cmd.Stderr = plan.Folder, log, log
		return cmd
	}
	child, port, err := starter.StartListening(ctx, process.Listening{Port: plan.Port, Command: command,
		Ready: process.Accepts, Ending: syscall.SIGTERM, Folder: plan.Folder})
	if err != nil {
		return nil, fmt.Errorf("the bucket did not start: %w\n%s", err, process.Tail(plan.Log))
	}
	return &Server{Port: port, child: child, client: plan.client(port)}, nil
}

// Stop ends the server.
func (s *Server) Stop() { s.child.Stop(5 * time.Second) }

// Done is closed when the server has ended, for whatever reason.
func (s *Server) Done() <-chan struct{} { return s.child.Done() }

// URL is the S3 endpoint.
func (s *Server) URL() string { return "http://" + process.Address(s.Port) }

// Create makes the bucket if it is not there, and lets pages of origin put objects into it with signed links, as the
// CORS rules of the production bucket do.
func (s *Server) Create(ctx context.Context, name, origin string) error {
	_, err := s.client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
	var mine *types.BucketAlreadyOwnedByYou
	var exists *types.BucketAlreadyExists
	if err != nil && !errors.As(err, &mine) && !errors.As(err, &exists) {
		return fmt.Errorf("create bucket %s: %w", name, err)
	}
	_, err = s.client.PutBucketCors(ctx, &s3.PutBucketCorsInput{Bucket: &name, CORSConfiguration: &types.CORSConfiguration{
		CORSRules: []types.CORSRule{{
			AllowedOrigins: []string{origin},
			AllowedMethods: []string{"PUT"},
			AllowedHeaders: []string{"*"},
			MaxAgeSeconds:  aws.Int32(3600),
		}},
	}})
	if err != nil {
		return fmt.Errorf("set the CORS rules of bucket %s: %w", name, err)
	}
	return nil
}

func (p Plan) client(port int) *s3.Client {
	return s3.New(s3.Options{
		Region:       Region,
		BaseEndpoint: aws.String("http://" + process.Address(port)),
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(p.AccessKeyID, p.SecretAccessKey, ""),
	})
}

// metadata chooses where the server keeps what it knows of an object: in extended attributes, or, on file systems
// without them (some tmpfs and network mounts), in a folder beside the objects.
func (p Plan) metadata(objects string) ([]string, error) {
	sidecar := filepath.Join(p.Folder, "metadata")
	_, err := os.Stat(sidecar)
	if os.IsNotExist(err) && unix.Setxattr(objects, "user.nanoflux", []byte("1"), 0) == nil {
		return []string{objects}, nil
	}
	if err := os.MkdirAll(sidecar, 0o700); err != nil {
		return nil, err
	}
	return []string{"--sidecar", sidecar, objects}, nil
}
