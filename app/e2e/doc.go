// Package e2e holds the tests of the whole program from outside: the binary is built, started and killed, real
// servers and a real disk stand around it, and only what a user sees is looked at: the command line, the HTTP API, the files.
package e2e
