"""The same questions and actions for programs."""
