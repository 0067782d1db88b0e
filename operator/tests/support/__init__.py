"""What several tests stand on: fakes, builders and strategies."""
