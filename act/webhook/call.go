package webhook

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/webhooks"
)

// maxAnswer bounds the body of an answer, in bytes.
const maxAnswer = 64 << 10

// get asks for a reading. It is not tried again: who asks does that.
func (t *Target) get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.base+path, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := t.do(r, "read_"+rand.Text(), []byte(r.Method+" "+r.URL.RequestURI()))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := meaning(answer); err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return err
	case len(data) > maxAnswer:
		return fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("the answer is not what the protocol says: %w", err)
	}
	return nil
}

// do signs and sends.
func (t *Target) do(r *http.Request, id string, signed []byte) (*http.Response, error) {
	keys, err := webhooks.Keys(t.cfg.SecretFile, t.cfg.Secret)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "foreshock")
	webhooks.Sign(r.Header, keys, id, time.Now(), signed)
	answer, err := t.http.Do(r)
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without the address, which is known, and may hold what should not be in a log
	}
	return answer, err
}

// post sends a change until it is answered: a bounded number of times, within a bounded time. Each try has the same ID, by which the
// service knows it. Once it cannot be told what came of one try, it cannot be told of all together, whatever is said to a later one.
func (t *Target) post(ctx context.Context, id string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Patience)
	defer cancel()
	doubt := false
	for try := 1; ; try++ {
		again, after, err := t.try(ctx, id, body)
		if err == nil {
			return nil
		}
		doubt = doubt || !sure(err)
		if doubt && sure(err) {
			err = fmt.Errorf("an earlier try had no clear answer; the last one: %v", err) //nolint:errorlint // it no longer says what came of it
		}
		pause := max(after, webhooks.Jitter(t.cfg.Backoff, 5*time.Second, try))
		if !again || try >= t.cfg.Tries || !webhooks.InTime(ctx, pause) || t.wait(ctx, pause) != nil {
			return err
		}
		t.log.Debug("a change is sent again", "action", id, "err", err)
	}
}

// try sends a change once. It says whether another try makes sense, and after how long at least.
func (t *Target) try(ctx context.Context, id string, body []byte) (again bool, after time.Duration, err error) {
	var sent atomic.Bool
	ctx, cancel := context.WithTimeout(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	}), t.cfg.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.base+"/actions", bytes.NewReader(body))
	if err != nil {
		return false, 0, fmt.Errorf("%w: %w", act.ErrRefused, err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", id)
	answer, err := t.do(r, id, body)
	switch {
	case err != nil && sent.Load():
		return true, 0, err
	case err != nil: // there was no connection on which anything could have been sent
		return !errors.Is(err, webhooks.ErrForbidden), 0, fmt.Errorf("%w: nothing was sent: %w", act.ErrRefused, err)
	}
	defer answer.Body.Close()
	err = meaning(answer)
	switch code := answer.StatusCode; {
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		again, after = true, webhooks.RetryAfter(answer.Header.Get("Retry-After"), time.Now())
	}
	return again, after, err
}

// sure says whether an error means that nothing came of a try.
func sure(err error) bool {
	return errors.Is(err, act.ErrRefused) || errors.Is(err, act.ErrDenied) || errors.Is(err, act.ErrNotFound) || errors.Is(err, act.ErrThrottled)
}

// meaning makes an error of an answer that is none of success. What 3xx, 408 and 5xx mean for a change is not known.
func meaning(answer *http.Response) error {
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1024))
	said := fmt.Errorf("the service answers %s: %s", foreshock.OneLine(answer.Status), foreshock.OneLine(string(text)))
	switch code := answer.StatusCode; {
	case code == http.StatusNotFound:
		return fmt.Errorf("%w: %w", act.ErrNotFound, said)
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return fmt.Errorf("%w: %w", act.ErrDenied, said)
	case code == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %w", act.ErrThrottled, said)
	case code >= 400 && code < 500 && code != http.StatusRequestTimeout:
		return fmt.Errorf("%w: %w", act.ErrRefused, said)
	case code >= 300 && code < 400:
		return fmt.Errorf("%w; redirects are not followed, state the final url", said)
	}
	return said
}
