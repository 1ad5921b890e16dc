package gcptest

import (
	"maps"
	"slices"
)

// Quota is one of a region.
type Quota struct{ Limit, Usage float64 }

// SetQuota makes a quota of a region what it says.
func (e *Engine) SetQuota(region, metric string, q Quota) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.quotas[region] == nil {
		e.quotas[region] = map[string]Quota{}
	}
	e.quotas[region][metric] = q
}

func (e *Engine) getRegion(c call) (any, *refusal) {
	region, _ := parts(c.name)
	known := e.quotas[region]
	if known == nil {
		return nil, missing("regions/" + region)
	}
	var quotas []any
	for _, metric := range slices.Sorted(maps.Keys(known)) {
		quotas = append(quotas, map[string]any{"metric": metric, "limit": known[metric].Limit, "usage": known[metric].Usage})
	}
	return map[string]any{"kind": "compute#region", "name": region, "status": "UP", "quotas": quotas}, nil
}
