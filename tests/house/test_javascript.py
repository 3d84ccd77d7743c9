"""The browser's half has its own tests, for Node; one summary speaks for both."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from . import ROOT


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_it_passes_its_own_tests_in_node() -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    node = subprocess.run(
        ["npm", "test", "--silent"],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert node.returncode == 0, node.stdout
    assert "# pass 0" not in node.stdout
