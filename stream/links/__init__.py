"""Links: what accounts can share, declared as data."""
