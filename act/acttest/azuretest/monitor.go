package azuretest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
	monitor "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor/fake"
)

// Points is what Azure Monitor has of one metric of a disk of a machine, by minutes from Begin on.
type Points struct {
	VM     string // "group/name"
	Metric string // as "Data Disk Read Bytes/sec"
	LUN    string // of the disk; "" for the disk of the operating system
	Begin  time.Time
	Values []float64
}

// Measure adds what Azure Monitor has.
func (c *Cloud) Measure(p ...Points) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.points = append(c.points, p...)
}

func (c *Cloud) metricsServer() *monitor.MetricsServer {
	return &monitor.MetricsServer{List: func(_ context.Context, resource string, o *armmonitor.MetricsClientListOptions) (resp azfake.Responder[armmonitor.MetricsClientListResponse], no azfake.ErrorResponder) {
		c.mu.Lock()
		defer c.mu.Unlock()
		now := c.Now()
		begin, end := now.Add(-time.Hour).Format(time.RFC3339), now.Format(time.RFC3339)
		if o.Timespan != nil {
			begin, end, _ = strings.Cut(*o.Timespan, "/")
		}
		from, err := time.Parse(time.RFC3339, begin)
		until, err2 := time.Parse(time.RFC3339, end)
		if err != nil || err2 != nil || o.Interval != nil && *o.Interval != "PT1M" {
			no.SetError(&refusal{http.StatusBadRequest, "BadRequest", "timespan or interval is not valid"})
			return
		}
		var answer armmonitor.MetricsClientListResponse
		for _, name := range strings.Split(*o.Metricnames, ",") {
			m := &armmonitor.Metric{Name: &armmonitor.LocalizableString{Value: &name}}
			for _, p := range c.points {
				if !strings.EqualFold(p.Metric, name) || !strings.EqualFold("/"+strings.Trim(resource, "/"), *id("virtualMachines", p.VM)) {
					continue
				}
				m.Timeseries = append(m.Timeseries, series(p, from, until, o.Filter != nil))
			}
			answer.Value = append(answer.Value, m)
		}
		resp.SetResponse(http.StatusOK, answer, nil)
		return
	}}
}

func series(p Points, from, until time.Time, split bool) *armmonitor.TimeSeriesElement {
	s := &armmonitor.TimeSeriesElement{}
	if split {
		s.Metadatavalues = []*armmonitor.MetadataValue{{Name: &armmonitor.LocalizableString{Value: to.Ptr("lun")}, Value: &p.LUN}}
	}
	for i, x := range p.Values {
		at := p.Begin.Add(time.Duration(i) * time.Minute)
		if !at.Before(from) && at.Before(until) {
			s.Data = append(s.Data, &armmonitor.MetricValue{TimeStamp: &at, Average: &x, Maximum: &x})
		}
	}
	return s
}

// Autoscale lets an autoscale setting set a scale set, "group/name"; or be there and not be enabled.
func (c *Cloud) Autoscale(set string, enabled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scaled[set] = enabled
}

func (c *Cloud) autoscaleServer() *monitor.AutoscaleSettingsServer {
	return &monitor.AutoscaleSettingsServer{NewListByResourceGroupPager: func(string, *armmonitor.AutoscaleSettingsClientListByResourceGroupOptions) (resp azfake.PagerResponder[armmonitor.AutoscaleSettingsClientListByResourceGroupResponse]) {
		c.mu.Lock()
		defer c.mu.Unlock()
		var list []*armmonitor.AutoscaleSettingResource
		for _, set := range sorted(c.scaled) {
			list = append(list, &armmonitor.AutoscaleSettingResource{
				Location: to.Ptr(Location), Name: to.Ptr("by-cpu"),
				Properties: &armmonitor.AutoscaleSetting{Profiles: []*armmonitor.AutoscaleProfile{}, Enabled: to.Ptr(c.scaled[set]), TargetResourceURI: id("virtualMachineScaleSets", set)},
			})
		}
		resp.AddPage(http.StatusOK, armmonitor.AutoscaleSettingsClientListByResourceGroupResponse{AutoscaleSettingResourceCollection: armmonitor.AutoscaleSettingResourceCollection{Value: list}}, nil)
		return
	}}
}

// event is one of the activity log.
type event struct {
	at                  time.Time
	correlation, status string
	resource            string // whole name
}

// log notes what became of an update of a disk: as several events of one correlation. The caller holds mu.
func (c *Cloud) log(disk string, accepted bool) {
	correlation, states := fmt.Sprint(len(c.events)), []string{"Started", "Failed"}
	if accepted {
		states = []string{"Started", "Accepted", "Succeeded"}
	}
	for _, status := range states {
		c.events = append(c.events, event{c.Now(), correlation, status, *id("disks", disk)})
	}
}

func (c *Cloud) activityServer() *monitor.ActivityLogsServer {
	return &monitor.ActivityLogsServer{NewListPager: func(filter string, _ *armmonitor.ActivityLogsClientListOptions) (resp azfake.PagerResponder[armmonitor.ActivityLogsClientListResponse]) {
		c.mu.Lock()
		defer c.mu.Unlock()
		var list []*armmonitor.EventData
		parts := strings.Split(filter, "'") // eventTimestamp ge '…' and eventTimestamp le '…' and resourceUri eq '…'
		from, err := time.Parse(time.RFC3339, parts[1])
		if err != nil || len(parts) != 7 {
			resp.AddError(&refusal{http.StatusBadRequest, "BadRequest", "the filter is not valid: " + filter})
			return
		}
		for _, e := range c.events {
			if strings.EqualFold(e.resource, parts[5]) && !e.at.Before(from) {
				list = append(list, &armmonitor.EventData{
					CorrelationID: &e.correlation, EventTimestamp: &e.at, Status: &armmonitor.LocalizableString{Value: &e.status},
					OperationName: &armmonitor.LocalizableString{Value: to.Ptr("Microsoft.Compute/disks/write")},
				})
			}
		}
		half := len(list) / 2
		for _, page := range [][]*armmonitor.EventData{list[:half], list[half:]} {
			resp.AddPage(http.StatusOK, armmonitor.ActivityLogsClientListResponse{EventDataCollection: armmonitor.EventDataCollection{Value: page}}, nil)
		}
		return
	}}
}
