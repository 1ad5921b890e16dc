package gcptest

import "strings"

// Instance is a virtual machine. Disks are by zone/name.
type Instance struct {
	Type     string
	Disks    []string
	State    string // default: RUNNING
	Spot     bool
	LocalSSD bool
	Group    string // that made it
}

// MachineType is what instances of a type have; Memory in MiB.
type MachineType struct{ CPUs, Memory int }

// AddInstance adds one, by zone/name.
func (e *Engine) AddInstance(name string, i Instance) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i.State == "" {
		i.State = "RUNNING"
	}
	e.instances[name] = &i
}

// Instance gives a copy of an instance as it is now.
func (e *Engine) Instance(name string) Instance {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.settle()
	return *e.instances[name]
}

// AddMachineType adds one, to all zones.
func (e *Engine) AddMachineType(name string, t MachineType) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.machineTypes[name] = t
}

func (e *Engine) getMachineType(c call) (any, *refusal) {
	_, name := parts(c.name)
	t, known := e.machineTypes[name]
	if !known {
		return nil, missing(path("machineTypes", c.name))
	}
	return map[string]any{"kind": "compute#machineType", "name": name, "guestCpus": t.CPUs, "memoryMb": t.Memory}, nil
}

func (e *Engine) getInstance(c call) (any, *refusal) {
	i := e.instances[c.name]
	if i == nil {
		return nil, missing(path("instances", c.name))
	}
	zone, name := parts(c.name)
	var disks []any
	for _, d := range i.Disks {
		disks = append(disks, map[string]any{"source": link(where("disks", d)), "deviceName": d, "type": "PERSISTENT"})
	}
	if i.LocalSSD {
		disks = append(disks, map[string]any{"type": "SCRATCH"})
	}
	model := "STANDARD"
	if i.Spot {
		model = "SPOT"
	}
	j := map[string]any{
		"kind": "compute#instance", "id": "77", "name": name, "status": i.State, "machineType": link("zones/" + zone + "/machineTypes/" + i.Type), "disks": disks,
		"scheduling": map[string]any{"provisioningModel": model, "preemptible": i.Spot},
	}
	if i.Group != "" {
		j["metadata"] = map[string]any{"items": []any{map[string]any{"key": "created-by", "value": "projects/1/zones/" + zone + "/instanceGroupManagers/" + i.Group}}}
	}
	return j, nil
}

// changeInstance begins a change of an instance that is in one of some states.
func (e *Engine) changeInstance(c call, kind string, states []string, begun string, apply func(*Instance)) (any, *refusal) {
	i := e.instances[c.name]
	at := path("instances", c.name)
	if i == nil {
		return nil, missing(at)
	}
	if answer, again := e.repeated(c); again {
		return answer, nil
	}
	fits := strings.Contains(" "+strings.Join(states, " ")+" ", " "+i.State+" ")
	if !fits || e.running(link(at)) {
		return nil, refuse("resourceNotReady", "The resource '%s' is not ready: it is %s", at, i.State)
	}
	if begun != "" {
		i.State = begun
	}
	return e.begin(c, kind, at, 77, func() { apply(i) }), nil
}

func (e *Engine) stopInstance(c call) (any, *refusal) {
	return e.changeInstance(c, "stop", []string{"RUNNING"}, "STOPPING", func(i *Instance) { i.State = "TERMINATED" })
}

func (e *Engine) startInstance(c call) (any, *refusal) {
	return e.changeInstance(c, "start", []string{"RUNNING", "TERMINATED"}, "", func(i *Instance) { i.State = "RUNNING" })
}

func (e *Engine) setMachineType(c call) (any, *refusal) {
	asked, _ := c.body["machineType"].(string)
	name := asked[strings.LastIndex(asked, "/")+1:]
	if _, known := e.machineTypes[name]; !known {
		return nil, refuse("invalid", "Invalid value for field 'machineType': '%s'", asked)
	}
	return e.changeInstance(c, "setMachineType", []string{"TERMINATED"}, "", func(i *Instance) { i.Type = name })
}
