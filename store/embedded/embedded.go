// Package embedded keeps profiles and the journal in one folder, with no server: profiles in a bbolt file, where each batch is one
// synced transaction, and the journal as an append-only log of its own, where appenders that wait together share one sync. One
// process at a time writes in a folder.
package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/foreshock-io/foreshock/store"
)

// The names in a data folder, besides that of the lock.
const (
	profilesName = "profiles.db"
	journalName  = "journal"
)

// Config is the embedded block of a configuration file. It has no settings: the folder is the program's.
type Config struct{}

// Factory offers this store of profiles to configuration files as "embedded".
var Factory = store.Factory{Name: "embedded", New: func(decode func(any) error, env store.Env) (store.Profiles, error) {
	if err := decode(&Config{}); err != nil {
		return nil, err
	}
	return OpenProfiles(env.Dir, env.Log)
}}

// Store is a folder with profiles and a journal.
type Store struct {
	profiles *Profiles
	journal  *Journal
}

// Open opens the folder, or makes it, for writing. Where another process has it, the error says which.
func Open(dir string, o Options) (*Store, error) {
	journal, err := OpenJournal(dir, o)
	if err != nil {
		return nil, err
	}
	profiles, err := OpenProfiles(dir, o.withDefaults().Log)
	if err != nil {
		return nil, errors.Join(err, journal.Close())
	}
	return &Store{profiles, journal}, nil
}

// OpenReadOnly opens a folder in which no process writes, for commands that look at it while the program does not run. Several can do so
// at once. It changes nothing, not even what a crash left unfinished. While the program runs it is refused,
// since what is being written cannot be told from damage: ask the program instead.
func OpenReadOnly(dir string) (*Store, error) {
	journal, err := openJournal(dir, true, Options{})
	if err != nil {
		return nil, err
	}
	profiles, err := openProfiles(filepath.Join(dir, profilesName), true)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, errors.Join(err, journal.Close())
	}
	return &Store{profiles, journal}, nil
}

// Profiles gives the folder's profiles. They are closed with the store.
func (s *Store) Profiles() store.Profiles { return s.profiles }

// Journal gives the folder's journal. It is closed with the store.
func (s *Store) Journal() *Journal { return s.journal }

// Close gives the folder back.
func (s *Store) Close() error { return errors.Join(s.profiles.Close(), s.journal.Close()) }

// OpenJournal opens the journal of a data folder, or makes both, and holds the folder until the journal is closed.
// That the journal is damaged is no error here: see Damaged.
func OpenJournal(dir string, o Options) (*Journal, error) {
	path := filepath.Join(dir, journalName)
	if err := makeFolder(path); err != nil {
		return nil, err
	}
	return openJournal(dir, false, o)
}

func openJournal(dir string, readOnly bool, o Options) (*Journal, error) {
	held, err := lockFolder(dir, readOnly)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, journalName)
	j, err := loadJournal(folder(path), path, readOnly, o)
	if err != nil {
		return nil, errors.Join(err, held.release())
	}
	j.lock = held
	return j, nil
}

// makeFolder makes a folder, and those above it, so that they are there after a power cut.
func makeFolder(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	above := filepath.Dir(path)
	if above != path {
		if err := makeFolder(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o750); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("data folder: %w", err)
	}
	return syncFolder(above)
}
