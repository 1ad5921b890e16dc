package otlp

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
)

// What a request becomes when it is decoded may be far larger than itself: an empty message takes two bytes, and
// some hundred as a struct; and attributes may nest so deep that decoding them, which is recursive, ends the program.
// So a request is counted first, by the shape that its messages have.

const (
	// weightPerByte: a packed number of one byte becomes one of eight.
	weightPerByte = 9
	// weightPerMessage is about the largest struct that a message is decoded to, with its pointer.
	weightPerMessage = 320
	// maxDepth is how deep messages may nest; 8 levels are metrics or spans, the rest are attributes in attributes.
	maxDepth = 64
)

// shape is a message, as far as it holds others: its fields that are messages, or texts that repeat.
type shape struct {
	fields map[protowire.Number]*shape
}

type fields = map[protowire.Number]*shape

func of(f fields) *shape { return &shape{f} }

var metricsRequest, tracesRequest = requests()

// requests gives the shapes of the two requests, after opentelemetry-proto 1.x.
func requests() (metrics, traces *shape) {
	var (
		leaf      = of(nil)
		anyValue  = of(nil)
		keyValue  = of(fields{2: anyValue})
		entityRef = of(fields{3: leaf, 4: leaf})
		resource  = of(fields{1: keyValue, 3: entityRef})
		scope     = of(fields{3: keyValue})
	)
	anyValue.fields = fields{5: of(fields{1: anyValue}), 6: of(fields{1: keyValue})} // values nest
	group := func(item *shape) *shape {
		items := of(fields{1: scope, 2: item})
		return of(fields{1: of(fields{1: resource, 2: items, 1000: items})})
	}
	exemplar := of(fields{7: keyValue})
	number := of(fields{1: of(fields{5: exemplar, 7: keyValue})})
	metric := of(fields{
		5:  number,
		7:  number,
		9:  of(fields{1: of(fields{8: exemplar, 9: keyValue})}),
		10: of(fields{1: of(fields{1: keyValue, 8: leaf, 9: leaf, 11: exemplar})}),
		11: of(fields{1: of(fields{6: leaf, 7: keyValue})}),
		12: keyValue,
	})
	span := of(fields{9: keyValue, 11: of(fields{3: keyValue}), 13: of(fields{4: keyValue}), 15: leaf})
	return group(metric), group(span)
}

// count gives how many messages b holds.
func (s *shape) count(b []byte) (int, error) {
	n := 0
	if err := s.walk(b, 0, &n); err != nil {
		return 0, err
	}
	return n, nil
}

func (s *shape) walk(b []byte, depth int, n *int) error {
	if depth > maxDepth {
		return refuse(codes.InvalidArgument, "request nests deeper than %d levels", maxDepth)
	}
	for len(b) > 0 {
		field, wire, size := protowire.ConsumeTag(b)
		if size < 0 {
			return refuse(codes.InvalidArgument, "request is malformed: %v", protowire.ParseError(size))
		}
		b = b[size:]
		inner := s.fields[field]
		if wire != protowire.BytesType || inner == nil {
			if size = protowire.ConsumeFieldValue(field, wire, b); size < 0 {
				return refuse(codes.InvalidArgument, "request is malformed: %v", protowire.ParseError(size))
			}
			b = b[size:]
			continue
		}
		message, size := protowire.ConsumeBytes(b)
		if size < 0 {
			return refuse(codes.InvalidArgument, "request is malformed: %v", protowire.ParseError(size))
		}
		*n++
		if err := inner.walk(message, depth+1, n); err != nil {
			return err
		}
		b = b[size:]
	}
	return nil
}

// countJSON gives how many objects and lists there are, without knowing what they are. A backslash hides the next
// byte in a text.
func countJSON(b []byte) (n int, err error) {
	depth, text := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			n++
			if depth++; depth > 3*maxDepth {
				return 0, refuse(codes.InvalidArgument, "request nests deeper than %d levels", 3*maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return n, nil
}
