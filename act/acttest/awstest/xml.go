package awstest

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

type modification struct {
	VolumeID           string `xml:"volumeId"`
	State              string `xml:"modificationState"`
	TargetSize         int    `xml:"targetSize"`
	TargetIOPS         int    `xml:"targetIops,omitempty"`
	TargetType         string `xml:"targetVolumeType"`
	TargetThroughput   int    `xml:"targetThroughput,omitempty"`
	OriginalSize       int    `xml:"originalSize"`
	OriginalIOPS       int    `xml:"originalIops,omitempty"`
	OriginalType       string `xml:"originalVolumeType"`
	OriginalThroughput int    `xml:"originalThroughput,omitempty"`
	Progress           int    `xml:"progress"`
	Start              string `xml:"startTime"`
	End                string `xml:"endTime,omitempty"`
	Message            string `xml:"statusMessage,omitempty"`
}

func (c *change) xml(id string, now time.Time) modification {
	m := modification{
		VolumeID: id, State: c.state(now), Start: c.start.UTC().Format(time.RFC3339Nano),
		TargetSize: int(c.to.Size), TargetIOPS: int(c.to.IOPS), TargetType: c.to.Type, TargetThroughput: int(c.to.Throughput),
		OriginalSize: int(c.from.Size), OriginalIOPS: int(c.from.IOPS), OriginalType: c.from.Type, OriginalThroughput: int(c.from.Throughput),
	}
	switch m.State {
	case "failed":
		m.End, m.Message = c.ready.UTC().Format(time.RFC3339Nano), "there was no room"
	case "optimizing":
		m.Progress = int(100 * now.Sub(c.ready) / max(c.endTime.Sub(c.ready), 1))
	case "completed":
		m.Progress, m.End = 100, c.endTime.UTC().Format(time.RFC3339Nano)
	}
	return m
}

type modified struct {
	XMLName      xml.Name     `xml:"ModifyVolumeResponse"`
	Modification modification `xml:"volumeModification"`
}

type modifications struct {
	XMLName xml.Name       `xml:"DescribeVolumesModificationsResponse"`
	List    []modification `xml:"volumeModificationSet>item"`
}

type operator struct {
	Managed   bool   `xml:"managed"`
	Principal string `xml:"principal"`
}

type tag struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

type attachment struct {
	Instance string `xml:"instanceId"`
	State    string `xml:"status"`
}

type volumeXML struct {
	ID          string       `xml:"volumeId"`
	Size        int          `xml:"size"`
	IOPS        int          `xml:"iops,omitempty"`
	Throughput  int          `xml:"throughput,omitempty"`
	Type        string       `xml:"volumeType"`
	State       string       `xml:"status"`
	Operator    *operator    `xml:"operator"`
	Tags        []tag        `xml:"tagSet>item"`
	Attachments []attachment `xml:"attachmentSet>item"`
}

type volumes struct {
	XMLName xml.Name    `xml:"DescribeVolumesResponse"`
	List    []volumeXML `xml:"volumeSet>item"`
}

// listed gives the values of a list parameter: Name.1, Name.2, …
func listed(form url.Values, name string) (list []string) {
	for i := 1; ; i++ {
		x := form.Get(name + "." + strconv.Itoa(i))
		if x == "" {
			return list
		}
		list = append(list, x)
	}
}

