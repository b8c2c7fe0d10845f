"""Pages: ask one question or call one action, show the result."""
