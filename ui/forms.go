package ui

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/api/problem"
)

// form is what a person does: it gives what is told of it.
type form func(s *site, r *http.Request) (string, error)

// forms are what people can do on pages. Each is done by the same methods of the program as the API's, and lands in the journal with who did it.
var forms = map[string]form{
	"/do/opinion": doOpinion,
	"/do/pause":   doPause,
	"/do/resume":  doResume,
	"/do/approve": doApprove,
	"/do/refuse":  doRefuse,
	"/do/settle":  doSettle,
	"/do/undo":    doUndo,
}

// mostForm bounds what a form sends, in bytes.
const mostForm = 16 << 10

// form does what a form asks for and goes back to where it was sent from, which tells what it came to.
func (s *site) form(f form) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, mostForm)
		if err := r.ParseForm(); err != nil {
			s.fail(w, r, problem.New(http.StatusBadRequest, "the form cannot be read: %s", err))
			return
		}
		text, err := f(s, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: toldCookie, Value: url.QueryEscape(text), Path: "/", MaxAge: 30, HttpOnly: true, SameSite: http.SameSiteStrictMode})
		http.Redirect(w, r, back(r.PostFormValue("back")), http.StatusSeeOther)
	})
}

const toldCookie = "foreshock-told"

// back is a page of this site, whatever a form says.
func back(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) {
		return "/"
	}
	return u.RequestURI()
}

// told is what the last form came to, once.
func told(w http.ResponseWriter, r *http.Request) string {
	c, err := r.Cookie(toldCookie)
	if err != nil {
		return ""
	}
	http.SetCookie(w, &http.Cookie{Name: toldCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	text, err := url.QueryUnescape(c.Value)
	if err != nil {
		return ""
	}
	return foreshock.OneLine(text)
}

func doOpinion(s *site, r *http.Request) (string, error) {
	o := foreshock.Opinion{Workload: foreshock.ID(r.PostFormValue("workload")), Anomaly: r.PostFormValue("anomaly"), Says: r.PostFormValue("says")}
	if o.Says == foreshock.Missed {
		o.At = time.Now().UTC()
		if at := r.PostFormValue("at"); at != "" {
			var err error
			if o.At, err = api.Moment("at", at); err != nil {
				return "", err
			}
		}
	}
	if err := api.CheckOpinion(o); err != nil {
		return "", err
	}
	names := map[string]string{foreshock.FalseAlarm: "a false alarm", foreshock.Missed: "an anomaly that was missed", foreshock.Useful: "a useful alarm"}
	done, err := s.program.Opine(r.Context(), o, access.Of(r).Name)
	return fmt.Sprintf("For %s, %s: %s.", o.Workload, names[o.Says], done), err
}

func pauseOf(r *http.Request) (foreshock.Pause, error) {
	asked := api.PauseRequest{
		Scope: r.PostFormValue("scope"), Only: r.PostFormValue("only"), StopAll: r.PostFormValue("stop_all") != "", For: r.PostFormValue("for"), Reason: r.PostFormValue("reason"),
	}
	return asked.Pause()
}

func doPause(s *site, r *http.Request) (string, error) {
	p, err := pauseOf(r)
	if err != nil {
		return "", err
	}
	return "Paused: " + p.Text() + ".", s.program.Pause(r.Context(), p, access.Of(r).Name)
}

func doResume(s *site, r *http.Request) (string, error) {
	p, err := pauseOf(r)
	if err != nil {
		return "", err
	}
	p.Lifted, p.Until = true, time.Time{}
	return "Resumed: " + p.Text() + ".", s.program.Pause(r.Context(), p, access.Of(r).Name)
}

func doApprove(s *site, r *http.Request) (string, error) {
	id := r.PostFormValue("action")
	return "Approved action " + id + ".", s.program.Approve(r.Context(), id, access.Of(r).Name)
}

func doRefuse(s *site, r *http.Request) (string, error) {
	id := r.PostFormValue("action")
	return "Refused action " + id + ".", s.program.Refuse(r.Context(), id, access.Of(r).Name, r.PostFormValue("why"))
}

func doSettle(s *site, r *http.Request) (string, error) {
	id := r.PostFormValue("action")
	inEffect := r.PostFormValue("in_effect")
	if inEffect != "yes" && inEffect != "no" {
		return "", problem.New(http.StatusBadRequest, "say whether the change is in effect: yes or no")
	}
	return "Settled action " + id + ".", s.program.Settle(r.Context(), id, access.Of(r).Name, inEffect == "yes", r.PostFormValue("why"))
}

func doUndo(s *site, r *http.Request) (string, error) {
	var seq uint64
	if _, err := fmt.Sscan(r.PostFormValue("seq"), &seq); err != nil || seq == 0 {
		return "", problem.New(http.StatusBadRequest, "seq must be the number of a correction")
	}
	return fmt.Sprintf("Undone: correction %d.", seq), s.program.Undo(r.Context(), seq, access.Of(r).Name, r.PostFormValue("why"))
}
