package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock/capacity"
	protocol "github.com/foreshock-io/foreshock/capacity/http"
	"github.com/foreshock-io/foreshock/capacity/limits"
)

// server answers the protocol from pools.
type server struct {
	token string // that callers must have; "" for none
	file  string // that keeps the grants; "" for none
	log   *slog.Logger

	mu    sync.Mutex // one call after another, so that the file has what was answered
	pools *limits.Limits
}

// refused is an error with the status that says it.
type refused struct {
	status int
	error
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST "+protocol.PathReserve, post(s, 64<<10, s.reserve))
	mux.Handle("POST "+protocol.PathCommit, post(s, 64<<10, s.commit))
	mux.Handle("POST "+protocol.PathRelease, post(s, 64<<10, s.release))
	mux.Handle("POST "+protocol.PathRestore, post(s, 64<<20, s.restore))
	mux.HandleFunc("GET /v1/pools", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.usage()) })
	return s.authenticated(mux)
}

func (s *server) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if s.token != "" && subtle.ConstantTimeCompare([]byte(given), []byte(s.token)) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			answer(w, http.StatusUnauthorized, protocol.Problem{Error: "the bearer token is missing or wrong"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// post makes a handler of a call of the protocol. What the call changed is in the file before it is answered.
func post[In any](s *server, most int64, call func(context.Context, time.Time, In) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, most)).Decode(&in); err != nil {
			answer(w, http.StatusBadRequest, protocol.Problem{Error: "the body cannot be read: " + err.Error()})
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		now := time.Now()
		out, err := call(r.Context(), now, in)
		if err == nil {
			err = s.save(now)
		}
		var no refused
		switch {
		case errors.As(err, &no):
			answer(w, no.status, protocol.Problem{Error: no.Error()})
		case err != nil:
			s.log.Error("call", "path", r.URL.Path, "err", err)
			answer(w, http.StatusInternalServerError, protocol.Problem{Error: err.Error()})
		default:
			answer(w, http.StatusOK, out)
		}
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller that is gone asks again
}

// key makes an ID that no other client has.
func key(client, id string) (string, error) {
	if client == "" || id == "" || strings.Contains(client, "/") {
		return "", refused{http.StatusBadRequest, fmt.Errorf("client %q and id %q: both are needed, and a client has no slash", client, id)}
	}
	return client + "/" + id, nil
}

func (s *server) reserve(ctx context.Context, now time.Time, in protocol.Reserve) (any, error) {
	r, err := request(in)
	if err != nil {
		return nil, err
	}
	g, err := s.pools.Reserve(ctx, now, r)
	if err != nil {
		return nil, refused{http.StatusUnprocessableEntity, err}
	}
	s.log.Info("reserve", "client", in.Client, "id", in.ID, "workload", in.Workload, "asked", in.To.String(), "granted", g.Granted.String(), "reason", g.Reason)
	// A grant that is committed has no expiry any more; any time above 0 will do.
	left := max(g.Expires.Sub(now), time.Second)
	return protocol.Grant{ID: in.ID, Granted: g.Granted, ExpiresInSeconds: left.Seconds(), Reason: g.Reason}, nil
}

func request(in protocol.Reserve) (capacity.Request, error) {
	id, err := key(in.Client, in.ID)
	return capacity.Request{
		ID: id, Workload: in.Workload, Target: in.Target, Resource: in.Resource, From: in.From, To: in.To,
		For: seconds(in.ForSeconds),
	}, err
}

// seconds keeps to a year.
func seconds(s float64) time.Duration { return time.Duration(min(max(s, 0), 365*86400) * 1e9) }

func (s *server) commit(ctx context.Context, now time.Time, in protocol.Reference) (any, error) {
	id, err := key(in.Client, in.ID)
	if err == nil {
		err = s.pools.Commit(ctx, now, id)
	}
	if errors.Is(err, capacity.ErrNotHeld) {
		err = refused{http.StatusNotFound, err}
	}
	return struct{}{}, err
}

func (s *server) release(ctx context.Context, now time.Time, in protocol.Reference) (any, error) {
	id, err := key(in.Client, in.ID)
	if err == nil {
		err = s.pools.Release(ctx, now, id)
	}
	return struct{}{}, err
}

// restore replaces the grants of one client, and leaves those of all others.
func (s *server) restore(ctx context.Context, now time.Time, in protocol.Restore) (any, error) {
	mine, err := key(in.Client, "*")
	if err != nil {
		return nil, err
	}
	var held []capacity.Held
	for _, h := range s.pools.Held(now) {
		if !strings.HasPrefix(h.Request.ID, strings.TrimSuffix(mine, "*")) {
			held = append(held, h)
		}
	}
	for _, h := range in.Held {
		h.Client = in.Client
		r, err := request(h.Reserve)
		if err != nil {
			return nil, err
		}
		g := capacity.Grant{ID: r.ID, Granted: h.Grant.Granted, Expires: now.Add(seconds(h.Grant.ExpiresInSeconds)), Reason: h.Grant.Reason}
		held = append(held, capacity.Held{Request: r, Grant: g, Committed: h.Committed})
	}
	s.log.Info("restore", "client", in.Client, "held", len(in.Held))
	return struct{}{}, s.pools.Restore(ctx, now, held)
}

// pool is how a pool stands, for GET /v1/pools.
type pool struct {
	Name      string  `json:"name"`
	Dimension string  `json:"dimension"`
	Total     float64 `json:"total"`
	InUse     float64 `json:"in_use"`
	Granted   float64 `json:"granted"`
	Free      float64 `json:"free"`
}

func (s *server) usage() []pool {
	list := []pool{}
	for _, u := range s.pools.Usage(time.Now()) {
		list = append(list, pool{u.Name, u.Dimension, u.Total, u.InUse, u.Granted, u.Free})
	}
	return list
}
