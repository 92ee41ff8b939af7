"""Everything that Thalweg raises on purpose.

ThalwegError
├── RequestError            the call itself makes no sense (option, filter, name)
│   ├── MissingExtraError   an optional part is not installed
│   ├── RuleError           a rule file is wrong
│   └── ProfileError        a profile file is wrong
├── SourceError             a source cannot be read
│   └── UnsafeSourceError   a source is refused because reading it could do harm
├── MappingError            a mapping file or a proposed mapping is wrong
├── StrictError             strict mode met something the trust report names
└── BookError               a book cannot be opened or written
    ├── BookLockedError     somebody else is writing
    └── BookDamagedError    a file of the book is missing or altered

A message has up to three sentences: what was wrong, where, what to do.
"""

from __future__ import annotations

from typing import ClassVar


class ThalwegError(Exception):
    """Base of all deliberate errors; ``exit_code`` is what the command line returns."""

    exit_code: ClassVar[int] = 1


class RequestError(ThalwegError):
    exit_code = 2


class MissingExtraError(RequestError):
    def __init__(self, part: str, extra: str) -> None:
        super().__init__(f"{part} is not installed. Run: pip install 'thalweg[{extra}]'")


class RuleError(RequestError):
    pass


class ProfileError(RequestError):
    pass


class SourceError(ThalwegError):
    exit_code = 3


class UnsafeSourceError(SourceError):
    exit_code = 4


class MappingError(ThalwegError):
    exit_code = 5


class StrictError(ThalwegError):
    exit_code = 6


class BookError(ThalwegError):
    exit_code = 7


class BookLockedError(BookError):
    exit_code = 8


class BookDamagedError(BookError):
    exit_code = 9
