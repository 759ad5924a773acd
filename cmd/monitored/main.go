// Command monitored is an engine as it runs in production: under a load that it can
// carry and one that it cannot, in turn, and watched by all that watches it there.
//
//	load ─ Submit ─▶ engine ◀─┬─ /              the page of package engine/live
//	  calm, overload,         ├─ /health/live   of package engine/healthz
//	  calm, overload, …       ├─ /health/ready  200 while calm, 503 in an overload
//	                          └─ /metrics       Prometheus, by engine/promengine
//
// Whatever is refused or degraded in an overload is over once it is calm again.
//
// It runs until Ctrl-C or SIGTERM, or for --duration. Then what was accepted is
// still decided, while /health/ready says that no more should be sent, and only then
// it stops answering. It exits with 1 if the load or that end failed, with 2 if it was
// not asked for something that can be run.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"example.com/contend/bench"
	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // the load or the engine's end failed
	exitUsage  = 2 // nothing was run
)

// run is main without the process around it.
func run(ctx context.Context, args []string, out, progress io.Writer) int {
	var f flags
	exited := false
	parser, err := kong.New(&f,
		kong.Name("monitored"),
		kong.Description("Runs a contend engine through calm and overload, with a page, health probes and Prometheus metrics."),
		kong.Writers(out, progress),
		kong.Exit(func(int) { exited = true }),
	)
	if err != nil {
		panic(err) // the flags struct is at fault
	}
	_, err = parser.Parse(args)
	if exited {
		return exitOK // --help was printed
	}
	if err == nil {
		err = f.validate()
	}
	if err == nil {
		err = f.serve(ctx, out, progress)
	}
	if err != nil {
		fmt.Fprintf(progress, "monitored: %v\n", err)
	}
	return statusOf(err)
}

func statusOf(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFailed):
		return exitFailed
	}
	return exitUsage
}

// errFailed is the kind of an error that ended what was running.
var errFailed = errors.New("failed")

// serve runs the service, and answers who watches it until it has ended.
func (f *flags) serve(ctx context.Context, out, progress io.Writer) error {
	s, err := newService(f, progress)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w; use another address, for instance localhost:8081, or localhost:0 for any free port", err)
	}
	server := newServer(listener, handlerOf(s.engine))
	defer server.close()
	announce(progress, server.url())
	sleeper := bench.NewSleeper()
	defer sleeper.Close()
	sum, err := s.run(ctx, sleeper.Sleep)
	sum.print(out)
	return err
}
