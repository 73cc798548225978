"""Compile the kernels (stream_monitor/**/*.pyx), each next to its source: by hand, and as the build hook of the package.

Needs a C compiler and the headers of Python. Up-to-date ones are left alone.
"""

import os
import platform
from pathlib import Path
from typing import Any

from Cython.Build import cythonize
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension

ROOT = Path(__file__).resolve().parent.parent
# The bits of a result must not depend on the machine: no fused multiply-add. On x86 what numpy's own wheels ask for.
FLAGS = ["-O3", "-g0", "-ffp-contract=off", *(["-march=x86-64-v2"] if platform.machine() == "x86_64" else [])]


def compile_kernels() -> None:
    """Raises what the compiler raises."""
    os.chdir(ROOT)
    sources = sorted(Path("stream_monitor").rglob("*.pyx"))
    names = [".".join(source.with_suffix("").parts) for source in sources]
    extensions = [
        Extension(name, [str(source)], extra_compile_args=list(FLAGS))
        for name, source in zip(names, sources, strict=True)
    ]
    modules: Any = cythonize(  # type: ignore[no-untyped-call]  # Cython has no types
        extensions,
        build_dir="build/kernels",
        language_level=3,
        compiler_directives={
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
        },
    )
    command: Any = Distribution({"name": "kernels", "ext_modules": modules}).get_command_obj("build_ext")
    command.inplace, command.build_temp = True, "build/kernels"
    command.ensure_finalized()
    command.run()


class Kernels(BuildHookInterface):  # type: ignore[type-arg]  # the default will do
    """What hatchling calls before it builds a wheel, an editable one as well."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (the interface of hatchling)
        if self.target_name == "wheel":
            compile_kernels()
            build_data.update(pure_python=False, infer_tag=True)
            build_data["artifacts"].append("stream_monitor/**/*.so")


if __name__ == "__main__":
    compile_kernels()
