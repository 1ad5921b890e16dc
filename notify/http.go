package notify

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Post sends a request and makes an error of an answer other than success: one that wraps [ErrRefused] where another try would have the same
// answer, an [AfterError] where a time to wait is stated. No error has the address, which may hold what should not be in a log.
func Post(client *http.Client, r *http.Request) error {
	r.Header.Set("User-Agent", "foreshock")
	answer, err := client.Do(r)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return err
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1024))
	code := answer.StatusCode
	if code >= 200 && code < 300 {
		return nil
	}
	err = fmt.Errorf("the answer is %s: %s", foreshock.OneLine(answer.Status), foreshock.OneLine(string(text)))
	switch again := code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500; {
	case !again:
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case answer.Header.Get("Retry-After") != "":
		if seconds, bad := strconv.ParseUint(answer.Header.Get("Retry-After"), 10, 16); bad == nil {
			return &AfterError{After: time.Duration(seconds) * time.Second, Err: err}
		}
	}
	return err
}
