"""Rules that a process owner writes: what they may say, how they are read, and how they are checked."""
