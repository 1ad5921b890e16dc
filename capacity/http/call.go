package http

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	nethttp "net/http"
	"os"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/webhooks"
)

// maxAnswer bounds the body of an answer, in bytes.
const maxAnswer = 64 << 10

// answerError is an answer that is an error.
type answerError struct {
	status int
	text   string
	after  time.Duration // Retry-After, or 0
}

func (e *answerError) Error() string {
	s := fmt.Sprintf("answered %d %s", e.status, nethttp.StatusText(e.status))
	if e.text != "" {
		s += ": " + e.text
	}
	return s
}

// again says whether the same call may be answered otherwise a little later.
func (e *answerError) again() bool {
	switch e.status {
	case nethttp.StatusRequestTimeout, nethttp.StatusTooEarly, nethttp.StatusTooManyRequests, nethttp.StatusInternalServerError,
		nethttp.StatusBadGateway, nethttp.StatusServiceUnavailable, nethttp.StatusGatewayTimeout:
		return true
	}
	return false
}

// call posts in, and reads the answer into out, where there is one. It tries again where that can help: the calls of the
// protocol may be repeated.
func (p *Planner) call(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	for try := 1; ; try++ {
		err := p.post(ctx, path, body, out)
		if err == nil {
			return nil
		}
		err = fmt.Errorf("POST %s%s: %w", p.base, path, err)
		pause, retry := backOff(err, try)
		if !retry || try >= p.cfg.Tries || !webhooks.InTime(ctx, pause) || p.wait(ctx, pause) != nil {
			return err
		}
	}
}

// backOff says whether to try again, and after how long at least, or what the answer asks for if that is longer.
func backOff(err error, try int) (time.Duration, bool) {
	pause := webhooks.Jitter(200*time.Millisecond, 2*time.Second, try)
	var answer *answerError
	switch {
	case errors.As(err, &answer):
		return max(pause, answer.after), answer.again()
	case errors.Is(err, errToken) || errors.Is(err, errAnswer):
		return 0, false
	}
	return pause, true
}

// What no further try will better.
var (
	errToken  = errors.New("no token")
	errAnswer = errors.New("the answer cannot be read")
)

// post makes one try.
func (p *Planner) post(ctx context.Context, path string, body []byte, out any) error {
	req, err := nethttp.NewRequestWithContext(ctx, nethttp.MethodPost, p.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "foreshock")
	token, err := p.token()
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		if inner := errors.Unwrap(err); inner != nil {
			err = inner // without the address, which call adds
		}
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return refusal(resp, data)
	case err != nil:
		return err
	case len(data) > maxAnswer:
		return fmt.Errorf("%w: it is longer than %d bytes", errAnswer, maxAnswer)
	case out == nil:
		return nil
	case resp.StatusCode != nethttp.StatusOK:
		return fmt.Errorf("%w: it has status %d, not 200", errAnswer, resp.StatusCode)
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%w: %w", errAnswer, err)
	}
	return nil
}

// refusal makes an error of an answer that is one.
func refusal(resp *nethttp.Response, body []byte) error {
	e := &answerError{status: resp.StatusCode}
	var problem Problem
	if json.Unmarshal(body, &problem) == nil {
		e.text = foreshock.OneLine(problem.Error)
	}
	if resp.StatusCode/100 == 3 {
		e.text = "redirects are not followed; give the address itself"
	}
	e.after = webhooks.RetryAfter(resp.Header.Get("Retry-After"), time.Now())
	return e
}

// token gives the bearer token as it is now.
func (p *Planner) token() (string, error) {
	if p.cfg.TokenFile == "" {
		return p.cfg.Token, nil
	}
	b, err := os.ReadFile(p.cfg.TokenFile)
	if err != nil {
		return "", fmt.Errorf("%w: token_file: %w", errToken, err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%w: token_file %s must hold one line of printable characters", errToken, p.cfg.TokenFile)
	}
	return token, nil
}
