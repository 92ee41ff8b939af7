"""Planning: what a roll-out could show, and which dates for which units would show most."""
