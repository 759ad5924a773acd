// Package browser holds tests of package live in a browser: a headless Chromium,
// for instance that of Debian's package chromium. Without one they are skipped.
//
//	go test .                                to test
//	go test . -screenshots DIR -count=1      to see what the page looks like
package browser
