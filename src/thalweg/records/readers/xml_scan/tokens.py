"""From bytes to elements and attributes, in one pass.

The scanner checks what XML demands (matching tags, quoted values, legal characters and references)
and stops at what event logs have no use for: document type declarations.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int32]

WORD, DEPTH, NAME_AT, NAME_LEN, FIRST_ATTRIBUTE, NEXT, POSITION = range(7)
"""Columns of the table of elements. NEXT is the element after the subtree."""
A_WORD, A_NAME_AT, A_NAME_LEN, AT, LEN, CODED = range(6)
"""Columns of the table of attributes. CODED: the value holds references or white space to fold."""
N_ELEMENTS, N_ATTRIBUTES, CONSUMED, N_TEXTS, WHERE, OPEN = range(6)
"""Figures that a scan gives back."""

FINE, FULL, MALFORMED, TRUNCATED, MISMATCHED, DOCTYPE, TOO_DEEP, TOO_LONG, TOO_MANY, BAD_REFERENCE, BAD_CHARACTER, STRAY = range(12)  # fmt: skip
"""How a scan ended."""

MOST_IN_A_TAG = 1_000
"""Attributes that one tag may have."""

_INCOMPLETE: Final = -1
_WRONG: Final = -2

_NAME_END = np.zeros(256, np.uint8)
_NAME_END[[9, 10, 13, 32, 34, 38, 39, 47, 60, 61, 62]] = 1
_NAME_END[:9] = 1
_VALUE_STOP = np.zeros(256, np.uint8)
_VALUE_STOP[:32] = 1
_VALUE_STOP[[34, 38, 39, 60]] = 1


@njit(cache=True, nogil=True)
def _is_space(byte: int) -> bool:
    return byte == 32 or byte == 10 or byte == 9 or byte == 13


@njit(cache=True, nogil=True)
def _after_space(buf: Bytes, n: int, p: int) -> int:
    while p < n and _is_space(buf[p]):
        p += 1
    return p


@njit(cache=True, nogil=True)
def _after_name(buf: Bytes, n: int, p: int) -> int:
    while p < n and _NAME_END[buf[p]] == 0:
        p += 1
    return p


@njit(cache=True, nogil=True)
def reference(buf: Bytes, n: int, p: int) -> tuple[int, int]:
    """The character that the reference at ``p`` (an ampersand) stands for, and where it ends.

    (_INCOMPLETE, p) when the bytes end first, (_WRONG, p) when it is none of those allowed.
    """
    end = p + 1
    while end < n and end - p < 12 and buf[end] != 59:
        end += 1
    if end >= n:
        return _INCOMPLETE, p
    if buf[end] != 59 or end == p + 1:
        return _WRONG, p
    if buf[p + 1] != 35:
        return _named(buf, p + 1, end - p - 1), end + 1
    hexadecimal = buf[p + 2] == 120
    base = 16 if hexadecimal else 10
    start = p + 3 if hexadecimal else p + 2
    if start == end:
        return _WRONG, p
    code = 0
    for i in range(start, end):
        c = buf[i]
        if 48 <= c <= 57:
            digit = c - 48
        elif hexadecimal and 65 <= (c & 0xDF) <= 70:
            digit = (c & 0xDF) - 55
        else:
            return _WRONG, p
        code = code * base + digit
    legal = code >= 32 or code == 9 or code == 10 or code == 13
    if not legal or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF or code == 0xFFFE or code == 0xFFFF:
        return _WRONG, p
    return code, end + 1


@njit(cache=True, nogil=True)
def _named(buf: Bytes, at: int, length: int) -> int:
    if length == 2 and buf[at + 1] == 116:
        if buf[at] == 108:
            return 60
        if buf[at] == 103:
            return 62
    if length == 3 and buf[at] == 97 and buf[at + 1] == 109 and buf[at + 2] == 112:
        return 38
    if length == 4 and buf[at + 2] == 111 and buf[at] == 113 and buf[at + 1] == 117:
        return 34 if buf[at + 3] == 116 else _WRONG
    if length == 4 and buf[at + 2] == 111 and buf[at] == 97 and buf[at + 1] == 112:
        return 39 if buf[at + 3] == 115 else _WRONG
    return _WRONG


@njit(cache=True, nogil=True)
def _word(buf: Bytes, at: int, length: int, words: Bytes, word_at: Ints) -> int:
    """Place of a name in the vocabulary, or -1."""
    for w in range(len(word_at) - 1):
        start = word_at[w]
        if word_at[w + 1] - start == length and words[start] == buf[at]:
            i = 1
            while i < length and words[start + i] == buf[at + i]:
                i += 1
            if i == length:
                return w
    return -1


@njit(cache=True, nogil=True)
def _after_value(buf: Bytes, n: int, p: int, quote: int) -> tuple[int, int, int]:
    """Status, position of the closing quote, and whether the value must be decoded."""
    coded = 0
    while True:
        while p < n and _VALUE_STOP[buf[p]] == 0:
            p += 1
        if p >= n:
            return TRUNCATED, p, coded
        c = buf[p]
        if c == quote:
            return FINE, p, coded
        if c == 38:
            code, after = reference(buf, n, p)
            if code == _INCOMPLETE:
                return TRUNCATED, p, coded
            if code < 0:
                return BAD_REFERENCE, p, coded
            coded, p = 1, after
        elif c == 60:
            return MALFORMED, p, coded
        elif c < 32:
            if not _is_space(c):
                return BAD_CHARACTER, p, coded
            coded, p = 1, p + 1
        else:
            p += 1


@njit(cache=True, nogil=True)
def _attribute(
    buf: Bytes, n: int, p: int, words: Bytes, word_at: Ints, attributes: Ints, a: int, limit: int
) -> tuple[int, int]:
    """Read one attribute into row ``a`` of the table; status and the position after it."""
    start = p
    p = _after_name(buf, n, p)
    length = p - start
    if p == start and p < n:
        return MALFORMED, p
    p = _after_space(buf, n, p)
    if p < n and buf[p] != 61:
        return MALFORMED, p
    p = _after_space(buf, n, p + 1)
    if p >= n:
        return TRUNCATED, p
    quote = buf[p]
    if quote != 34 and quote != 39:
        return MALFORMED, p
    status, end, coded = _after_value(buf, n, p + 1, quote)
    if end - p - 1 > limit:
        return TOO_LONG, start
    if status != FINE:
        return status, end
    attributes[a, A_WORD] = _word(buf, start, length, words, word_at)
    attributes[a, A_NAME_AT], attributes[a, A_NAME_LEN] = start, length
    attributes[a, AT], attributes[a, LEN], attributes[a, CODED] = p + 1, end - p - 1, coded
    return FINE, end + 1


@njit(cache=True, nogil=True)
def _is_repeated(buf: Bytes, attributes: Ints, first: int, last: int) -> bool:
    """Whether the last attribute of a tag has the name of one before it."""
    length = attributes[last, A_NAME_LEN]
    for a in range(first, last):
        if (
            attributes[a, A_WORD] == attributes[last, A_WORD]
            and attributes[a, A_NAME_LEN] == length
        ):
            i, one, two = 0, attributes[a, A_NAME_AT], attributes[last, A_NAME_AT]
            while i < length and buf[one + i] == buf[two + i]:
                i += 1
            if i == length:
                return True
    return False


@njit(cache=True, nogil=True)
def _start_tag(
    buf: Bytes, n: int, p: int, words: Bytes, word_at: Ints, elements: Ints, e: int,
    attributes: Ints, used: int, limit: int,
) -> tuple[int, int, int, bool]:  # fmt: skip
    """Read a start tag into row ``e``; status, position after it, attributes used, and whether it is empty."""
    elements[e, POSITION], elements[e, NAME_AT], elements[e, FIRST_ATTRIBUTE] = p, p + 1, used
    start = p + 1
    p = _after_name(buf, n, start)
    elements[e, NAME_LEN] = p - start
    local = start
    for i in range(start, p):
        if buf[i] == 58:
            local = i + 1
    if p < n and (p == start or 48 <= buf[start] <= 57 or buf[start] == 45 or buf[start] == 46):
        return MALFORMED, start, used, False
    elements[e, WORD] = _word(buf, local, p - local, words, word_at)
    while True:
        before = p
        p = _after_space(buf, n, p)
        if p >= n:
            return TRUNCATED, p, used, False
        if buf[p] == 62:
            return FINE, p + 1, used, False
        if buf[p] == 47:
            if p + 1 >= n:
                return TRUNCATED, p, used, False
            return (FINE if buf[p + 1] == 62 else MALFORMED), p + 2, used, True
        if p == before:
            return MALFORMED, p, used, False
        if used >= len(attributes):
            return FULL, p, used, False
        status, p = _attribute(buf, n, p, words, word_at, attributes, used, limit)
        if status == FINE and _is_repeated(buf, attributes, elements[e, FIRST_ATTRIBUTE], used):
            status = MALFORMED
        if status == FINE and used - elements[e, FIRST_ATTRIBUTE] >= MOST_IN_A_TAG:
            status = TOO_MANY
        if status != FINE:
            return status, p, used, False
        used += 1


@njit(cache=True, nogil=True)
def _end_tag(buf: Bytes, n: int, p: int, elements: Ints, e: int) -> tuple[int, int]:
    """Check an end tag against its start; status and the position after it."""
    at, length = elements[e, NAME_AT], elements[e, NAME_LEN]
    for i in range(length):
        if p + 2 + i >= n:
            return TRUNCATED, p
        if buf[p + 2 + i] != buf[at + i]:
            return MISMATCHED, p
    end = p + 2 + length
    if end < n and _NAME_END[buf[end]] == 0:
        return MISMATCHED, p
    end = _after_space(buf, n, end)
    if end >= n:
        return TRUNCATED, p
    return (FINE, end + 1) if buf[end] == 62 else (MALFORMED, end)


@njit(cache=True, nogil=True)
def _find(buf: Bytes, n: int, p: int, first: int, second: int) -> int:
    """Position after the next two bytes ``first second``, or -1."""
    while p + 1 < n:
        if buf[p] == first and buf[p + 1] == second:
            return p + 2
        p += 1
    return _INCOMPLETE


@njit(cache=True, nogil=True)
def _matches(buf: Bytes, n: int, p: int, text: bytes) -> int:
    """1 when the bytes at ``p`` are ``text``, 0 when not, -1 when they end too early to know."""
    for i in range(len(text)):
        if p + i >= n:
            return _INCOMPLETE
        if buf[p + i] != text[i]:
            return 0
    return 1


@njit(cache=True, nogil=True)
def _aside(buf: Bytes, n: int, p: int) -> tuple[int, int]:
    """Step over a comment, an instruction or a CDATA section; status and position after it."""
    if buf[p + 1] == 63:
        if p + 2 < n and _NAME_END[buf[p + 2]] == 1:
            return MALFORMED, p
        if p > 0 and _matches(buf, n, p, b"<?xml ") == 1:
            return MALFORMED, p
        end = _find(buf, n, p + 2, 63, 62)
        return (FINE, end) if end >= 0 else (TRUNCATED, p)
    comment = _matches(buf, n, p, b"<!--")
    data = _matches(buf, n, p, b"<![CDATA[")
    doctype = _matches(buf, n, p, b"<!DOCTYPE")
    if comment == 1:
        end = _find(buf, n, p + 4, 45, 45)
        if end < 0 or end >= n:
            return TRUNCATED, p
        return (FINE, end + 1) if buf[end] == 62 else (MALFORMED, end)
    if data == 1:
        end = _find(buf, n, p + 9, 93, 93)
        while 0 <= end < n and buf[end] != 62:
            end = _find(buf, n, end - 1, 93, 93)
        return (FINE, end + 1) if 0 <= end < n else (TRUNCATED, p)
    if doctype == 1:
        return DOCTYPE, p
    if comment == 0 and data == 0 and doctype == 0:
        return MALFORMED, p
    return TRUNCATED, p


@njit(cache=True, nogil=True)
def _text(buf: Bytes, n: int, p: int) -> tuple[int, int, bool]:
    """Step over text; status, position of the next tag, and whether it was more than space."""
    meant, start = False, p
    while p < n and buf[p] != 60:
        c = buf[p]
        if c > 32:
            meant = True
            if c == 38:
                code, after = reference(buf, n, p)
                if code == _INCOMPLETE:
                    return TRUNCATED, p, meant
                if code < 0:
                    return BAD_REFERENCE, p, meant
                p = after - 1
            elif c == 62 and p >= start + 2 and buf[p - 1] == 93 and buf[p - 2] == 93:
                return MALFORMED, p, meant
        elif not _is_space(c):
            return BAD_CHARACTER, p, meant
        p += 1
    return FINE, p, meant


@njit(cache=True, nogil=True)
def scan(
    buf: Bytes, words: Bytes, word_at: Ints, max_depth: int, max_cell: int,
    elements: Ints, attributes: Ints, out: NDArray[np.int64],
) -> int:  # fmt: skip
    """Tabulate the elements of a document, or of the beginning of one.

    Takes    buf: UTF-8 bytes that begin outside every element. words, word_at: vocabulary.
             elements, attributes: tables to fill. out: figures to give back.
    Returns  FINE when the bytes ended between two tokens, TRUNCATED when within one, else what
             is wrong; out[WHERE] is the place. The tables hold the elements up to
             out[CONSUMED], the end of the last child of the root (or of the root).
    """
    n = len(buf)
    p = depth = used = rows = texts = 0
    closed = False
    stack = np.empty(max_depth + 2, np.int32)
    out[:] = 0
    while True:
        status, after, meant = _text(buf, n, p)
        if meant and depth == 0:
            status, after = STRAY, p
        if status != FINE or after + 1 >= n:
            out[WHERE], out[OPEN] = after, depth
            return status if status != FINE else (FINE if after >= n else TRUNCATED)
        if meant:
            texts += 1
        p = after
        c = buf[p + 1]
        empty = False
        if c == 33 or c == 63:
            status, after = _aside(buf, n, p)
        elif c == 47:
            if depth == 0:
                status = STRAY
            else:
                status, after = _end_tag(buf, n, p, elements, stack[depth - 1])
                if status == FINE:
                    depth -= 1
                    elements[stack[depth], NEXT] = rows
        elif closed:
            status = STRAY
        elif rows + 1 >= len(elements):
            status = FULL
        else:
            status, after, used, empty = _start_tag(
                buf, n, p, words, word_at, elements, rows, attributes, used, max_cell
            )
            if status == FINE:
                elements[rows, DEPTH], elements[rows, NEXT] = depth, rows + 1
                stack[depth] = rows
                rows += 1
                if depth >= max_depth:
                    status = TOO_DEEP
                elif not empty:
                    depth += 1
        if status != FINE:
            out[WHERE] = p if status in (TRUNCATED, FULL, TOO_DEEP, STRAY) else after
            out[OPEN] = depth
            return status
        p = after
        if (c == 47 or empty) and depth <= 1:
            out[N_ELEMENTS], out[N_ATTRIBUTES] = rows, used
            out[CONSUMED], out[N_TEXTS] = p, texts
            elements[rows, FIRST_ATTRIBUTE] = used
            closed = depth == 0
