package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// secrets is the one secret that template.yaml takes its {{resolve:secretsmanager:…}} values from.
type secrets map[string]string

// These two are not in the production secret: there, only Supabase has them.
const (
	superuserPassword = "DATABASE_PASSWORD_SUPERUSER"
	poolerPassword    = "DATABASE_PASSWORD_POOLER"
)

// freshSecrets makes every secret anew.
func freshSecrets() secrets {
	made := secrets{}
	for _, name := range []string{"COOKIE_KEY", "LOOKUP_KEY", "CDN_KEY"} {
		made[name] = key()
	}
	made["SERVICE_KEYS"] = "k1:" + key()
	made["RECEIPT_KEY"], made["RECEIPT_PUBLIC_KEYS"] = signingKey()
	made["STRIPE_SECRET_KEY"] = "sk_test_" + rand.Text()
	made["STRIPE_WEBHOOK_SECRETS"] = "whsec_" + rand.Text()
	for _, name := range []string{
		"GOOGLE_CLIENT_SECRET", superuserPassword, poolerPassword, "DATABASE_PASSWORD_POSTGRES", "DATABASE_PASSWORD_WEB",
		"DATABASE_PASSWORD_READER", "DATABASE_PASSWORD_WORKER", "DATABASE_PASSWORD_SWEEPER", "DATABASE_PASSWORD_CASHIER",
		"DATABASE_PASSWORD_ERASER", "DATABASE_PASSWORD_STAFF", "DATABASE_PASSWORD_LOGGER", "DATABASE_PASSWORD_ARCHIVIST",
		"DATABASE_PASSWORD_WATCHER",
		"BUCKET_ACCESS_KEY_ID", "BUCKET_SECRET_ACCESS_KEY",
		"WORKERS_AI_TOKEN", "GEMINI_API_KEY", "CDN_PURGE_TOKEN",
	} {
		made[name] = rand.Text()
	}
	return made
}

// keptSecrets reads the secrets from path, with fresh ones for names that are new, and keeps them there.
func keptSecrets(path string) (secrets, error) {
	all := freshSecrets()
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		if err := json.Unmarshal(content, &all); err != nil {
			return nil, fmt.Errorf("%s is damaged (%v); repair it, or wipe everything with make reset", path, err)
		}
	}
	return all, writeJSON(path, all)
}

// key is 32 random bytes in standard base64.
func key() string {
	var bytes [32]byte
	rand.Read(bytes[:])
	return base64.StdEncoding.EncodeToString(bytes[:])
}

// signingKey is an Ed25519 key in standard base64: its seed, and its public half.
func signingKey() (private, public string) {
	half, whole, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // never, says crypto/rand
	}
	return base64.StdEncoding.EncodeToString(whole.Seed()), base64.StdEncoding.EncodeToString(half)
}

// writeJSON replaces the file at path whole, readable by its owner only.
func writeJSON(path string, value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(content, '\n'))
}

// writeFile replaces the file at path whole, readable by its owner only.
func writeFile(path string, content []byte) error {
	partial, err := os.CreateTemp(filepath.Dir(path), ".writing-")
	if err != nil {
		return err
	}
	defer os.Remove(partial.Name())
	_, err = partial.Write(content)
	if err := errors.Join(err, partial.Close()); err != nil {
		return err
	}
	return os.Rename(partial.Name(), path)
}
