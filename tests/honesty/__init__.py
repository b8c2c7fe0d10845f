"""Attempts to look better than one is. Each lowers a verdict, is refused, or is named by a verification.

The auditor guide lists them, from the first lines of these tests.
"""
