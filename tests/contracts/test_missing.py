"""What is said where the contract, or what it needs, can't be loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.test_cli import environment, run


def test_a_folder_that_hides_the_contract_is_named(tmp_path: Path) -> None:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "__init__.py").touch()
    done = run("contract", "run", "--quick", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 3
    assert f"{tmp_path / 'contracts'} hides the package contracts of images-mock" in done.stderr
    assert "call it as images-mock" in done.stderr


def test_without_the_packages_of_the_contract_its_command_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['schemathesis'] = sys.modules['yaml'] = None; "
        "from mockserver.cli import main; main(['contract', 'run'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 3
    assert "pip install 'openai-images-mock[contracts]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_list_of_the_commands_loads_nothing_of_the_contract() -> None:
    program = (
        "import sys; from click.testing import CliRunner; from mockserver.cli import cli; "
        "print(CliRunner().invoke(cli, ['--help']).output, 'contracts' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True
    )
    assert "Hold a server to the contract" in done.stdout
    assert done.stdout.rstrip().endswith("False")
