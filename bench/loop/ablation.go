package main

// A policy that is written has the defaults of one without an objective, which the loop states only later: the ablations state those that an objective has.
const objectiveDefaults = `cooldown: 1s, limits: {per_day: 480`

// ablations are Foreshock without a part each, as configurations.
var ablations = []variant{
	{"without anomalies", `
detect: {metrics: {latency_seconds: {absolute: 1e15}, throughput_bps: {absolute: 1e15}, iops: {absolute: 1e15}, queue_depth: {absolute: 1e15}}}
`},
	{"without forecast", `
policies: [{name: simulate, match: ["**"], forecast: false, reduce: {allowed: true, blind: true, cooldown: 1s}, ` + objectiveDefaults + `}}]
`},
	{"without reserve", `
policies: [{name: simulate, match: ["**"], reduce: {allowed: true, cooldown: 1s}, ` + objectiveDefaults + `, budget_kept: -1}}]
`},
}
