"""Annexa: one management system for AI governance and information security."""
