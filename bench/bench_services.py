"""Measures the users service beside its peers: `python bench/bench_services.py --help`."""

from service_bench.command import main

if __name__ == "__main__":
    main()
