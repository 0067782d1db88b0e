"""Measures the operator on a cluster: `python bench/bench_operator.py --help`."""

from operator_bench.command import main

if __name__ == "__main__":
    main()
