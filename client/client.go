// Package client asks a Foreshock that runs, over its HTTP API. What changes nothing is asked again when the answer did not come; what
// changes something is sent once. Lists are gathered page by page, and what has not changed since it was asked is not sent again.
package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/pipeline"
)

// DefaultServer is where the program listens unless it is told otherwise.
const DefaultServer = "http://127.0.0.1:9750"

// Options say whom to ask, and as whom. The zero value asks the program of this machine.
type Options struct {
	Server    string        // default DefaultServer
	Token     string        // a bearer token
	CA        string        // file with the authority of the server's certificate, where the system does not know it
	Cert, Key string        // files of a client's certificate
	Timeout   time.Duration // of one try; default 30s
	Tries     int           // of what changes nothing; default 3
}

// Client asks one program. It is safe for concurrent use.
type Client struct {
	server string
	token  string
	tries  int
	http   *http.Client
	cache  cache
}

// New makes a client; it asks nothing.
func New(o Options) (*Client, error) {
	server := strings.TrimSuffix(cmp.Or(o.Server, DefaultServer), "/")
	if u, err := url.Parse(server); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("server %q is no address; write for example %s", o.Server, DefaultServer)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CA != "" {
		text, err := os.ReadFile(o.CA)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s has no certificate in PEM form", o.CA)
		}
		transport.TLSClientConfig.RootCAs = pool
	}
	if o.Cert != "" || o.Key != "" {
		pair, err := tls.LoadX509KeyPair(o.Cert, o.Key)
		if err != nil {
			return nil, fmt.Errorf("client's certificate: %w", err)
		}
		transport.TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	return &Client{
		server: server, token: o.Token, tries: cmp.Or(o.Tries, 3), cache: cache{kept: map[string]answer{}},
		http: &http.Client{
			Timeout: cmp.Or(o.Timeout, 30*time.Second), Transport: transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Query picks of a list what is of a type, of a workload, since a time or an age ("90m"); the latest Limit. What is empty picks everything.
type Query struct {
	Type     string
	Workload foreshock.ID
	Since    string
	Limit    int
}

func (q Query) values() url.Values {
	v := url.Values{}
	for name, s := range map[string]string{"type": q.Type, "workload": string(q.Workload), "since": q.Since} {
		if s != "" {
			v.Set(name, s)
		}
	}
	if q.Limit != 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return v
}

// Workloads lists all that is watched, the worst first.
func (c *Client) Workloads(ctx context.Context) ([]pipeline.View, error) {
	list := []pipeline.View{}
	err := pages(ctx, c, address("/workloads", url.Values{"order": {"id"}}), func(items []pipeline.View) bool {
		list = append(list, items...)
		return true
	})
	slices.SortStableFunc(list, func(a, b pipeline.View) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Score, a.Score))
	})
	return list, err
}

// Workload gives all that is known of a workload.
func (c *Client) Workload(ctx context.Context, id foreshock.ID) (d pipeline.Detail, err error) {
	return d, c.get(ctx, "/workloads/"+id.Path(), nil, &d)
}

// Explain says why, now or at a moment: a time or an age ("90m"); "" is now.
func (c *Client) Explain(ctx context.Context, id foreshock.ID, at string) (x api.Explanation, err error) {
	q := url.Values{}
	if at != "" {
		q.Set("at", at)
	}
	return x, c.get(ctx, "/explain/"+id.Path(), q, &x)
}

// Report says what a policy that observes would have done.
func (c *Client) Report(ctx context.Context, policy string) (r api.Reported, err error) {
	return r, c.get(ctx, "/reports/"+url.PathEscape(policy), nil, &r)
}

// Status says how the program itself is.
func (c *Client) Status(ctx context.Context) (s api.Status, err error) {
	return s, c.get(ctx, "/status", nil, &s)
}

// Events lists what happened, the latest last.
func (c *Client) Events(ctx context.Context, q Query) ([]foreshock.Event, error) {
	return latest[foreshock.Event](ctx, c, "/events", q)
}

// Actions lists actions and where they stand, the latest last. Of the query only Limit is of use.
func (c *Client) Actions(ctx context.Context, q Query) ([]foreshock.ActionChange, error) {
	return latest[foreshock.ActionChange](ctx, c, "/actions", q)
}

// Anomalies lists anomalies as they are known last, the latest last; without a Limit the latest 100.
func (c *Client) Anomalies(ctx context.Context, q Query) (list []foreshock.Anomaly, err error) {
	return list, c.get(ctx, "/anomalies", q.values(), &list)
}

// Corrections lists what was learned, the latest last; without a Limit the latest 100.
func (c *Client) Corrections(ctx context.Context, q Query) (list []api.Corrected, err error) {
	return list, c.get(ctx, "/corrections", q.values(), &list)
}

// Approve lets a proposed action go ahead.
func (c *Client) Approve(ctx context.Context, action string) (api.Done, error) {
	return c.post(ctx, "/actions/"+url.PathEscape(action)+"/approve", nil)
}

// Refuse refuses an action that was not sent yet.
func (c *Client) Refuse(ctx context.Context, action, why string) (api.Done, error) {
	return c.post(ctx, "/actions/"+url.PathEscape(action)+"/refuse", api.Because{Why: why})
}

// Settle says what came of a parked action.
func (c *Client) Settle(ctx context.Context, action string, inEffect bool, why string) (api.Done, error) {
	return c.post(ctx, "/actions/"+url.PathEscape(action)+"/settle", api.Settlement{InEffect: &inEffect, Why: why})
}

// Pause stops actions until they are resumed.
func (c *Client) Pause(ctx context.Context, p api.PauseRequest) (api.Done, error) {
	return c.post(ctx, "/pause", p)
}

// Resume lets actions go on.
func (c *Client) Resume(ctx context.Context, p api.PauseRequest) (api.Done, error) {
	return c.post(ctx, "/resume", p)
}

// Opine says what somebody thinks of an anomaly.
func (c *Client) Opine(ctx context.Context, o foreshock.Opinion) (api.Done, error) {
	return c.post(ctx, "/opinions", o)
}

// Undo takes a correction back, by its number.
func (c *Client) Undo(ctx context.Context, correction, why string) (api.Done, error) {
	return c.post(ctx, "/corrections/"+url.PathEscape(correction)+"/undo", api.Because{Why: why})
}

// Reload has the configuration read again.
func (c *Client) Reload(ctx context.Context) (api.Done, error) { return c.post(ctx, "/reload", nil) }
