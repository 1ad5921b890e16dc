package azuretest

import (
	"context"
	"net/http"
	"time"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"

	"github.com/foreshock-io/foreshock/act/acttest"
)

// find finds what a call is about. The cloud is locked.
type find[T any] func(group, name string) (T, error)

// gets answers with what is found.
func gets[Options, T, Response any](c *Cloud, find find[T], answer func(group, name string, found T) Response) func(context.Context, string, string, *Options) (azfake.Responder[Response], azfake.ErrorResponder) {
	return func(_ context.Context, group, name string, _ *Options) (resp azfake.Responder[Response], no azfake.ErrorResponder) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.settle()
		found, err := find(group, name)
		if err != nil {
			no.SetError(err)
			return
		}
		resp.SetResponse(http.StatusOK, answer(group, name, found), nil)
		return
	}
}

// course is how a change goes.
type course struct {
	state    string
	underWay bool
	fails    bool
	ready    time.Time // when it is in effect, or has failed
}

// begin begins a change.
func (c *Cloud) begin() course {
	return course{"Updating", true, c.Mood() == acttest.FailingLater, c.Now().Add(c.Updating)}
}

// end ends a change that is ready, and says whether it did and failed.
func (p *course) end(now time.Time) (ended, failed bool) {
	if !p.underWay || now.Before(p.ready) {
		return false, false
	}
	p.underWay, p.state = false, "Succeeded"
	if p.fails {
		p.state = "Failed"
	}
	return true, p.fails
}

func (p *course) failsLater() bool { return p.fails }

// begins begins a change of what is found, and answers first with each of the statuses and in the end with what came of it.
func begins[In, Options any, T interface{ failsLater() bool }, Response any](
	c *Cloud, find find[T], change func(found T, in In, o *Options) error, answer func(group, name string, found T) Response, statuses ...int,
) func(context.Context, string, string, In, *Options) (azfake.PollerResponder[Response], azfake.ErrorResponder) {
	return func(_ context.Context, group, name string, in In, o *Options) (resp azfake.PollerResponder[Response], no azfake.ErrorResponder) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.settle()
		found, err := find(group, name)
		if err == nil {
			err = change(found, in, o)
		}
		if err != nil {
			no.SetError(err)
			return
		}
		for _, status := range statuses {
			resp.AddNonTerminalResponse(status, nil)
		}
		if found.failsLater() {
			resp.SetTerminalError(http.StatusConflict, "AllocationFailed")
			return
		}
		resp.SetTerminalResponse(http.StatusOK, answer(group, name, found), nil)
		return
	}
}
