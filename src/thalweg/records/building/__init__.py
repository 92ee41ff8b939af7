"""Building: batches through the gate, coded and streamed to disk, sorted once at the end."""
