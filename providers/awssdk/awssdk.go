// Package awssdk is what all that call Amazon Web Services have in common: the SDK's own settings and credentials, and errors without a
// credential in them.
package awssdk

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"

	"github.com/foreshock-io/foreshock"
)

// Load gives the SDK's settings: credentials, profile, endpoint and, unless one is given, region are those of its environment and files. It
// calls nobody.
func Load(region string) (aws.Config, error) {
	loaded, err := config.LoadDefaultConfig(context.Background(), config.WithRegion(region))
	switch {
	case err != nil:
		return loaded, fmt.Errorf("the SDK's settings: %s", Redact(err.Error()))
	case loaded.Region == "":
		return loaded, errors.New("no region is known; state region, or AWS_REGION in the environment")
	}
	return loaded, nil
}

// Code is the code with which a service answered, or "".
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Text is what may be told of an error of the SDK: the code and the words of the service, or what kept it from being asked.
func Text(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return Redact(api.ErrorCode() + ": " + api.ErrorMessage())
	}
	var op *smithy.OperationError
	if errors.As(err, &op) { // without the SDK's account of how it came to call
		err = op.Err
	}
	return Redact(err.Error())
}

var (
	accessKey = regexp.MustCompile(`\b(AKIA|ASIA|ABIA|ACCA|AIDA|AROA)[A-Z0-9]{8,}`)
	longWord  = regexp.MustCompile(`[A-Za-z0-9/+=_]{32,}`) // secrets, tokens, signatures, encoded messages
)

// Redact is foreshock.OneLine without what looks like a credential.
func Redact(s string) string {
	s, _, _ = strings.Cut(s, "The Canonical String")
	return foreshock.OneLine(longWord.ReplaceAllString(accessKey.ReplaceAllString(s, "…"), "…"))
}
