package main

import (
	"debug/buildinfo"
	"os"
	"path/filepath"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// materials writes the bill of materials of a binary (CycloneDX 1.6): the modules that Go says are in it, and Go itself.
func (r *release) materials(arch string) error {
	info, err := buildinfo.ReadFile(filepath.Join(r.out, name(arch)))
	if err != nil {
		return err
	}
	program := component(cdx.ComponentTypeApplication, info.Main.Path, r.version, "")
	parts := []cdx.Component{component(cdx.ComponentTypeLibrary, "std", strings.TrimPrefix(info.GoVersion, "go"), "")}
	needs := []string{parts[0].BOMRef}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		c := component(cdx.ComponentTypeLibrary, module.Path, module.Version, module.Sum)
		parts, needs = append(parts, c), append(needs, c.BOMRef)
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Timestamp: r.time.UTC().Format(time.RFC3339), Component: &program}
	bom.Components = &parts
	bom.Dependencies = &[]cdx.Dependency{{Ref: program.BOMRef, Dependencies: &needs}}
	file := name(arch) + ".cdx.json"
	say("listing", file)
	out, err := os.Create(filepath.Join(r.out, file))
	if err != nil {
		return err
	}
	r.files = append(r.files, file)
	if err := cdx.NewBOMEncoder(out, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6); err != nil {
		return err
	}
	return out.Close()
}

// component is a module; its sum is Go's own, over all of its files.
func component(kind cdx.ComponentType, path, version, sum string) cdx.Component {
	purl := "pkg:golang/" + path + "@" + version
	c := cdx.Component{BOMRef: purl, Type: kind, Name: path, Version: version, PackageURL: purl}
	if sum != "" {
		c.Properties = &[]cdx.Property{{Name: "go:sum", Value: sum}}
	}
	return c
}
