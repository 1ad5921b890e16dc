package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/files"

	_ "github.com/goreleaser/nfpm/v2/deb" // a format registers itself
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// packages makes the packages of an architecture, with the manual pages and completions in a folder.
func (r *release) packages(arch, extra string) error {
	values := map[string]string{
		"ARCH": arch, "VERSION": r.version, "ROOT": r.root, "EXTRA": extra, "BINARY": filepath.Join(r.out, name(arch)),
	}
	text, err := os.ReadFile(filepath.Join(r.root, "deploy/release/nfpm.yaml"))
	if err != nil {
		return err
	}
	config, err := nfpm.Parse(strings.NewReader(os.Expand(string(text), func(key string) string { return values[key] })))
	if err != nil {
		return err
	}
	for _, format := range []string{"deb", "rpm"} {
		if err := r.pack(&config, format); err != nil {
			return fmt.Errorf("%s for %s: %w", format, arch, err)
		}
	}
	return nil
}

func (r *release) pack(config *nfpm.Config, format string) error {
	info, err := config.Get(format)
	if err != nil {
		return err
	}
	info = nfpm.WithDefaults(info)
	info.MTime = r.time
	info.RPM.BuildHost = "foreshock" // else it is the machine's name
	for _, c := range info.Contents {
		if c.FileInfo == nil {
			c.FileInfo = &files.ContentFileInfo{}
		}
		c.FileInfo.MTime = r.time
	}
	packager, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	file := packager.ConventionalFileName(info)
	say("packing", file)
	out, err := os.Create(filepath.Join(r.out, file))
	if err != nil {
		return err
	}
	r.files = append(r.files, file)
	if err := packager.Package(info, out); err != nil {
		return err
	}
	return out.Close()
}
