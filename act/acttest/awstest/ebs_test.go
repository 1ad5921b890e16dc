package awstest

import (
	"encoding/xml"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// ask makes a call and gives its body.
func ask(e *EBS, pairs ...string) (status int, body string) {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// modify asks for a modification and gives the code of a refusal, or "".
func modify(t *testing.T, e *EBS, pairs ...string) string {
	t.Helper()
	status, body := ask(e, append([]string{"Action", "ModifyVolume", "VolumeId", "vol-1"}, pairs...)...)
	if status == 200 {
		return ""
	}
	var no struct {
		Code string `xml:"Errors>Error>Code"`
	}
	if err := xml.Unmarshal([]byte(body), &no); err != nil || no.Code == "" {
		t.Fatalf("%d: %s: %v", status, body, err)
	}
	return no.Code
}

func gp3() *EBS {
	return NewEBS(map[string]Volume{"vol-1": {Type: "gp3", Size: 100, IOPS: 5000, Throughput: 200}}, nil)
}

// Each rule by the code with which it is refused.
func TestRefusals(t *testing.T) {
	f := func(want string, pairs ...string) {
		t.Helper()
		e := gp3()
		if got := modify(t, e, pairs...); got != want {
			t.Errorf("%v: %q, want %q", pairs, got, want)
		}
		if _, began := e.Volume("vol-1"); (began == 1) != (want == "") {
			t.Errorf("%v: %d modifications began", pairs, began)
		}
	}
	const value = "InvalidParameterValue"
	f("", "Iops", "50000")
	f(value, "Iops", "50001")
	f(value, "Iops", "2999")
	f(value, "Size", "99")
	f("", "Size", "65536")
	f(value, "Size", "65537")
	f("", "Throughput", "1250")
	f(value, "Throughput", "1251")
	f(value, "Throughput", "124")
	f(value, "Iops", "799", "Throughput", "200")
	f(value, "Size", "a lot")
	f("MissingParameter", "VolumeType", "io2")
	f("", "VolumeType", "io2", "Iops", "100000")
	f(value, "VolumeType", "io2", "Iops", "100001")
	f(value, "VolumeType", "io2", "Iops", "5000", "Throughput", "200")
	f("", "VolumeType", "gp2")
	f(value, "VolumeType", "gp2", "Iops", "3000")
	f("UnknownVolumeType", "VolumeType", "gp9")
	f("", "Iops", "5000") // nothing changes, and it counts
	f("InvalidVolume.NotFound", "VolumeId", "vol-2")
	if status, body := ask(gp3(), "Action", "DeleteVolume"); status != 400 || !strings.Contains(body, "InvalidAction") {
		t.Errorf("%d: %s", status, body)
	}
}

// With another type, what is left out gets its defaults.
func TestDefaultsOfAnotherType(t *testing.T) {
	e := NewEBS(map[string]Volume{"vol-1": {Type: "io2", Size: 100, IOPS: 9000}}, nil)
	now := time.Now()
	e.Now = func() time.Time { return now }
	if code := modify(t, e, "VolumeType", "gp3"); code != "" {
		t.Fatal(code)
	}
	now = now.Add(time.Hour)
	if v, _ := e.Volume("vol-1"); v.Type != "gp3" || v.IOPS != 3000 || v.Throughput != 125 || v.Size != 100 {
		t.Errorf("%+v", v)
	}
}

// Four in any 24 hours, each after the one before it; no longer and no shorter.
func TestBudgetAndStates(t *testing.T) {
	e := gp3()
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := begin
	e.Now, e.Modifying, e.Optimizing = func() time.Time { return now }, time.Minute, time.Hour
	f := func(after time.Duration, iops int, want string) {
		t.Helper()
		now = begin.Add(after)
		if got := modify(t, e, "Iops", fmt.Sprint(iops)); got != want {
			t.Errorf("after %s: %q, want %q", after, got, want)
		}
	}
	state := func(after time.Duration, want string, iops float64) {
		t.Helper()
		now = begin.Add(after)
		_, body := ask(e, "Action", "DescribeVolumesModifications", "VolumeId.1", "vol-1")
		if v, _ := e.Volume("vol-1"); !strings.Contains(body, "<modificationState>"+want+"</modificationState>") || v.IOPS != iops {
			t.Errorf("after %s: %s, %+v; want %s", after, body, v, want)
		}
	}
	f(0, 6000, "")
	state(time.Minute-1, "modifying", 5000)
	f(time.Minute-1, 7000, "IncorrectModificationState")
	state(time.Minute, "optimizing", 6000)
	f(61*time.Minute-1, 7000, "IncorrectModificationState")
	state(61*time.Minute, "completed", 6000)
	f(2*time.Hour, 7000, "")
	f(4*time.Hour, 8000, "")
	f(6*time.Hour, 9000, "")
	f(8*time.Hour, 10000, "VolumeModificationRateExceeded")
	f(24*time.Hour-1, 10000, "VolumeModificationRateExceeded")
	f(24*time.Hour, 10000, "")
	f(26*time.Hour-1, 11000, "VolumeModificationRateExceeded")
	f(26*time.Hour, 11000, "")
	e.FailLater()
	f(28*time.Hour, 12000, "")
	state(29*time.Hour, "failed", 11000)
	f(30*time.Hour, 12000, "") // after a failure, too
}
