package storetest_test

import (
	"testing"

	"github.com/foreshock-io/foreshock/store"
	"github.com/foreshock-io/foreshock/store/storetest"
)

// The store of tests keeps the contract that it stands for.
func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Profiles { return storetest.NewMemory() })
}
