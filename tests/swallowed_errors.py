"""Errors that Python would only print: in threads, in finalisers. In a test they are failures."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def fail_on_swallowed_errors() -> Iterator[None]:
    """Fail the running test when, inside the block, a thread dies of an exception or a finaliser swallows one."""
    swallowed: list[str] = []

    def in_thread(args: threading.ExceptHookArgs) -> None:
        swallowed.append(f"thread {args.thread.name if args.thread else '?'}: {args.exc_value!r}")

    def in_finaliser(args: "sys.UnraisableHookArgs") -> None:
        swallowed.append(f"{args.err_msg or 'ignored in'} {args.object!r}: {args.exc_value!r}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading, "excepthook", in_thread)
        patch.setattr(sys, "unraisablehook", in_finaliser)
        yield
    if swallowed:
        pytest.fail("swallowed errors:\n" + "\n".join(swallowed), pytrace=False)
