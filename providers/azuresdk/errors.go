package azuresdk

import (
	"encoding/json"
	"errors"
	"regexp"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/foreshock-io/foreshock"
)

// Status is the HTTP status with which Azure answered, or 0, and the code of the error, or "".
func Status(err error) (status int, code string) {
	var answer *azcore.ResponseError
	if errors.As(err, &answer) {
		return answer.StatusCode, answer.ErrorCode
	}
	return 0, ""
}

// NoToken says that an error is that the chain of credentials gave no token.
func NoToken(err error) bool {
	var failed *azidentity.AuthenticationFailedError
	return errors.As(err, &failed)
}

// Text is what may be told of an error of the SDK: the code and the words of Azure, or what kept it from being asked.
func Text(err error) string {
	var answer *azcore.ResponseError
	if !errors.As(err, &answer) {
		return Redact(err.Error())
	}
	said := struct {
		Message string
		Error   struct{ Message string }
	}{}
	if answer.RawResponse != nil {
		if body, err := runtime.Payload(answer.RawResponse); err == nil {
			_ = json.Unmarshal(body, &said) // what is no JSON says nothing
		}
	}
	message := said.Error.Message
	if message == "" {
		message = said.Message
	}
	code := answer.ErrorCode
	if code == "" && answer.RawResponse != nil {
		code = answer.RawResponse.Status
	}
	if message == "" {
		return Redact(code)
	}
	return Redact(code + ": " + message)
}

var (
	// longWord finds secrets, tokens and signatures.
	longWord = regexp.MustCompile(`[A-Za-z0-9~._+=-]{32,}`)
	uuid     = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// Redact is text from outside as it may stand in logs: one line of a bounded length, without what looks like a credential.
func Redact(s string) string {
	return foreshock.OneLine(longWord.ReplaceAllStringFunc(s, func(word string) string {
		if uuid.MatchString(word) {
			return word
		}
		return "…"
	}))
}
