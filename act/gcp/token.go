package gcp

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// amountSet are the amounts that a change names.
type amountSet byte

const (
	iopsChanged amountSet = 1 << iota
	throughputChanged
	sizeChanged
)

// mark begins the tokens of this program.
const mark = "666f7265" // "fore"

// token is the ID of an action's request, a UUID: the provider does nothing twice for it within an hour, and shows it with the operation. It says
// which amounts were changed, so that other processes know which of them were.
func token(action string, changed amountSet) string {
	hash := sha256.Sum256([]byte(action))
	h := hash[:11]
	h[1], h[3] = h[1]&0x0f|0x40, h[3]&0x3f|0x80 // of version 4
	text := hex.EncodeToString(h)
	return fmt.Sprintf("%s-%02x%s-%s-%s-%s", mark, byte(changed), text[0:2], text[2:6], text[6:10], text[10:])
}

// ofAction says whether a token is that of an action, whatever it changed.
func ofAction(id, action string) bool {
	want := token(action, 0)
	return len(id) == len(want) && id[:9] == want[:9] && id[11:] == want[11:]
}

// changedBy are the amounts that a token of this program names; of others it is not known.
func changedBy(id string) (changed amountSet, known bool) {
	if !strings.HasPrefix(id, mark+"-") || len(id) != 36 {
		return 0, false
	}
	b, err := hex.DecodeString(id[9:11])
	if err != nil {
		return 0, false
	}
	return amountSet(b[0]), true
}
