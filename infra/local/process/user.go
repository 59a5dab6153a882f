package process

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// A User is the account that programs run as which refuse to run as root. The nil User is the one we run as already.
type User struct {
	uid, gid uint32
}

// Unprivileged returns the user for such programs: nil unless this process is root, else postgres where that exists,
// else nobody.
func Unprivileged() (*User, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return &User{uid: uint32(uid), gid: uint32(gid)}, nil
		}
	}
	return nil, fmt.Errorf("Postgres refuses to run as root and there is no user postgres or nobody; run as an ordinary user")
}

// Run makes cmd run as this user.
func (u *User) Run(cmd *exec.Cmd) {
	if u == nil {
		return
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: u.uid, Gid: u.gid}
}

// Folder makes a folder that only this user may enter, or checks that an existing one is such.
func (u *User) Folder(path string) error {
	if err := os.Mkdir(path, 0o700); err == nil {
		return u.own(path)
	} else if !os.IsExist(err) {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	// The name may be guessable in a folder where everybody may write: only our own folder is good.
	owner := info.Sys().(*syscall.Stat_t).Uid
	if !info.IsDir() || owner != u.id() && owner != uint32(os.Geteuid()) {
		return fmt.Errorf("%s belongs to somebody else; remove it and start again", path)
	}
	return u.own(path)
}

func (u *User) own(path string) error {
	if u == nil {
		return nil
	}
	return os.Chown(path, int(u.uid), int(u.gid))
}

func (u *User) id() uint32 {
	if u == nil {
		return uint32(os.Geteuid())
	}
	return u.uid
}

// WriteFile writes a file that only this user may read.
func (u *User) WriteFile(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return err
	}
	return u.own(path)
}

// CanEnter reports whether the user may pass through every folder on the way to path.
func (u *User) CanEnter(path string) bool {
	if u == nil {
		return true
	}
	for folder := filepath.Clean(path); folder != "/" && folder != "."; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		if err != nil {
			return false
		}
		stat := info.Sys().(*syscall.Stat_t)
		mine := stat.Uid == u.uid && info.Mode()&0o100 != 0
		everybodys := stat.Uid != u.uid && info.Mode()&0o001 != 0
		if !mine && !everybodys {
			return false
		}
	}
	return true
}
