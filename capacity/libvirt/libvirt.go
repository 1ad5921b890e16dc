// Package libvirt is a planner that asks a libvirt daemon what its host and its storage pools have left, before domains grow.
package libvirt

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/hypervisor/libvirt"
)

// Config is the libvirt block of a configuration file.
type Config struct {
	libvirt.Config  `yaml:",inline"`
	capacity.Shares `yaml:",inline"`
}

// Defaults are the settings where a file says nothing.
func Defaults() Config {
	return Config{Config: libvirt.Defaults(), Shares: capacity.DefaultShares("libvirt")}
}

// Factory offers this planner to configuration files as "libvirt".
var Factory = capacity.Factory{Name: "libvirt", New: func(decode func(any) error, env capacity.Env) (capacity.Planner, error) {
	cfg := Defaults()
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// New makes a planner of the settings. It asks nothing yet.
func New(cfg Config, _ capacity.Env) (capacity.Planner, error) {
	faults := append(cfg.Shares.Check("this daemon"), cfg.Config.Check())
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return capacity.Ask(cfg.Hold, cfg.rooms, cfg.Probe), nil
}

// rooms says what a request draws on. Limits on IOPS and throughput cost the host nothing that it would know of.
func (cfg *Config) rooms(ctx context.Context, r *capacity.Request) (rooms []capacity.Room, err error) {
	if !slices.Contains(cfg.Targets, r.Target) {
		return nil, nil
	}
	err = cfg.With(ctx, func(l *rpc.Libvirt) error {
		if r.To.Has(foreshock.DimVCPU) || r.To.Has(foreshock.DimMemory) {
			if rooms, err = cfg.host(l); err != nil {
				return err
			}
		}
		if !r.To.Has(foreshock.DimSize) {
			return nil
		}
		room, err := cfg.storage(l, r.Resource)
		rooms = append(rooms, room)
		return err
	})
	return rooms, err
}

// host is what the host has left: of its share, less what all domains that run have.
func (cfg *Config) host(l *rpc.Libvirt) ([]capacity.Room, error) {
	_, kib, cpus, _, _, _, _, _, err := l.NodeGetInfo()
	if err != nil {
		return nil, err
	}
	records, err := l.ConnectGetAllDomainStats(nil, uint32(rpc.DomainStatsBalloon|rpc.DomainStatsVCPU), uint32(rpc.ConnectGetAllDomainsStatsActive))
	if err != nil {
		return nil, err
	}
	vcpus, memory := cfg.VCPUs*float64(cpus), cfg.Memory*float64(kib)*1024
	for _, record := range records {
		stats := libvirt.NewStats(record.Params)
		n, counted := stats.Uint("vcpu.current")
		has, known := stats.Uint("balloon.current")
		if !counted || !known {
			return nil, fmt.Errorf("what domain %s has is not known", record.Dom.Name)
		}
		vcpus, memory = vcpus-float64(n), memory-float64(has)*1024
	}
	return []capacity.Room{
		{Name: "the host's processors", Dimension: foreshock.DimVCPU, Free: vcpus, Quantum: 1},
		{Name: "the host's memory", Dimension: foreshock.DimMemory, Free: memory, Quantum: 1 << 20},
	}, nil
}

// storage is what the pool has left in which a disk lies: of its share, less what all its volumes may come to.
func (cfg *Config) storage(l *rpc.Libvirt, resource string) (capacity.Room, error) {
	volume, err := findVolume(l, resource)
	if err != nil {
		return capacity.Room{}, err
	}
	pool, err := l.StoragePoolLookupByVolume(volume)
	if err != nil {
		return capacity.Room{}, err
	}
	_, total, _, available, err := l.StoragePoolGetInfo(pool)
	if err != nil {
		return capacity.Room{}, err
	}
	volumes, _, err := l.StoragePoolListAllVolumes(pool, 1, 0)
	if err != nil {
		return capacity.Room{}, err
	}
	free := cfg.Storage * float64(total)
	for _, v := range volumes {
		_, size, allocated, err := l.StorageVolGetInfo(v)
		if err != nil {
			return capacity.Room{}, err
		}
		free -= float64(max(size, allocated))
	}
	return capacity.Room{Name: "pool " + pool.Name, Dimension: foreshock.DimSize, Free: min(free, float64(available)), Quantum: 1 << 20}, nil
}

// findVolume finds the volume that a disk ("db1/vda") lies on.
func findVolume(l *rpc.Libvirt, resource string) (rpc.StorageVol, error) {
	name, disk, _ := strings.Cut(resource, "/")
	found, err := libvirt.Lookup(l, name)
	if err != nil {
		return rpc.StorageVol{}, err
	}
	text, err := l.DomainGetXMLDesc(found, 0)
	if err != nil {
		return rpc.StorageVol{}, err
	}
	var desc struct {
		Disks []struct {
			Source struct {
				File   string `xml:"file,attr"`
				Pool   string `xml:"pool,attr"`
				Volume string `xml:"volume,attr"`
			} `xml:"source"`
			Target struct {
				Dev string `xml:"dev,attr"`
			} `xml:"target"`
		} `xml:"devices>disk"`
	}
	if err := xml.Unmarshal([]byte(text), &desc); err != nil {
		return rpc.StorageVol{}, fmt.Errorf("description of domain %s: %w", name, err)
	}
	for _, d := range desc.Disks {
		switch {
		case d.Target.Dev != disk:
		case d.Source.Pool != "":
			pool, err := l.StoragePoolLookupByName(d.Source.Pool)
			if err != nil {
				return rpc.StorageVol{}, err
			}
			return l.StorageVolLookupByName(pool, d.Source.Volume)
		case d.Source.File != "":
			v, err := l.StorageVolLookupByPath(d.Source.File)
			if libvirt.IsCode(err, rpc.ErrNoStorageVol) {
				err = fmt.Errorf("%w; make a pool of its folder (virsh pool-define-as, pool-start) or refresh it", err)
			}
			return v, err
		}
	}
	return rpc.StorageVol{}, fmt.Errorf("domain %s has no disk %q in a storage pool", name, disk)
}
