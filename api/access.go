package api

import (
	"net/http"

	"github.com/foreshock-io/foreshock/api/access"
)

// Access is what guards the routes.
type Access = access.Guard

// Role is what a caller may do.
type Role = access.Role

// The roles.
const (
	Push    = access.Push
	Read    = access.Read
	Approve = access.Approve
	Admin   = access.Admin
)

// Actor is who sent a request that was let pass, as the journal has it.
func Actor(r *http.Request) string { return access.Of(r).Name }
