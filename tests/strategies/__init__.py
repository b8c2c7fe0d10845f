"""Hypothesis strategies shared by tests."""
