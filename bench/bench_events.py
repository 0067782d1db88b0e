"""Measures events from the outbox to their effect: `python bench/bench_events.py --help`."""

from event_bench.command import main

if __name__ == "__main__":
    main()
