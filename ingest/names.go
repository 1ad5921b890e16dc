package ingest

import (
	"fmt"
	"regexp"
)

// Names chooses names. The zero value chooses all.
type Names struct{ include, exclude *regexp.Regexp }

// NewNames chooses those that an expression matches and another does not; "" is none. Each must match all of a name.
func NewNames(include, exclude string) (n Names, err error) {
	if n.include, err = whole(include); err != nil {
		return Names{}, fmt.Errorf("include: %w", err)
	}
	if n.exclude, err = whole(exclude); err != nil {
		return Names{}, fmt.Errorf("exclude: %w", err)
	}
	return n, nil
}

// whole compiles an expression that must match all of a name; nil for none.
func whole(expression string) (*regexp.Regexp, error) {
	if expression == "" {
		return nil, nil
	}
	return regexp.Compile(`^(?:` + expression + `)$`)
}

// Want says whether a name is chosen.
func (n Names) Want(name string) bool {
	return (n.include == nil || n.include.MatchString(name)) && (n.exclude == nil || !n.exclude.MatchString(name))
}
