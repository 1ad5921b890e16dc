package main

import "github.com/foreshock-io/foreshock/pipeline"

// ablations are Foreshock without a part each.
var ablations = []variant{
	{name: "without anomalies", settings: `
detect: {metrics: {latency_seconds: {absolute: 1e15}, throughput_bps: {absolute: 1e15}, iops: {absolute: 1e15}, queue_depth: {absolute: 1e15}}}
`, without: pipeline.Parts{Anomalies: true}},
	{name: "without forecast", settings: `
policies: [{name: simulate, match: ["**"], forecast: false, reduce: {allowed: true}}]
`},
	{name: "without planning", settings: `
policies: [{name: simulate, match: ["**"], reduce: {allowed: true}, limits: {budget_kept: -1}}]
`, without: pipeline.Parts{Planning: true}},
	{name: "without feedback", without: pipeline.Parts{Feedback: true}},
}
