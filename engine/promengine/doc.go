// Package promengine shows an engine's metrics to Prometheus.
//
//	registry.MustRegister(promengine.New(e, nil))
//	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
//
// A Collector pulls: a scrape takes one snapshot of the counters that the engine
// keeps anyway. Between scrapes there is no goroutine and no cost.
//
// Counters only grow, over Engine.Restart, too. Distributions are native histograms,
// with four buckets to a doubling, and classic histograms as well, with bounds that
// are powers of two, so that their counts are exact. Prometheus takes the native ones
// if it is configured to (scrape_native_histograms).
//
// The metrics, all of the namespace contend:
//
//	operations_total{outcome}    how operations ended: completed, failed, rejected, folded,
//	                             masked, displaced, undecided, cleared, withdrawn, stopped
//	submitted_total              accepted for staging
//	refused_total                submissions refused, overloaded_total included
//	decided_total                groups decided, conflicts_total included
//	early_rejections_total, retries_total, direct_total
//	events_dropped_total, journal_blocks_lost_total, incidents_total, restarts_total, sleeps_total
//	staged{shard}, open_windows, running, staging_bytes
//	window_operations            histogram: operations in each group
//	resolution_seconds           histogram: from a window's opening to its decision
//	lateness_seconds             histogram: of decisions beyond their window's end
//	execution_seconds            histogram: of winners
//	cycle_seconds                histogram: of the looks of shards
//	health{state}                1 for the state that it is in: down, failed, degraded, healthy
//	worst_lateness_seconds, stuck_shards, failed_shards
package promengine
