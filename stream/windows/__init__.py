"""Rolling state in columns: keys to rows, rows to tiles of event time."""
