"""Learning: what is normal here, lagged and bounded, and what analysts taught."""