func (e *EBS) describeVolumes(form url.Values) (any, *refusal) {
	ids := listed(form, "VolumeId")
	for _, id := range ids {
		if e.volumes[id] == nil {
			return nil, refuse("InvalidVolume.NotFound", "The volume '%s' does not exist.", id)
		}
	}
	if len(ids) == 0 {
		ids = slices.Sorted(maps.Keys(e.volumes))
	}
	answer := volumes{}
	for _, id := range ids {
		v := e.volumes[id]
		has := map[string]string{"attachment.instance-id": v.Instance, "volume-type": v.Type}
		if filter := form.Get("Filter.1.Name"); filter != "" && has[filter] != form.Get("Filter.1.Value.1") {
			continue
		}
		x := volumeXML{ID: id, Size: int(v.Size), IOPS: int(v.IOPS), Throughput: int(v.Throughput), Type: v.Type, State: "available"}
		if v.Instance != "" {
			x.State, x.Attachments = "in-use", []attachment{{v.Instance, "attached"}}
		}
		if v.Principal != "" {
			x.Operator = &operator{true, v.Principal}
		}
		for _, key := range slices.Sorted(maps.Keys(v.Tags)) {
			x.Tags = append(x.Tags, tag{key, v.Tags[key]})
		}
		answer.List = append(answer.List, x)
	}
	return answer, nil
}

// describeModifications shows the latest of each volume, as EC2 does.
func (e *EBS) describeModifications(form url.Values) (any, *refusal) {
	answer := modifications{}
	for _, id := range listed(form, "VolumeId") {
		v := e.volumes[id]
		if v == nil {
			return nil, refuse("InvalidVolume.NotFound", "The volume '%s' does not exist.", id)
		}
		if v.last == nil {
			return nil, refuse("InvalidVolumeModification.NotFound", "Modification for volume '%s' does not exist.", id)
		}
		answer.List = append(answer.List, v.last.xml(id, e.Now()))
	}
	return answer, nil
}

type instanceXML struct {
	ID   string `xml:"instanceId"`
	Type string `xml:"instanceType"`
}

type instances struct {
	XMLName xml.Name      `xml:"DescribeInstancesResponse"`
	List    []instanceXML `xml:"reservationSet>item>instancesSet>item"`
}

func (e *EBS) describeInstances(form url.Values) (any, *refusal) {
	answer := instances{}
	for _, id := range listed(form, "InstanceId") {
		i, known := e.instances[id]
		if !known {
			return nil, refuse("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", id)
		}
		answer.List = append(answer.List, instanceXML{id, i.Type})
	}
	return answer, nil
}

type typeXML struct {
	Type       string `xml:"instanceType"`
	Hypervisor string `xml:"hypervisor"`
	Optimized  struct {
		IOPS          int     `xml:"baselineIops"`
		Throughput    float64 `xml:"baselineThroughputInMBps"`
		MaxIOPS       int     `xml:"maximumIops"`
		MaxThroughput float64 `xml:"maximumThroughputInMBps"`
	} `xml:"ebsInfo>ebsOptimizedInfo"`
}

type instanceTypes struct {
	XMLName xml.Name  `xml:"DescribeInstanceTypesResponse"`
	List    []typeXML `xml:"instanceTypeSet>item"`
}

func (e *EBS) describeTypes(form url.Values) (any, *refusal) {
	answer := instanceTypes{}
	for _, name := range listed(form, "InstanceType") {
		for _, id := range slices.Sorted(maps.Keys(e.instances)) {
			i := e.instances[id]
			if i.Type != name {
				continue
			}
			x := typeXML{Type: name, Hypervisor: "nitro"}
			if i.Xen {
				x.Hypervisor = "xen"
			}
			x.Optimized.IOPS, x.Optimized.Throughput = int(i.IOPS), i.Throughput
			x.Optimized.MaxIOPS, x.Optimized.MaxThroughput = int(i.MaxIOPS), i.MaxThroughputMB
			answer.List = append(answer.List, x)
			break
		}
	}
	return answer, nil
}

type errorXML struct {
	XMLName xml.Name `xml:"Response"`
	Code    string   `xml:"Errors>Error>Code"`
	Message string   `xml:"Errors>Error>Message"`
	ID      string   `xml:"RequestID"`
}

// write answers as EC2 does.
func write(w http.ResponseWriter, no *refusal, answer any) {
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	if no != nil {
		w.WriteHeader(no.status)
		answer = errorXML{Code: no.code, Message: no.message, ID: "awstest"}
	}
	_ = xml.NewEncoder(w).Encode(answer)
}
