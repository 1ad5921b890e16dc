package capacity

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Room is what a provider has free of one dimension, in the dimension's unit, whoever uses the rest.
type Room struct {
	Name      string // what grants draw on: two rooms of one name are the same
	Dimension foreshock.Dimension
	Free      float64
	Quantum   float64 // a part grant is a multiple of it; 0: any amount
}

// Ask makes a Planner that asks for the rooms on which a request draws, each time that something is to be reserved. What is granted and not yet
// committed is taken off; what is committed is in use, so the provider's own answer has it. Where the rooms cannot be asked for, nothing may grow.
func Ask(hold time.Duration, rooms func(context.Context, *Request) ([]Room, error), answers func(context.Context) (string, error)) *Grants[[]Room] {
	return &Grants[[]Room]{Hold: hold, Find: rooms, Give: give, Answers: answers}
}

// slack is how far what is free may stray, as a share of it: it is a difference of shares.
const slack = 1e-9

// give grants what the rooms leave.
func give(_ context.Context, r *Request, rooms []Room, others []*Drawn[[]Room]) (granted foreshock.Allocation, reason string, _ error) {
	taken := map[string]float64{} // by the names of rooms
	for _, o := range others {
		for _, room := range o.On {
			taken[room.Name] += o.More(room.Dimension)
		}
	}
	var reasons []string
	for _, d := range r.To.Dimensions() {
		to, _ := r.To.Get(d)
		from, _ := r.From.Get(d)
		for _, room := range rooms {
			free := max(0, room.Free-taken[room.Name])
			if room.Dimension != d || to-from <= free*(1+slack) {
				continue
			}
			if room.Quantum > 0 {
				free = math.Floor(free/room.Quantum*(1+slack)) * room.Quantum
			}
			to = from + free
			reasons = append(reasons, fmt.Sprintf("%s has %s left", room.Name, foreshock.FormatAmount(d, free)))
		}
		granted.Set(d, to)
	}
	return granted, strings.Join(reasons, "; "), nil
}
