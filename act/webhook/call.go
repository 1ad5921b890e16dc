package webhook

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/act"
)

// most is how much of an answer is read.
const most = 1 << 20

// get asks for a reading. It is not tried again: who asks does that.
func (t *Target) get(ctx context.Context, query url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.URL+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	sign(r, t.key, "read_"+rand.Text(), []byte(r.URL.RequestURI()))
	answer, err := t.client.Do(r)
	if err != nil {
		return plain(err)
	}
	defer answer.Body.Close()
	if err := meaning(answer); err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, most+1))
	switch {
	case err != nil:
		return err
	case len(data) > most:
		return errors.New("the answer is larger than 1 MiB")
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("the answer is not what the protocol says: %w", err)
	}
	return nil
}

// post sends a change until it is answered, a bounded number of times. Each try has the same ID, by which the receiver knows it.
func (t *Target) post(ctx context.Context, id string, c change) error {
	body, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("%w: %w", act.ErrRefused, err)
	}
	doubt := false
	for try := 0; ; try++ {
		wait, err := t.try(ctx, id, body)
		if doubt && err != nil {
			err = fmt.Errorf("an earlier try had no clear answer; the last one: %v", err) //nolint:errorlint // it no longer says what came of it
		}
		if err == nil || wait < 0 || try >= t.Retries {
			return err
		}
		doubt = doubt || !sure(err)
		// Full jitter: anything up to the bound, or what the receiver wants.
		if bound := t.Backoff << try; wait == 0 {
			wait = time.Duration(mathrand.Int64N(int64(bound) + 1))
		}
		t.log.Debug("call tried again", "action", id, "wait", wait, "err", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
		if ctx.Err() != nil {
			return err
		}
	}
}

// sure says whether an error means that nothing came of a try.
func sure(err error) bool {
	return errors.Is(err, act.ErrRefused) || errors.Is(err, act.ErrDenied) || errors.Is(err, act.ErrNotFound) || errors.Is(err, act.ErrThrottled)
}

// try sends a change once. The wait is below 0 where another try makes no sense, 0 where it is ours to choose.
func (t *Target) try(ctx context.Context, id string, body []byte) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(body))
	if err != nil {
		return -1, fmt.Errorf("%w: %w", act.ErrRefused, err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", id)
	sign(r, t.key, id, body)
	answer, err := t.client.Do(r)
	if err != nil {
		return 0, plain(err)
	}
	defer answer.Body.Close()
	err = meaning(answer)
	switch {
	case err == nil:
		return 0, nil
	case answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= 500:
		return retryAfter(answer.Header.Get("Retry-After"), time.Now()), err
	}
	return -1, err
}

// retryAfter reads seconds or a date; 0 where there is neither.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// meaning makes an error of an answer that is none of success. What a 5xx means for a change is not known.
func meaning(answer *http.Response) error {
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
	said := fmt.Errorf("the endpoint answers %s: %s", answer.Status, strings.ToValidUTF8(strings.TrimSpace(string(text)), "?"))
	switch code := answer.StatusCode; {
	case code == http.StatusNotFound:
		return fmt.Errorf("%w: %w", act.ErrNotFound, said)
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return fmt.Errorf("%w: %w", act.ErrDenied, said)
	case code == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %w", act.ErrThrottled, said)
	case code >= 400 && code < 500 && code != http.StatusRequestTimeout:
		return fmt.Errorf("%w: %w", act.ErrRefused, said)
	}
	if answer.StatusCode >= 300 && answer.StatusCode < 400 {
		return fmt.Errorf("%w; redirects are not followed, state the final url", said)
	}
	return said
}

// plain drops the URL from an error of the HTTP client: it is known, and may hold what should not be in a log.
func plain(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, errForbidden) {
		return fmt.Errorf("%w: %w", act.ErrRefused, err)
	}
	return err
}
