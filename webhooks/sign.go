// Package webhooks is what components share that call services of the user's own: signatures as Standard Webhooks has them, connections that
// reach no address that hands out credentials, and when to try again.
package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
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

// Keys gives the secrets of the settings secret_file and secret, of which one is stated, as they are now: of a file one a line, so that a new one can
// be added before the old one is taken away.
func Keys(file, text string) ([][]byte, error) {
	switch {
	case file != "" && text != "":
		return nil, errors.New("secret_file and secret exclude each other")
	case file != "":
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("secret_file: %w", err)
		}
		text = string(data)
	}
	var keys [][]byte
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		key, err := parseSecret(line)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if keys == nil {
		return nil, errors.New("a secret is needed to sign calls; set secret_file, or secret: ${env:NAME}")
	}
	return keys, nil
}

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

// Sign adds the three headers, with a signature for each key.
func Sign(h http.Header, keys [][]byte, id string, now time.Time, body []byte) {
	timestamp := strconv.FormatInt(now.Unix(), 10)
	signatures := make([]string, len(keys))
	for i, key := range keys {
		signatures[i] = signature(key, id, timestamp, body)
	}
	h.Set(headerID, id)
	h.Set(headerTimestamp, timestamp)
	h.Set(headerSignature, strings.Join(signatures, " "))
}

// Verify says whether a call is from who holds the secret, and is fresh. It is for receivers, which hand in the body of a POST, and of a
// GET the text "GET " and the request URI.
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
