// Package azuresdk is what all that call Microsoft Azure have in common: the SDK's own chain of credentials, names of resources, and errors without
// a credential in them.
package azuresdk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Account is a subscription, and how it is called. Credentials are those of azidentity's default chain.
type Account struct {
	Subscription string
	Credential   azcore.TokenCredential
	Options      *arm.ClientOptions
}

// Load makes an account of settings: subscription is a UUID, by default $AZURE_SUBSCRIPTION_ID; endpoint is that of the Resource Manager, by default
// the public cloud's. It calls nobody.
func Load(subscription, endpoint string) (Account, error) {
	if subscription == "" {
		subscription = os.Getenv("AZURE_SUBSCRIPTION_ID")
	}
	var errs []error
	if subscription == "" || strings.ContainsAny(subscription, "/?# ") {
		errs = append(errs, fmt.Errorf("subscription is %q; state the subscription's ID, or AZURE_SUBSCRIPTION_ID in the environment", subscription))
	}
	options := &arm.ClientOptions{DisableRPRegistration: true} // which would need a right of its own, and send a change again
	if endpoint != "" {
		options.Cloud = cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: strings.TrimSuffix(endpoint, "/"), Audience: strings.TrimSuffix(endpoint, "/")},
		}}
		at, err := url.Parse(endpoint)
		switch {
		case err != nil || at.Host == "" || at.User != nil || strings.Trim(at.Path, "/") != "" || at.RawQuery != "":
			errs = append(errs, errors.New("endpoint must be a URL without a path, for example https://management.usgovcloudapi.net"))
		case at.Scheme == "http" && net.ParseIP(at.Hostname()).IsLoopback():
			options.InsecureAllowCredentialWithHTTP = true
		case at.Scheme != "https":
			errs = append(errs, errors.New("endpoint must begin with https: tokens are sent there"))
		}
	}
	credential, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		errs = append(errs, fmt.Errorf("the SDK's settings: %s", Redact(err.Error())))
	}
	return Account{subscription, credential, options}, errors.Join(errs...)
}

// Ready gets a token, which the credential keeps: so that a change that follows sends nothing else first.
func (a Account) Ready(ctx context.Context) error {
	audience := "https://management.azure.com"
	if s, stated := a.Options.Cloud.Services[cloud.ResourceManager]; stated {
		audience = s.Audience
	}
	_, err := a.Credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{audience + "/.default"}, EnableCAE: true})
	return err
}

// Once keeps the SDK from sending the call with this context again.
func Once(ctx context.Context) context.Context {
	return policy.WithRetryOptions(ctx, policy.RetryOptions{MaxRetries: -1})
}

// ID is the whole name of a resource of Microsoft.Compute, for example of kind disks.
func (a Account) ID(kind, group, name string) string {
	return "/subscriptions/" + a.Subscription + "/resourceGroups/" + group + "/providers/Microsoft.Compute/" + kind + "/" + name
}

// Parts are the resource group and the name of a resource's whole name, in lower case: Azure makes no difference.
func Parts(id string) (group, name string, err error) {
	parsed, err := arm.ParseResourceID(id)
	if err != nil || parsed.ResourceGroupName == "" || parsed.Name == "" {
		return "", "", fmt.Errorf("%q is no whole name of a resource", Redact(id))
	}
	return strings.ToLower(parsed.ResourceGroupName), strings.ToLower(parsed.Name), nil
}

// Value is what a pointer of the SDK's points at, or else the zero value.
func Value[T any](p *T) (x T) {
	if p != nil {
		x = *p
	}
	return x
}
