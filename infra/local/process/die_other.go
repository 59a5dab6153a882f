//go:build !linux

package process

import "syscall"

// Other systems have no parent-death signal; EndLeftover clears up at the next start.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}
