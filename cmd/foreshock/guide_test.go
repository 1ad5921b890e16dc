package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/spf13/cobra"
)

// guides are the README and what is in docs, but for what is written from the code.
func guides(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]string{}
	for _, file := range append(files, "../../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		list[filepath.Base(file)] = string(text)
	}
	return list
}

// madeUpVolume is what go run ./examples/volume writes.
var madeUpVolume = sync.OnceValues(func() ([]byte, error) {
	volume := exec.Command("go", "run", "./examples/volume")
	volume.Dir = "../.."
	return volume.Output()
})

// pasted are the lines that a guide shows to be pasted into a shell: indented by four, outside of fences.
func pasted(text string) (lines []string) {
	fenced, before := false, ""
	for line := range strings.Lines(text) {
		switch command, indented := strings.CutPrefix(line, "    "); {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
		case indented && !fenced && (before == "" || len(lines) > 0 && strings.HasPrefix(before, "    ")):
			lines = append(lines, strings.ReplaceAll(strings.TrimSpace(command), "./bin/foreshock", "foreshock"))
		}
		before = strings.TrimRight(line, "\n")
	}
	return lines
}

// runsHere are the commands that need neither a program that runs nor rights.
var runsHere = []string{"init", "check", "schema", "replay", "detect", "decompose", "forecast", "man", "version", "completion", "help"}

// beside are other programs that a line may use.
var beside = []string{"cut", "grep", "head", "tail", "echo", "sed"}

// canRun says whether a line can be run here: of each part between pipes, what it calls.
func canRun(line string) bool {
	for part := range strings.SplitSeq(line, " | ") {
		words := strings.Fields(part)
		switch {
		case strings.Contains(part, " /"): // it is of the whole machine's folders
			return false
		case len(words) > 1 && words[0] == "foreshock" && slices.Contains(runsHere, words[1]):
		case len(words) > 0 && slices.Contains(beside, words[0]):
		default:
			return false
		}
	}
	return true
}

// What the guides show to be pasted does what it says there, wherever that can be run here.
func TestGuides(t *testing.T) {
	data, err := madeUpVolume()
	if err != nil {
		t.Fatalf("go run ./examples/volume: %v", err)
	}
	wants := map[string]string{ // what lines print that begin so
		"foreshock replay volume.csv":                   "decision grow",
		"foreshock check foreshock.yaml":                "foreshock.yaml: no faults",
		"cut -d, -f1,3 parts.csv":                       "series,60,",
		"cut -d, -f1,3 volume.csv | foreshock forecast": `"coef":{"ar1":`,
	}
	ran := 0
	for name, text := range guides(t) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "volume.csv"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		var printed strings.Builder
		for _, line := range pasted(text) {
			if shown := regexp.MustCompile(`^\d{4}-`).MatchString(line); shown && !strings.Contains(printed.String(), line) {
				t.Errorf("%s shows\n%s\nbut what is pasted before prints\n%s", name, line, printed.String())
			}
			if !canRun(line) {
				continue
			}
			ran++
			sh := exec.CommandContext(t.Context(), "sh", "-e", "-c", line)
			sh.Dir = dir
			out, err := sh.CombinedOutput()
			if err != nil {
				t.Errorf("%s: %s\n%v\n%s", name, line, err, out)
			}
			printed.Write(out)
			for begins, want := range wants {
				if strings.HasPrefix(line, begins) && !strings.Contains(string(out), want) {
					t.Errorf("%s: %s\nprints\n%s\nwithout %q", name, line, out, want)
				}
			}
		}
	}
	if ran < 8 {
		t.Errorf("only %d lines were run", ran)
	}
}

var inline = regexp.MustCompile("`(foreshock [^`]*)`")

// Every command that a guide names is there, with its flags.
func TestGuidesNameWhatIsThere(t *testing.T) {
	for name, text := range guides(t) {
		lines := pasted(text)
		for _, m := range inline.FindAllStringSubmatch(text, -1) {
			lines = append(lines, m[1])
		}
		for _, line := range lines {
			for part := range strings.SplitSeq(strings.ReplaceAll(line, `\|`, ","), " | ") {
				if fault := unknownCommand(part); fault != "" {
					t.Errorf("%s: %s: %s", name, line, fault)
				}
			}
		}
	}
}

// unknownCommand says what is wrong with a command as guides show it: with brackets around what may be left out, and names for what is to be filled in.
func unknownCommand(part string) string {
	words := strings.Fields(strings.NewReplacer("[", " ", "]", " ").Replace(part))
	if len(words) < 2 || words[0] != "foreshock" {
		return ""
	}
	root := documented()
	if end := slices.IndexFunc(words, func(word string) bool { return word == "#" || word == ">" || word == "&&" }); end > 0 {
		words = words[:end]
	}
	c, _, err := root.Find(words[1:])
	if err != nil || c == root {
		return "there is no such command"
	}
	for _, word := range words[2:] {
		flag, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		switch {
		case strings.HasPrefix(word, "--") && c.Flags().Lookup(flag) == nil:
			return "there is no flag " + word
		case len(word) == 2 && word[0] == '-' && lacks(c, word[1:]):
			return "there is no flag " + word
		}
	}
	return ""
}

// lacks says whether a command has no flag of one letter.
func lacks(c *cobra.Command, letter string) bool { return c.Flags().ShorthandLookup(letter) == nil }

func TestUnknownCommand(t *testing.T) {
	f := func(part, want string) {
		t.Helper()
		if got := unknownCommand(part); got != want {
			t.Errorf("%s: %q, want %q", part, got, want)
		}
	}
	f("foreshock replay FILE [-o json] [--html PAGE]", "")
	f("foreshock pause --only grow", "")
	f("foreshock token new --role admin --name NAME  # for you", "")
	f("foreshock replays FILE", "there is no such command")
	f("foreshock replay --htm PAGE", "there is no flag --htm")
	f("foreshock replay -z", "there is no flag -z")
	f("grep -z x", "")
}
