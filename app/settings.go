package app

import (
	"errors"
	"log/slog"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/api/keda"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/kube/policies"
	"github.com/foreshock-io/foreshock/notify"
	"github.com/foreshock-io/foreshock/profile"
	"github.com/foreshock-io/foreshock/store"
)

// Settings describes all that a configuration may have, each component's own settings among it.
func Settings() *config.Setting {
	profiles, executor, policy, doors := profile.Default(), act.DefaultConfig(), decide.Default(), access.Default()
	return config.Describe(config.Places{
		Blocks: map[string]any{
			"profile": &profiles, "executor": &executor, "policies": &policy, "access": &doors, "keda": &keda.Config{},
			"detect": &detectBlock{Config: detect.Default()}, "forecast": &forecastBlock{Config: forecast.Default()},
		},
		Components: components(),
	})
}

// components are the components by the place where a configuration names them.
func components() map[string][]config.Part {
	log := slog.New(slog.DiscardHandler)
	list := map[string][]config.Part{}
	add := func(place, name string, begin func(decode func(any) error)) {
		list[place] = append(list[place], config.Part{Name: name, Settings: settingsOf(begin)})
	}
	for _, f := range sources {
		add("sources", f.Name, func(decode func(any) error) { _, _ = f.New(decode, ingest.Env{Log: log}) })
	}
	for _, f := range stores {
		add("store", f.Name, func(decode func(any) error) { _, _ = f.New(decode, store.Env{Log: log}) })
	}
	for _, f := range methods {
		add("detect.methods", f.Name, func(decode func(any) error) { _, _ = f.New(decode) })
	}
	for _, f := range models {
		add("forecast.models", f.Name, func(decode func(any) error) { _, _ = f.New(decode) })
	}
	for _, f := range planners {
		add("capacity", f.Name, func(decode func(any) error) { _, _ = f.New(decode, capacity.Env{Log: log}) })
	}
	for _, f := range targets {
		add("targets", f.Name, func(decode func(any) error) { _, _ = f.New(decode, act.Env{Log: log, Name: f.Name}) })
	}
	for _, f := range notifiers {
		add("notify", f.Name, func(decode func(any) error) { _, _ = f.New(decode, notify.Env{Log: log, Name: f.Name}) })
	}
	objects := policies.Defaults()
	list["policies_from"] = []config.Part{{Name: "kubernetes", Settings: &objects}}
	return list
}

// settingsOf lets a component begin, and takes what it asks to be decoded: its settings over its defaults. It gets no further.
func settingsOf(begin func(decode func(any) error)) (settings any) {
	begin(func(into any) error {
		settings = into
		return errors.New("only the settings are wanted")
	})
	return settings
}
