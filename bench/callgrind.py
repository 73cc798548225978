"""Instruction counts of the steps of the core: the same on a busy machine and on a slow one, unlike any time.

`counts` runs this module as a program under valgrind's callgrind. The program warms up uninstrumented, then tells callgrind
itself where a step begins and ends: by a client request, which is a sequence of instructions that does nothing elsewhere
(valgrind/valgrind.h). What a processor can do must not matter: libraries are told to use what all of x86-64 has.
"""

import ctypes
import mmap
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.children import output_of
from bench.core_path import Core, Setting, checkpoints
from bench.stream import records
from stream_monitor.app.process import settle

WARM_UP: Final = 10_000  # events
MEASURED: Final = 10_000
_SETTING: Final = Setting(poll=MEASURED // 2, checkpoint=MEASURED)
_SAME_EVERYWHERE: Final = {
    "PYTHONHASHSEED": "0",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Nehalem",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_USER_SIMD_LEVEL": "NONE",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
# mov rax, rdi; xor edx, edx; rol rdi, 3; rol rdi, 13; rol rdi, 61; rol rdi, 51; xchg rbx, rbx; mov rax, rdx; ret
_REQUEST: Final = bytes.fromhex("4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3")
_ROUNDS: Final = 20_000
_BASE: Final = ord("C") << 24 | ord("T") << 16
_DUMP, _START, _STOP = _BASE + 3, _BASE + 4, _BASE + 5
_SECONDS: Final = 900.0
_PYTHON: Final = re.compile(
    r"/(lib)?python3[^/]*$|/lib-dynload/|/ld-linux[^/]*$"
)  # ld: its thread-local storage
_OBJECT: Final = re.compile(r"(c?ob)=(\(\d+\))(?: (.*))?$")
_COST: Final = frozenset("0123456789+-*")
_BETWEEN: Final = "between"
YARDSTICK: Final = "yardstick"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """Per event. libraries: of numpy, Arrow, orjson, msgspec, river and the C library. interpreter: of Python itself
    and the modules that come with it.
    """

    libraries: float
    interpreter: float

    def rounded(self) -> "Instructions":
        """To whole instructions."""
        return Instructions(libraries=round(self.libraries), interpreter=round(self.interpreter))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Of one run. steps: instructions by step. dumps: callgrind's files by step."""

    steps: Mapping[str, Instructions]
    dumps: Mapping[str, list[Path]]

    def largest(self, step: str) -> Path:
        """The file of a step that says most."""
        return max(self.dumps[step], key=lambda path: path.stat().st_size)


def counts(directory: Path) -> Counts:
    """Of one run; its files are left in `directory`.

    Needs valgrind and x86-64. Raises RuntimeError with what it complained about.
    """
    command = [
        "valgrind",
        "--tool=callgrind",
        "--instr-atstart=no",
        f"--callgrind-out-file={directory}/callgrind",
        sys.executable,
        "-m",
        "bench.callgrind",
    ]
    output_of(command, os.environ | _SAME_EVERYWHERE, seconds=_SECONDS)
    dumps: dict[str, list[Path]] = {}
    for path in sorted(directory.glob("callgrind.*")):
        name = re.search(rb"^desc: Trigger: Client Request: (.*)$", path.read_bytes(), re.MULTILINE)
        if name is not None and name[1].decode() != _BETWEEN:
            dumps.setdefault(name[1].decode(), []).append(path)
    return Counts(steps={step: _instructions(paths) for step, paths in dumps.items()}, dumps=dumps)


def _instructions(dumps: Iterable[Path]) -> Instructions:
    """Of one step, by the object file that they are in."""
    total: Counter[str] = Counter()
    for dump in dumps:
        total += _by_object(dump)
    python = sum(n for name, n in total.items() if _PYTHON.search(name))
    return Instructions(libraries=(total.total() - python) / MEASURED, interpreter=python / MEASURED)


def _by_object(dump: Path) -> Counter[str]:
    """Instructions by object file. The format: https://valgrind.org/docs/manual/cl-format.html."""
    names: dict[str, str] = {}
    total: Counter[str] = Counter()
    here, of_call = "", False
    for line in dump.read_text(encoding="utf-8", errors="replace").splitlines():
        if found := _OBJECT.match(line):
            kind, number, name = found.groups()
            names.setdefault(number, name)
            here = names[number] if kind == "ob" else here
        elif line.startswith("calls="):
            of_call = True  # the next line tells what the called one needed, which is told there
        elif line[:1] in _COST:
            total[here] += 0 if of_call else int(line.split()[1])
            of_call = False
    return total


def heaviest(dump: Path, *, top: int = 12) -> str:
    """The functions with most instructions, as callgrind_annotate tells them."""
    done = subprocess.run(
        ["callgrind_annotate", "--threshold=95", str(dump)], capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if re.match(r"\s*[\d,]+ +\(", line)]
    return "\n".join(lines[: top + 1])


class _Callgrind:
    """The `Meter` that has callgrind write down every step. Says what has run so far whenever a step begins or ends."""

    def __init__(self) -> None:
        self._code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._code.write(_REQUEST)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._code))
        self._ask = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)(address)
        self._steps = [_BETWEEN]
        self.counting = False

    def begin(self) -> None:
        """From now on instructions are counted."""
        self.counting = True
        self._request(_START)

    def end(self) -> None:
        """No longer."""
        self._request(_STOP)
        self.counting = False

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """The block is the step `name`, but for steps inside it."""
        self._write(self._steps[-1])
        self._steps.append(name)
        yield
        self._write(self._steps.pop())

    def _write(self, name: str) -> None:
        if self.counting:
            self._request(_DUMP, name.encode())

    def _request(self, number: int, text: bytes = b"") -> None:
        held = ctypes.create_string_buffer(text)
        asked = (ctypes.c_uint64 * 6)(number, ctypes.addressof(held), 0, 0, 0, 0)
        self._ask(ctypes.addressof(asked))


def _plain_python() -> int:
    """What interpreters are compared by: calls, attributes, dictionaries, lists and numbers, as the core has them."""
    seen: dict[str, list[float]] = {}
    for at in range(_ROUNDS):
        name = f"f{at % 20:02}"
        seen.setdefault(name, []).append(at / 7.0)
        if len(seen[name]) > 50:
            seen[name] = sorted(seen[name], reverse=True)[:10]
    return sum(len(numbers) for numbers in seen.values())


def main() -> None:
    meter = _Callgrind()
    batches = list(checkpoints(records(WARM_UP + MEASURED), _SETTING))
    core = Core(meter, setting=_SETTING)
    core.checkpoint(batches[0])
    settle()
    meter.begin()
    core.checkpoint(batches[1])
    with meter.step(YARDSTICK):
        _plain_python()
    meter.end()
    if not core.drift_events:
        raise RuntimeError("no drift was found in a stream that drifts: there is nothing to count")


if __name__ == "__main__":
    main()
