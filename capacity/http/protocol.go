package http

import "github.com/foreshock-io/foreshock"

// The paths of version 1, after the address of the planning system. All take a POST.
const (
	PathReserve = "/v1/reserve" // Reserve, answered with a Grant
	PathCommit  = "/v1/commit"  // Reference
	PathRelease = "/v1/release" // Reference
	PathRestore = "/v1/restore" // Restore; a planning system may lack it
)

// Reserve asks for the capacity of one action.
type Reserve struct {
	Client     string               `json:"client"` // who asks; IDs are unique for each client
	ID         string               `json:"id"`
	Workload   foreshock.ID         `json:"workload"`
	Target     string               `json:"target"`
	Resource   string               `json:"resource"`
	From       foreshock.Allocation `json:"from"`        // what there is now
	To         foreshock.Allocation `json:"to"`          // what is wanted of the dimensions that grow
	ForSeconds float64              `json:"for_seconds"` // until it will be committed
}

// Grant answers a Reserve: amounts between from and to, in the dimensions of to. Equal to from, nothing was granted.
type Grant struct {
	ID               string               `json:"id"`
	Granted          foreshock.Allocation `json:"granted"`
	ExpiresInSeconds float64              `json:"expires_in_seconds"`
	Reason           string               `json:"reason,omitempty"` // for people: why not all
}

// Reference names a grant.
type Reference struct {
	Client string `json:"client"`
	ID     string `json:"id"`
}

// Restore lists all the grants of a client that are held.
type Restore struct {
	Client string `json:"client"`
	Held   []Held `json:"held"`
}

// Held is one of them.
type Held struct {
	Reserve
	Grant     Grant `json:"grant"`
	Committed bool  `json:"committed"`
}

// Problem is the body of an answer that is an error.
type Problem struct {
	Error string `json:"error"` // for people
}
