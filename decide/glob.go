package decide

import (
	"errors"
	"regexp"
	"strings"
)

// compile turns a glob into a regular expression: * is any text without a slash, ** any text, ? one character but the slash,
// [a-z] and [^a-z] one of a set, a backslash takes the next character as it is.
func compile(glob string) (*regexp.Regexp, error) {
	if glob == "" {
		return nil, errors.New("the pattern is empty")
	}
	var b strings.Builder
	b.WriteString(`(?s)^`)
	for rest := glob; rest != ""; {
		var part string
		var err error
		if part, rest, err = next(rest); err != nil {
			return nil, err
		}
		b.WriteString(part)
	}
	b.WriteString(`$`)
	return regexp.Compile(b.String())
}

// next translates the first element of a glob.
func next(glob string) (part, rest string, err error) {
	switch {
	case strings.HasPrefix(glob, "**"):
		return `.*`, glob[2:], nil
	case glob[0] == '*':
		return `[^/]*`, glob[1:], nil
	case glob[0] == '?':
		return `[^/]`, glob[1:], nil
	case glob[0] == '[':
		return set(glob)
	case glob[0] == '\\':
		if glob = glob[1:]; glob == "" {
			return "", "", errors.New("it ends in a backslash")
		}
	}
	r := []rune(glob)[:1]
	return regexp.QuoteMeta(string(r)), glob[len(string(r)):], nil
}

func set(glob string) (part, rest string, err error) {
	inside, rest, closed := strings.Cut(glob[1:], "]")
	negated := strings.HasPrefix(inside, "^") || strings.HasPrefix(inside, "!")
	if negated {
		inside = inside[1:]
	}
	if !closed || inside == "" {
		return "", "", errors.New("a [ is not closed")
	}
	inside = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `^`, `\^`, `&`, `\&`, `~`, `\~`).Replace(inside)
	if negated {
		return `[^/` + inside + `]`, rest, nil
	}
	return `[` + inside + `]`, rest, nil
}
