package webhooks

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestAddresses(t *testing.T) {
	f := func(address string, far, near bool) {
		t.Helper()
		for _, g := range []guard{{loopback: false}, {loopback: true}} {
			if err := g.allow("tcp", address, nil); (err == nil) != (far && !g.loopback || near && g.loopback) {
				t.Errorf("%s, %+v: %v", address, g, err)
			}
		}
	}
	f("127.0.0.1:443", false, true)
	f("[::1]:443", false, true)
	f("[::ffff:127.0.0.1]:443", false, true)
	for _, ok := range []string{"10.1.2.3:443", "192.0.2.1:443", "[2001:db8::1]:443", "[64:ff9b::c000:201]:443"} {
		f(ok, true, true)
	}
	for _, bad := range []string{
		"169.254.169.254:80", "[::ffff:169.254.169.254]:80", "[64:ff9b::a9fe:a9fe]:80", "[2002:a9fe:a9fe::1]:80", "[::a9fe:a9fe]:80",
		"[fe80::1%eth0]:80", "[fd00:ec2::254]:80", "[fd20:ce::254]:80", "168.63.129.16:80", "100.100.100.200:80", "192.0.0.192:80",
		"0.0.0.0:80", "[::]:80", "224.0.0.1:80", "[ff02::1]:80", "nonsense",
	} {
		f(bad, false, false)
	}
}

func TestVerify(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	key, err := parseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	f := func(change func(h http.Header), body string, later time.Duration, want string) {
		t.Helper()
		h := http.Header{}
		Sign(h, [][]byte{[]byte("another key"), key}, "msg", now, []byte("body"))
		change(h)
		err := Verify(h, secret, []byte(body), now.Add(later))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	same := func(http.Header) {}
	f(same, "body", 0, "")
	f(same, "body", 4*time.Minute, "")
	f(same, "bodY", 0, "not right")
	f(same, "body", 6*time.Minute, "off")
	f(same, "body", -6*time.Minute, "off")
	f(func(h http.Header) { h.Set(headerID, "other") }, "body", 0, "not right")
	f(func(h http.Header) { h.Set(headerTimestamp, "1700000001") }, "body", 0, "not right")
	f(func(h http.Header) { h.Del(headerTimestamp) }, "body", 0, "missing")
	f(func(h http.Header) { h.Del(headerSignature) }, "body", 0, "not right")
	f(func(h http.Header) { h.Set(headerSignature, "v1,"+h.Get(headerSignature)) }, "body", 0, "")

	// The worked example of the Standard Webhooks specification's reference implementations.
	h := http.Header{}
	Sign(h, [][]byte{key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got := h.Get("webhook-signature"); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" || h.Get("webhook-timestamp") != "1614265330" {
		t.Errorf("the reference example: %v", h)
	}
}
