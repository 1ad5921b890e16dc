package guest_test

import "testing"

func TestInsideClosedLoop(t *testing.T) { inside(t) }
