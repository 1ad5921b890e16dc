package main

import (
	"archive/tar"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// nobody is the user in the image: a number, so that Kubernetes can tell that it is not root.
const nobody = 65532

// imageFolder is the image as an OCI layout, which skopeo, crane, podman and containerd read: skopeo copy oci:dist/image docker://….
const imageFolder = "image"

// image makes an image of nothing but the program, its configuration and a folder for its data, for all architectures.
func (r *release) image() error {
	say("laying out", imageFolder)
	index := mutate.IndexMediaType(v1.ImageIndex(empty.Index), types.OCIImageIndex)
	for _, arch := range r.archs {
		img, err := r.imageFor(arch)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	folder := filepath.Join(r.out, imageFolder)
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	if err := path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": r.version})); err != nil {
		return err
	}
	return filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		relative, err := filepath.Rel(r.out, file)
		r.files = append(r.files, relative)
		return err
	})
}

func (r *release) imageFor(arch string) (v1.Image, error) {
	content, err := r.tree(arch)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if img, err = mutate.AppendLayers(img, layer); err != nil {
		return nil, err
	}
	return mutate.ConfigFile(img, r.configFile(arch, img))
}

func (r *release) configFile(arch string, img v1.Image) *v1.ConfigFile {
	file, _ := img.ConfigFile() // of an image in memory, which has one
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = "linux", arch, v1.Time{Time: r.time}
	file.Config = v1.Config{
		User: "65532:65532", WorkingDir: "/var/lib/foreshock", Entrypoint: []string{"/usr/bin/foreshock"}, Cmd: []string{"run", "-c", "/etc/foreshock/foreshock.yaml"},
		ExposedPorts: map[string]struct{}{"9750/tcp": {}}, Volumes: map[string]struct{}{"/var/lib/foreshock": {}},
		Labels: map[string]string{
			"org.opencontainers.image.title": "foreshock", "org.opencontainers.image.version": r.version, "org.opencontainers.image.licenses": "Apache-2.0",
			"org.opencontainers.image.source": "https://github.com/foreshock-io/foreshock",
		},
	}
	return file
}

// tree is the image's content as a tar.
func (r *release) tree(arch string) ([]byte, error) {
	var content bytes.Buffer
	w := tar.NewWriter(&content)
	for _, entry := range []struct {
		path, from string
		mode       int64
		owner      int
	}{
		{path: "etc/", mode: 0o755},
		{path: "etc/foreshock/", mode: 0o755},
		{path: "etc/foreshock/foreshock.yaml", from: filepath.Join(r.root, "deploy/release/packages/foreshock.yaml"), mode: 0o644},
		{path: "usr/", mode: 0o755},
		{path: "usr/bin/", mode: 0o755},
		{path: "usr/bin/foreshock", from: filepath.Join(r.out, name(arch)), mode: 0o755},
		{path: "tmp/", mode: 0o1777},
		{path: "var/", mode: 0o755},
		{path: "var/lib/", mode: 0o755},
		{path: "var/lib/foreshock/", mode: 0o750, owner: nobody},
	} {
		h := &tar.Header{Name: entry.path, Mode: entry.mode, Uid: entry.owner, Gid: entry.owner, ModTime: r.time, Format: tar.FormatPAX, Typeflag: tar.TypeDir}
		var data []byte
		if !strings.HasSuffix(entry.path, "/") {
			var err error
			if data, err = os.ReadFile(entry.from); err != nil {
				return nil, err
			}
			h.Typeflag, h.Size = tar.TypeReg, int64(len(data))
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
	}
	return content.Bytes(), w.Close()
}
