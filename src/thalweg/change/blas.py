"""Linear algebra on one thread while many small designs are worked on side by side.

The matrices are small (a few dozen rows): threads of BLAS cost more than they bring, fight with our
own over the processors (seven times the time on two busy cores), and would let the number of
processors decide in which order sums are taken.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

_LIBRARIES = ("numpy._core._multiarray_umath", "scipy.linalg._fblas")
"""Modules that bring an OpenBLAS of their own."""
_NAMES = (
    "scipy_openblas_{}_num_threads64_",
    "scipy_openblas_{}_num_threads",
    "openblas_{}_num_threads",
)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let BLAS use one thread inside, and what it used before afterwards.

    Other libraries than OpenBLAS are left as they are.
    """
    with ExitStack() as stack:
        for name in _LIBRARIES:
            found = _switch(name)
            if found is not None:
                ask, tell = found
                stack.callback(tell, ask())
                tell(1)
        yield


def _switch(module: str) -> tuple[Callable[[], int], Callable[[int], Any]] | None:
    """Ask for and set the number of threads of the OpenBLAS that a module is linked with."""
    path = getattr(import_module(module), "__file__", None)
    if path is None:
        return None
    try:
        library = ctypes.CDLL(path)
    except OSError:
        return None
    for name in _NAMES:
        ask, tell = (getattr(library, name.format(verb), None) for verb in ("get", "set"))
        if ask is not None and tell is not None:
            return ask, tell
    return None
