// Command release builds what is published: static binaries, packages for Debian and Red Hat, an image, a bill of materials, checksums.
//
// It needs no daemon and no network beyond Go's modules. The same commit gives the same bytes: all times are the commit's. It is a module of
// its own, so that the program does not depend on what packs it.
package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// release is what all parts of one release share.
type release struct {
	root    string // of the repository
	out     string // where all goes
	version string // "0.3.1", or what Go makes of a commit without a tag
	time    time.Time
	archs   []string // as Go names them, this machine's among them: its program writes its own manual
	files   []string // relative to out, in the order in which they were made
}

func main() {
	r := release{}
	flag.StringVar(&r.root, "root", "../..", "folder of the repository")
	flag.StringVar(&r.out, "out", "../../dist", "folder for what is built; made anew")
	archs := flag.String("arch", "amd64,arm64", "architectures, with commas between")
	flag.Parse()
	r.archs = strings.Split(*archs, ",")
	if err := r.build(); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func (r *release) build() error {
	var err error
	if r.root, err = filepath.Abs(r.root); err != nil {
		return err
	}
	if r.out, err = filepath.Abs(r.out); err != nil {
		return err
	}
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	extra, err := os.MkdirTemp("", "foreshock-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(extra)
	for _, arch := range r.archs {
		if err := r.binary(arch); err != nil {
			return err
		}
	}
	if err := r.readBuild(); err != nil {
		return err
	}
	if err := r.extras(extra); err != nil {
		return err
	}
	for _, arch := range r.archs {
		if err := errors.Join(r.packages(arch, extra), r.materials(arch)); err != nil {
			return err
		}
	}
	return errors.Join(r.image(), r.checksums())
}

// name is the file of a binary, relative to out.
func name(arch string) string { return "foreshock-linux-" + arch }

// binary builds the program for an architecture.
func (r *release) binary(arch string) error {
	say("building", name(arch))
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", filepath.Join(r.out, name(arch)), "./cmd/foreshock")
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.root, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=")
	r.files = append(r.files, name(arch))
	return cmd.Run()
}

// readBuild takes version and time from what Go has written into the binary.
func (r *release) readBuild() error {
	info, err := buildinfo.ReadFile(filepath.Join(r.out, name(r.archs[0])))
	if err != nil {
		return err
	}
	r.version = strings.TrimPrefix(info.Main.Version, "v")
	if r.version == "(devel)" || r.version == "" {
		return errors.New("the build knows no version; build from a checkout of git")
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			r.time, err = time.Parse(time.RFC3339, s.Value)
		}
	}
	if err == nil && r.time.IsZero() {
		err = errors.New("the build knows no time of its commit; build from a checkout of git")
	}
	return err
}

// extras lets the program write its manual pages and completions.
func (r *release) extras(dir string) error {
	program := filepath.Join(r.out, name(runtime.GOARCH))
	if out, err := exec.Command(program, "man", filepath.Join(dir, "man")).CombinedOutput(); err != nil {
		return fmt.Errorf("%s man: %w\n%s", program, err, out)
	}
	for shell, file := range map[string]string{"bash": "foreshock.bash", "zsh": "_foreshock", "fish": "foreshock.fish"} {
		out, err := exec.Command(program, "completion", shell).Output()
		if err != nil {
			return fmt.Errorf("%s completion %s: %w", program, shell, err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), out, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// checksums writes SHA256SUMS, as sha256sum -c reads it.
func (r *release) checksums() error {
	var sums bytes.Buffer
	for _, file := range r.files {
		data, err := os.ReadFile(filepath.Join(r.out, file))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), file)
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), sums.Bytes(), 0o644)
}

func say(what, file string) { fmt.Println("release:", what, file) }
