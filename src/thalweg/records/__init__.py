"""Records: from files as they are to a book that can be trusted.

Readers turn each format into batches of one shape (``intake``). The gate counts and sets
aside what cannot be used, the store writes the rest as a book, and a book gives perspectives:
one object type seen as sequences, ready for kernels.
"""
