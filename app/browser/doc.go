// Package browser holds the tests of the pages in a real browser, Chromium, with the whole program behind them.
package browser
