"""Industry: made-up trades whose truth is known, to learn with and to test against.

``sample`` writes the small steel trade of the demonstration. Firms and people are invented.
"""
