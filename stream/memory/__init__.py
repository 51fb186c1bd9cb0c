"""What the accounts stage remembers between events: exchanges, turns, bodies, habits, templates."""
