package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"nanoflux.ai/backend/infra/local/process"
)

// project finds the folder of template.yaml, from the current one upwards.
func project() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "template.yaml")); err == nil {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", errors.New("no template.yaml here or above; start me inside the project")
		}
		folder = filepath.Dir(folder)
	}
}

// cache is the folder, outside the project, for what is fetched or compiled once on this machine.
func cache() (string, error) {
	folder, err := os.UserCacheDir()
	return filepath.Join(folder, "nanoflux"), err
}

// databaseCache is the cache for Postgres: the user that it runs as cannot enter root's own.
func databaseCache() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache/nanoflux", nil
	}
	return cache()
}

const (
	sharedTemporary = "/var/tmp/nanoflux-"
	databasePlace   = "database-folder" // a file that names the database's folder
)

// databaseFolder makes the folder for the database: in the data folder, or where the user that Postgres runs as can
// enter it. The choice is written down, so that a moved project keeps its data and reset finds it.
func databaseFolder(data string, user *process.User) (string, error) {
	note := filepath.Join(data, databasePlace)
	folder := filepath.Join(data, "postgres")
	if !user.CanEnter(data) {
		folder = fmt.Sprintf("%s%x", sharedTemporary, sha256.Sum256([]byte(data)))[:len(sharedTemporary)+16]
		if noted, err := os.ReadFile(note); err == nil && strings.HasPrefix(string(noted), sharedTemporary) {
			folder = string(noted)
		}
	}
	if err := os.WriteFile(note, []byte(folder), 0o600); err != nil {
		return "", err
	}
	return folder, user.Folder(folder)
}

// temporary makes a data folder that is wiped at exit. Folders of runners that could not wipe theirs are wiped first:
// those whose lock nobody holds.
func temporary(user *process.User) (folder string, wipe func(), err error) {
	parent := os.TempDir()
	if !user.CanEnter(parent) {
		parent = "/var/tmp"
	}
	abandoned, _ := filepath.Glob(filepath.Join(parent, "nanoflux-parts-*"))
	for _, old := range abandoned {
		// A young one may be about to take its lock.
		if info, err := os.Stat(old); err != nil || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		if lock, _, err := process.Lock(filepath.Join(old, "lock")); err == nil && lock != nil {
			os.RemoveAll(old)
			lock.Close()
		}
	}
	folder, err = os.MkdirTemp(parent, "nanoflux-parts-")
	if err != nil {
		return "", nil, err
	}
	lock, _, err := process.Lock(filepath.Join(folder, "lock"))
	if err != nil {
		return "", nil, err
	}
	return folder, func() { os.RemoveAll(folder); lock.Close() }, os.Chmod(folder, 0o711)
}

// checkDisk refuses to start on a full disk, where everything would fail one by one.
func checkDisk(folder string) error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder, &disk); err != nil {
		return err
	}
	if free := disk.Bavail * uint64(disk.Bsize) >> 20; free < 300 {
		return fmt.Errorf("the disk of %s has %d MB left; free at least 300 MB and start again", folder, free)
	}
	return nil
}
