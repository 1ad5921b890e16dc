package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock/api"
)

// Error is a refusal by the program.
type Error struct {
	Status int    // of HTTP
	Detail string // what is wrong, and what to do
	after  time.Duration
}

func (e *Error) Error() string { return e.Detail }

// AwayError says that no program answers.
type AwayError struct {
	Server string
	Err    error
}

func (e *AwayError) Error() string {
	return fmt.Sprintf("no answer from %s: %s; start it with: foreshock run, or name it with --server", e.Server, e.Err)
}

func (e *AwayError) Unwrap() error { return e.Err }

// answer is what came back.
type answer struct {
	text []byte
	tag  string // ETag
	next string // the address of the next page
}

const (
	mostAnswer = 256 << 20 // bytes
	mostWait   = 30 * time.Second
)

func (c *Client) get(ctx context.Context, path string, q url.Values, into any) error {
	a, err := c.call(ctx, http.MethodGet, address(path, q), nil)
	if err != nil {
		return err
	}
	return c.decode(a.text, into)
}

func address(path string, q url.Values) string {
	path = "/api/v1" + path
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path
}

func (c *Client) post(ctx context.Context, path string, body any) (done api.Done, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return done, err
	}
	a, err := c.call(ctx, http.MethodPost, address(path, nil), text)
	if err != nil {
		return done, err
	}
	return done, c.decode(a.text, &done)
}

func (c *Client) decode(text []byte, into any) error {
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("the answer of %s cannot be read; is it the same version? %w", c.server, err)
	}
	return nil
}

// latest gets the latest of a list, the latest last, whose next page is of those before; most 0 is all.
func latest[T any](ctx context.Context, c *Client, path string, q Query) ([]T, error) {
	most := q.Limit
	q.Limit = min(cmp.Or(most, mostItems), mostItems)
	list := []T{}
	err := pages(ctx, c, address(path, q.values()), func(items []T) bool {
		list = slices.Concat(items, list)
		return most == 0 || len(list) < most
	})
	if most > 0 {
		list = list[max(0, len(list)-most):]
	}
	return list, err
}

const mostItems = 10_000 // of a page

// pages calls f with each page from an address on, while it wants more and there is one.
func pages[T any](ctx context.Context, c *Client, address string, f func(items []T) (more bool)) error {
	for address != "" {
		a, err := c.call(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		var items []T
		if err := c.decode(a.text, &items); err != nil {
			return err
		}
		if !f(items) {
			return nil
		}
		address = a.next
	}
	return nil
}

// call asks, and asks again where that may help and can do no harm.
func (c *Client) call(ctx context.Context, method, address string, body []byte) (answer, error) {
	for try := 1; ; try++ {
		a, err := c.once(ctx, method, address, body)
		wait, again := retry(method, err, try)
		if err == nil || !again || try >= c.tries || ctx.Err() != nil {
			return a, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return a, err
		}
	}
}

// retry says whether what failed may be tried again, and after how long: what the server says, else a random part of 100 ms, 200 ms, 400 ms …
// A request that the server has turned away before looking at it was not done, whatever it was.
func retry(method string, err error, try int) (wait time.Duration, again bool) {
	var refused *Error
	var away *AwayError
	switch {
	case errors.As(err, &refused):
		busy := slices.Contains([]int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, refused.Status)
		again = refused.Status == http.StatusTooManyRequests || busy && method == http.MethodGet
		wait = refused.after
	case errors.As(err, &away):
		again = method == http.MethodGet
	}
	if wait == 0 {
		wait = time.Duration((0.5 + 0.5*rand.Float64()) * float64(100*time.Millisecond<<(try-1)))
	}
	return min(wait, mostWait), again
}

// once asks once.
func (c *Client) once(ctx context.Context, method, address string, body []byte) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.server+address, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	known, isKnown := c.cache.get(address)
	if method == http.MethodGet && isKnown {
		req.Header.Set("If-None-Match", known.tag)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, &AwayError{c.server, err}
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	switch {
	case err != nil:
		return answer{}, &AwayError{c.server, err}
	case resp.StatusCode == http.StatusNotModified && isKnown:
		return known, nil
	case resp.StatusCode != http.StatusOK:
		return answer{}, refusal(resp, text)
	}
	a := answer{text, resp.Header.Get("ETag"), nextOf(resp.Header.Get("Link"))}
	if method == http.MethodGet {
		c.cache.put(address, a)
	}
	return a, nil
}

func refusal(resp *http.Response, text []byte) error {
	e := &Error{Status: resp.StatusCode}
	var said struct {
		Detail string `json:"detail"`
	}
	if json.Unmarshal(text, &said) == nil {
		e.Detail = said.Detail
	}
	if e.Detail == "" {
		e.Detail = fmt.Sprintf("%s: %s", resp.Status, strings.TrimSpace(string(text[:min(len(text), 1<<10)])))
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.after = time.Duration(seconds) * time.Second
	}
	return e
}

var nextForm = regexp.MustCompile(`<(/[^>]*)>;\s*rel="?next"?`)

// nextOf gives the address of the next page; only one of the same server is followed.
func nextOf(link string) string {
	if m := nextForm.FindStringSubmatch(link); m != nil {
		return m[1]
	}
	return ""
}

// cache keeps answers by their addresses, so that what has not changed need not be sent. It is bounded.
type cache struct {
	mu   sync.Mutex // guards kept
	kept map[string]answer
}

const (
	mostKept  = 64      // answers
	mostBytes = 1 << 20 // of one
)

func (c *cache) get(address string) (answer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.kept[address]
	return a, ok
}

func (c *cache) put(address string, a answer) {
	if a.tag == "" || len(a.text) > mostBytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) >= mostKept {
		clear(c.kept)
	}
	c.kept[address] = a
}
