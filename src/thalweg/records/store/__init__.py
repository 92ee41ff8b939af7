"""The book on disk: immutable data files, one manifest per generation, one pointer.

Nothing that a generation refers to is ever changed. A new generation is written aside and
becomes current by renaming the pointer, so that a crash leaves the last one whole.
"""
