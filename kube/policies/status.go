package policies

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Report is what came of a policy.
type Report struct {
	Faults    []string // why it is refused; none: it is accepted
	Mode      string   // in force: that of the policy, or of the program where that is stricter
	Workloads int      // under it
	Last      *Decision
}

// Decision is the last one that was more than to do nothing.
type Decision struct {
	Time     time.Time
	Workload string
	Kind     string
	Text     string
}

// The conditions of a policy, and their reasons.
const (
	Accepted = "Accepted" // it is in force
	Matching = "Matching" // there are workloads under it
)

// manager is the field manager of what is written, and the component that events are from.
const manager = "foreshock"

// Write brings the status of an object up to date and keeps it in o; nothing is sent where it is already, or where the object is gone. That a spec was
// accepted or refused is an event too.
func (s *Source) Write(ctx context.Context, o *Object, r *Report, now time.Time) error {
	status := o.reported(r, now)
	if reflect.DeepEqual(status, o.status) {
		return nil
	}
	body, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	options := metav1.PatchOptions{FieldManager: manager, FieldValidation: metav1.FieldValidationStrict}
	if _, err := s.cluster.Resource(kind).Patch(ctx, o.Name, types.MergePatchType, body, options, "status"); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		return fmt.Errorf("write the status of %s: %w", o.Name, err)
	}
	seen, judged := o.status["observedGeneration"].(int64)
	was, is := condition(o.status, Accepted)["status"], condition(status, Accepted)
	o.status = status
	if judged && seen == o.Generation && was == is["status"] {
		return nil
	}
	return s.Tell(ctx, o, Event{Reason: is["reason"].(string), Text: is["message"].(string), Warning: is["status"] == string(metav1.ConditionFalse), Time: now})
}

// reported is the status by a report.
func (o *Object) reported(r *Report, now time.Time) map[string]any {
	accepted := []string{string(metav1.ConditionTrue), "Valid", "the policy is in force with mode " + r.Mode}
	matching := []string{string(metav1.ConditionTrue), "WorkloadsFound", "workloads are under the policy"}
	switch {
	case len(r.Faults) > 0:
		accepted = []string{string(metav1.ConditionFalse), "Invalid", bounded(strings.Join(r.Faults, "; "))}
		matching = []string{string(metav1.ConditionFalse), "Refused", "the policy is not in force"}
	case r.Workloads == 0:
		matching = []string{string(metav1.ConditionFalse), "NoWorkload", "no workload that is known is under the policy: none matches, or an earlier policy has them"}
	}
	status := map[string]any{
		"observedGeneration": o.Generation, "mode": r.Mode, "workloads": int64(r.Workloads),
		"conditions": []any{o.condition(Accepted, accepted, now), o.condition(Matching, matching, now)},
	}
	if last, kept := o.status["lastDecision"]; kept {
		status["lastDecision"] = last
	}
	if d := r.Last; d != nil {
		status["lastDecision"] = map[string]any{
			"time": d.Time.UTC().Format(time.RFC3339), "workload": d.Workload, "kind": d.Kind, "text": bounded(d.Text),
		}
	}
	return status
}

// condition is one that keeps the time of its last transition where its status is what it was.
func (o *Object) condition(name string, is []string, now time.Time) map[string]any {
	since := now.UTC().Format(time.RFC3339)
	if was := condition(o.status, name); was["status"] == is[0] {
		since, _ = was["lastTransitionTime"].(string)
	}
	return map[string]any{
		"type": name, "status": is[0], "reason": is[1], "message": is[2], "lastTransitionTime": since, "observedGeneration": o.Generation,
	}
}

// condition finds one in a status; nil where it is not there.
func condition(status map[string]any, name string) map[string]any {
	list, _, _ := unstructured.NestedSlice(status, "conditions")
	for _, x := range list {
		if c, is := x.(map[string]any); is && c["type"] == name {
			return c
		}
	}
	return nil
}

// mostText is how many bytes of a message are written: as many as an event may have.
const mostText = 1024

func bounded(text string) string {
	if len(text) <= mostText {
		return text
	}
	text = text[:mostText-len("…")]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + "…"
}

// Event is something that happened under a policy.
type Event struct {
	Reason  string // CamelCase
	Text    string
	Warning bool
	Time    time.Time
}

var eventKind = schema.GroupVersionResource{Version: "v1", Resource: "events"}

// home is the namespace of events about what is in none.
const home = "default"

// Tell makes an event about an object.
func (s *Source) Tell(ctx context.Context, o *Object, e Event) error {
	at, about := e.Time.UTC().Format(time.RFC3339), "Normal"
	if e.Warning {
		about = "Warning"
	}
	event := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Event", "metadata": map[string]any{"generateName": o.Name + ".", "namespace": home},
		"involvedObject": map[string]any{"apiVersion": Group + "/" + Version, "kind": Kind, "name": o.Name, "uid": o.UID},
		"reason":         e.Reason, "message": bounded(e.Text), "type": about,
		"source": map[string]any{"component": manager}, "firstTimestamp": at, "lastTimestamp": at, "count": int64(1),
	}}
	if _, err := s.cluster.Resource(eventKind).Namespace(home).Create(ctx, event, metav1.CreateOptions{FieldManager: manager}); err != nil {
		return fmt.Errorf("event of %s: %w", o.Name, err)
	}
	return nil
}
