"""The same questions and actions for the command line."""
