package access

import (
	"fmt"
	"slices"

	"github.com/foreshock-io/foreshock"
)

// Role is what a caller may do; each includes the ones before it, but Push stands alone.
type Role uint8

// The roles.
const (
	Push    Role = iota // send samples
	Read                // see
	Approve             // approve, refuse, pause, resume, say what was a false alarm
	Admin               // reload, profile the program, and all that the others may
)

var roleNames = []string{"push", "read", "approve", "admin"}

func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return fmt.Sprintf("role(%d)", uint8(r))
}

// MarshalText writes the role's name.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a role's name.
func (r *Role) UnmarshalText(text []byte) error {
	i := slices.Index(roleNames, string(text))
	if i < 0 {
		return foreshock.NoSuch("role", string(text), roleNames)
	}
	*r = Role(i)
	return nil
}

func (r Role) includes(needed Role) bool {
	return r == needed || r == Admin || r > needed && needed != Push
}
