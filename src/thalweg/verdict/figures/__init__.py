"""Figures of a verdict, one module a room: what each says, how it is known, what it rests on."""
