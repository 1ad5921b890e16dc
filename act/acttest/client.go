package acttest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// Dial returns the target that asks the provider at an address ("http://127.0.0.1:1234"). Its readings are true at once.
func Dial(address string) act.Target {
	// Without kept connections nothing is ever sent again by the transport.
	return &client{address: address, http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
}

type client struct {
	act.ByRules
	address string
	http    *http.Client
}

func (c *client) Conclusive() bool { return true }

func (c *client) volume(ctx context.Context, name string) (Volume, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address+"/volumes/"+name, http.NoBody)
	if err != nil {
		return Volume{}, err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return Volume{}, err
	}
	defer answer.Body.Close()
	if err := meaning(answer); err != nil {
		return Volume{}, err
	}
	var v Volume
	err = json.NewDecoder(answer.Body).Decode(&v)
	return v, err
}

// meaning makes an error of an answer that is none of success. What a 5xx means for a change is not known.
func meaning(answer *http.Response) error {
	if answer.StatusCode < 300 {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 200))
	err := fmt.Errorf("%s: %s", answer.Status, strings.TrimSpace(string(text)))
	for status, kind := range map[int]error{
		http.StatusNotFound: act.ErrNotFound, http.StatusForbidden: act.ErrDenied, http.StatusTooManyRequests: act.ErrThrottled,
		http.StatusConflict: act.ErrRefused, http.StatusBadRequest: act.ErrRefused,
	} {
		if answer.StatusCode == status {
			return fmt.Errorf("%w: %w", kind, err)
		}
	}
	return err
}

func (c *client) Read(ctx context.Context, name string) (foreshock.Resource, error) {
	v, err := c.volume(ctx, name)
	if err != nil {
		return foreshock.Resource{}, err
	}
	r := foreshock.Resource{Target: "acttest", Name: name, At: time.Now(), Allocated: v.Allocated, Rules: v.Rules, Owner: v.Owner}
	r.Busy = v.Last != nil && (v.Last.State == "modifying" || v.Last.State == "failing")
	if v.Changes > 0 {
		r.Budget = foreshock.Budget{Limited: true, Left: v.left(r.At), Window: v.Window}
	}
	return r, nil
}

func (c *client) Apply(ctx context.Context, action foreshock.Action) error {
	body, err := json.Marshal(action.To)
	if err != nil {
		return fmt.Errorf("%w: %w", act.ErrRefused, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address+"/volumes/"+action.Resource, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", act.ErrRefused, err)
	}
	r.Header.Set("X-Action", action.ID)
	answer, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return meaning(answer)
}

func (c *client) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	v, err := c.volume(ctx, action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	p := act.Progress{Observed: v.Allocated}
	if v.Last == nil || !v.Last.To.Covers(action.To) {
		return p, nil
	}
	switch v.Last.State {
	case "completed":
		p.Done = v.Allocated.Covers(action.To)
	case "failed":
		p.Failed, p.Note = true, "the provider says that the change failed"
	default:
		p.UnderWay = true
	}
	return p, nil
}
