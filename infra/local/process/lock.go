package process

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
)

// Lock takes the lock file at path for the life of this process; the kernel lets go of it however the process ends. When
// another process has it, the file is nil and holder is what that process wrote into it.
func Lock(path string) (file *os.File, holder string, err error) {
	file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, "", err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer file.Close()
		said, _ := io.ReadAll(file)
		return nil, strings.TrimSpace(string(said)), nil
	}
	if err != nil {
		return nil, "", errors.Join(err, file.Close())
	}
	return file, "", nil
}
