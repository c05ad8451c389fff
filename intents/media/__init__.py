"""Files that agents attach and people give as evidence: rows, bytes, and what may be shown."""
