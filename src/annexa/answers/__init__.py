"""Every question anyone can ask: one function per question."""
