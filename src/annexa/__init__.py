"""Annexa: one management system for AI governance and information security."""

__version__ = "0.1.0"
