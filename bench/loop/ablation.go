package main

// ablations are Foreshock without a part each, as configurations.
var ablations = []variant{
	{"without anomalies", `
detect: {metrics: {latency_seconds: {absolute: 1e15}, throughput_bps: {absolute: 1e15}, iops: {absolute: 1e15}, queue_depth: {absolute: 1e15}}}
`},
	{"without forecast", `
policies: [{name: simulate, match: ["**"], forecast: false, reduce: {allowed: true}}]
`},
	{"without reserve", `
policies: [{name: simulate, match: ["**"], reduce: {allowed: true}, limits: {budget_kept: -1}}]
`},
}
