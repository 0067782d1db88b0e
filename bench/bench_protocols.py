"""Measures how orders asks users, gRPC beside HTTP: `python bench/bench_protocols.py --help`."""

from protocol_bench.command import main

if __name__ == "__main__":
    main()
