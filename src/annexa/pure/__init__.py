"""Decisions and sums: values in, values out."""
