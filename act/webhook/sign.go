package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed call, as Standard Webhooks has them.
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
)

const (
	secretPrefix = "whsec_"
	leastSecret  = 24 // bytes
	tolerance    = 5 * time.Minute
)

// parseSecret reads "whsec_" and base64, or takes text as it is.
func parseSecret(text string) ([]byte, error) {
	key := []byte(text)
	if encoded, is := strings.CutPrefix(text, secretPrefix); is {
		var err error
		if key, err = base64.StdEncoding.DecodeString(encoded); err != nil {
			return nil, errors.New("the secret is not base64 after whsec_")
		}
	}
	if len(key) < leastSecret {
		return nil, fmt.Errorf("the secret has %d bytes; at least %d are needed", len(key), leastSecret)
	}
	return key, nil
}

// signature is HMAC-SHA256 over "ID.TIMESTAMP.BODY", in base64.
func signature(key []byte, id, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(id + "." + timestamp + "."))
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// sign adds the three headers. The body of a GET is its path and query, so that these are signed as well.
func sign(r *http.Request, key []byte, id string, body []byte) {
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set(headerID, id)
	r.Header.Set(headerTimestamp, timestamp)
	r.Header.Set(headerSignature, signature(key, id, timestamp, body))
}

// Verify says whether a call is from who holds the secret, and is fresh. It is for receivers, which hand in the body, or of a GET the
// request URI (path and query).
func Verify(h http.Header, secret string, body []byte, now time.Time) error {
	key, err := parseSecret(secret)
	if err != nil {
		return err
	}
	timestamp := h.Get(headerTimestamp)
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%s is missing or no number", headerTimestamp)
	}
	if age := now.Sub(time.Unix(at, 0)).Abs(); age > tolerance {
		return fmt.Errorf("%s is %s off", headerTimestamp, age.Round(time.Second))
	}
	want := []byte(signature(key, h.Get(headerID), timestamp, body))
	for one := range strings.FieldsSeq(h.Get(headerSignature)) {
		if hmac.Equal([]byte(one), want) {
			return nil
		}
	}
	return errors.New("the signature is not right")
}
