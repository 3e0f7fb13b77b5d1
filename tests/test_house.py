"""The house as a whole: its floors, its public names, the size of its rooms."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import spikewright

SOURCE = Path(spikewright.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
ROOMS = sorted(path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists())


def test_imports_go_down_only():
    """The contract in ``pyproject.toml`` is kept."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=SOURCE.parents[1], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_rooms_are_small(path):
    """Files, classes, functions and nesting stay within their limits; docstrings do not count."""
    tree = ast.parse(path.read_text())
    assert len(path.read_text().splitlines()) <= 500
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert lines_of(node) <= 60, f"{node.name} has {lines_of(node)} lines"
            assert depth_of(node) <= 3, f"{node.name} nests {depth_of(node)} deep"
        if isinstance(node, ast.ClassDef):
            assert lines_of(node) <= 200, f"{node.name} has {lines_of(node)} lines"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_import_hides(path):
    """Nothing is imported inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            hidden = [inner.lineno for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom)]
            assert not hidden, f"{node.name} imports in line {hidden[0]}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_state_hides(path):
    """Modules hold no lists, dicts or sets that could change."""
    for node in ast.parse(path.read_text()).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if [ast.unparse(target) for target in targets] == ["__all__"]:
            continue
        assert not isinstance(node.value, ast.List | ast.Dict | ast.Set), f"line {node.lineno} can be changed"


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_public_names_are_a_plain_sorted_list(room):
    """An ``__init__``, or the stub of one that is lazy, re-exports what ``__all__`` lists, sorted, and nothing else."""
    module = importlib.import_module(f"spikewright.{room}".rstrip("."))
    init = SOURCE / room / "__init__.py"
    stub = init.with_suffix(".pyi")
    docstring, *rest = ast.parse(init.read_text()).body
    assert isinstance(docstring, ast.Expr)
    nodes = ast.parse(stub.read_text()).body if stub.exists() else rest
    assert all(isinstance(node, ast.ImportFrom | ast.Import | ast.Assign | ast.AnnAssign) for node in [*rest, *nodes])
    (listed,) = (ast.literal_eval(node.value) for node in nodes if isinstance(node, ast.Assign))
    assert listed == sorted(listed, key=natural), "sort __all__"
    imported = [
        alias.asname or alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    assert sorted(imported) == sorted(listed) == sorted(module.__all__)
    for name in module.__all__:
        assert hasattr(module, name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_name_their_room(path):
    """Below the command line nobody uses the package as a whole: the contract could not see which rooms are meant."""
    if path.parent.name == "cli":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert "spikewright" not in [alias.name for alias in node.names], f"line {node.lineno}"
        if isinstance(node, ast.ImportFrom) and node.module == "spikewright":
            assert {alias.name for alias in node.names} <= set(ROOMS), f"line {node.lineno}"


def test_every_implementation_file_is_private():
    """What is public is what a room's ``__init__`` says."""
    for module in pkgutil.walk_packages([str(SOURCE)], "spikewright."):
        name = module.name.rsplit(".", 1)[1]
        assert module.ispkg or name.startswith("_"), module.name


def natural(name: str) -> tuple[int, str]:
    """Sort as the formatter does: constants, then classes, then functions."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name


def lines_of(node: ast.FunctionDef | ast.ClassDef) -> int:
    """Count the lines of a definition without its docstrings."""
    total = (node.end_lineno or 0) - node.lineno + 1
    return total - sum(docstring_lines(inner) for inner in ast.walk(node))


def docstring_lines(node: ast.AST) -> int:
    """Count the lines of a docstring, 0 if there is none."""
    if not isinstance(node, ast.FunctionDef | ast.ClassDef) or ast.get_docstring(node) is None:
        return 0
    first = node.body[0]
    return (first.end_lineno or 0) - first.lineno + 1


def depth_of(node: ast.AST) -> int:
    """Return how deep control flow nests."""
    return max((inner for inner in _depths(node, 0)), default=0)


def _depths(node: ast.AST, depth: int) -> Iterator[int]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            continue
        flow = isinstance(child, ast.For | ast.While | ast.If | ast.With | ast.Try | ast.Match)
        chained = isinstance(node, ast.If) and isinstance(child, ast.If) and child in node.orelse
        inner = depth + (1 if flow and not chained else 0)
        yield inner
        yield from _depths(child, inner)
