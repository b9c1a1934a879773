"""Benchmarks; each prints its figures beside their goals."""
