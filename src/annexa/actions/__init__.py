"""Every change anyone can make: one function per verb, all through one door."""
