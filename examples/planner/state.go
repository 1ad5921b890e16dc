package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/foreshock-io/foreshock/capacity"
)

// restoreFile reads the grants that were held when the program ended.
func (s *server) restoreFile(ctx context.Context) error {
	if s.file == "" {
		return nil
	}
	data, err := os.ReadFile(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the first start
	}
	var held []capacity.Held
	if err == nil {
		err = json.Unmarshal(data, &held)
	}
	if err != nil {
		return fmt.Errorf("grants of the last run: %w", err)
	}
	return s.pools.Restore(ctx, time.Now(), held)
}

// save replaces the file by one with the grants that are held now. Either the old or the new one is there, whatever happens.
func (s *server) save(now time.Time) error {
	if s.file == "" {
		return nil
	}
	data, err := json.Marshal(s.pools.Held(now))
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(s.file), ".grants-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // there only after an error
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), s.file)
}
