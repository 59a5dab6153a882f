package testbed

import (
	"net"
	"net/url"
	"testing"
)

// Wire is a proxy before the database that shows every piece of the conversation before it goes on, and ends the
// conversation instead where it is told false. The pieces are small statements, so each comes whole.
type Wire struct {
	Sent func(piece []byte) bool // by the function
	Got  func(piece []byte) bool // by the database
}

// Before puts the wire before the database of an address and returns the address to use in its place.
func (w Wire) Before(t testing.TB, address string) string {
	t.Helper()
	database, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	target := database.Host
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", target)
			if err != nil {
				near.Close()
				continue
			}
			go carry(near, far, w.Sent)
			go carry(far, near, w.Got)
		}
	}()
	database.Host = listener.Addr().String()
	return database.String()
}

func carry(from, to net.Conn, see func([]byte) bool) {
	defer from.Close()
	defer to.Close()
	piece := make([]byte, 64<<10)
	for {
		n, err := from.Read(piece)
		if err != nil {
			return
		}
		if !see(piece[:n]) {
			return
		}
		if _, err := to.Write(piece[:n]); err != nil {
			return
		}
	}
}
