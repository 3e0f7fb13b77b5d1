"""How kernels are compiled that read and write many arrays."""

from __future__ import annotations

from typing import Any

from numba.core.compiler import Compiler


class Apart(Compiler):
    """Compiles for arrays that do not overlap, which a compiler that is not told checks for few arrays only."""

    # Any: a pass manager of numba.
    def define_pipelines(self) -> list[Any]:
        """Return the usual passes."""
        self.state.flags.noalias = True
        pipelines: list[Any] = super().define_pipelines()  # type: ignore[no-untyped-call]
        return pipelines
