"""Measures what a request to the Kubernetes API costs the operator: `python bench/bench_client.py --help`."""

from client_bench.command import main

if __name__ == "__main__":
    main()
