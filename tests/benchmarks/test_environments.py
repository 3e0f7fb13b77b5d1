"""The environments of peers: what is said of one that cannot be made."""

from __future__ import annotations

import stat

from benchmarks import make_environments


def test_the_reason_is_the_line_that_says_most(monkeypatch, tmp_path, capsys):
    """A Python that is not there, with advice around it; nothing is left behind but the reason."""
    python = tmp_path / "python9"
    python.write_text("#!/bin/sh\necho >&2 'python9: command not found'\necho >&2 'See the help.'\nexit 127\n")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(make_environments, "ENVIRONMENTS", tmp_path / "bench")
    (tmp_path / "bench").mkdir()
    assert not make_environments.make("brian2", str(python))
    assert capsys.readouterr().err == "brian2: python9: command not found\n"
    assert [path.name for path in (tmp_path / "bench").iterdir()] == ["brian2.failed"]
    assert (tmp_path / "bench" / "brian2.failed").read_text() == "python9: command not found\n"
