package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"nanoflux.ai/backend/infra/local/process"
)

// reset wipes the data of earlier runs: everything in .local but the programs that were built there.
func reset() error {
	root, err := project()
	if err != nil {
		return err
	}
	data := filepath.Join(root, ".local")
	lock, holder, err := process.Lock(filepath.Join(data, "lock"))
	if errors.Is(err, os.ErrNotExist) {
		fmt.Println("there is no data to wipe")
		return nil
	}
	if err != nil {
		return err
	}
	if lock == nil {
		return fmt.Errorf("the service is running (%s); end it before wiping its data", holder)
	}
	defer lock.Close()
	if noted, err := os.ReadFile(filepath.Join(data, databasePlace)); err == nil && strings.HasPrefix(string(noted), sharedTemporary) {
		if err := os.RemoveAll(string(noted)); err != nil {
			return err
		}
	}
	for _, name := range []string{"postgres", "bucket", "logs", "secrets.json", stripeFile, addressesFile, databasePlace} {
		if err := os.RemoveAll(filepath.Join(data, name)); err != nil {
			return err
		}
	}
	fmt.Println("the data in " + data + " is wiped")
	return nil
}
