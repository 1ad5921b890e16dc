package libvirt

import (
	"encoding/hex"
	"strings"

	rpc "github.com/digitalocean/go-libvirt"
)

// Stats are the statistics of a domain by their names in ConnectGetAllDomainStats, for example "block.0.rd.reqs".
type Stats map[string]any

// NewStats makes them of the parameters of a record.
func NewStats(params []rpc.TypedParam) Stats {
	s := make(Stats, len(params))
	for _, p := range params {
		s[p.Field] = p.Value.I
	}
	return s
}

// Uint gives a count, and whether there is one.
func (s Stats) Uint(name string) (uint64, bool) {
	switch x := s[name].(type) {
	case uint64:
		return x, true
	case uint32:
		return uint64(x), true
	case int32:
		return uint64(max(x, 0)), x >= 0
	case int64:
		return uint64(max(x, 0)), x >= 0
	}
	return 0, false
}

// Text gives a text, or "".
func (s Stats) Text(name string) string {
	text, _ := s[name].(string)
	return text
}

// Lookup finds a domain by its UUID, or else by its name.
func Lookup(l *rpc.Libvirt, name string) (rpc.Domain, error) {
	var id rpc.UUID
	if b, err := hex.DecodeString(strings.ReplaceAll(name, "-", "")); err == nil && len(b) == len(id) {
		copy(id[:], b)
		if d, err := l.DomainLookupByUUID(id); err == nil || !IsCode(err, rpc.ErrNoDomain) {
			return d, err
		}
	}
	return l.DomainLookupByName(name)
}
