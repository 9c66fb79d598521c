"""What CUDA and MPI open when they are first asked is no leak of the case that comes first."""

import os
import subprocess
import sys

MPI = """
import os

HELD = os.pipe()

class COMM_WORLD:
    Get_size = staticmethod(lambda: 1)
"""


def test_what_mpi_opens_is_no_leak_of_the_first_case(root, tmp_path):
    installed = {"mpi4py/__init__.py": "", "mpi4py/MPI.py": MPI, "mpi4py-4.0.dist-info/METADATA": "Name: mpi4py\n"}
    for name, text in installed.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--device=cpu", "specs/smoke"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.stderr == ""
    assert "cpu: 2 holds, 1 refuted" in done.stdout
    assert "left behind" not in done.stdout
    assert done.returncode == 0
