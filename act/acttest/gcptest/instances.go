package gcptest

// Instance is a virtual machine. Disks are by zone/name.
type Instance struct {
	Type  string
	Disks []string
}

// AddInstance adds one, by zone/name.
func (e *Engine) AddInstance(name string, i Instance) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.instances[name] = &i
}

func (e *Engine) getInstance(c call) (any, *refusal) {
	i := e.instances[c.name]
	if i == nil {
		return nil, missing(path("instances", c.name))
	}
	zone, name := parts(c.name)
	var disks []any
	for _, d := range i.Disks {
		disks = append(disks, map[string]any{"source": link(path("disks", d)), "deviceName": d})
	}
	return map[string]any{
		"kind": "compute#instance", "name": name, "status": "RUNNING", "machineType": link("zones/" + zone + "/machineTypes/" + i.Type), "disks": disks,
	}, nil
}
