"""A server that ends with its standard input, as with the runner that started it."""

from __future__ import annotations

import subprocess

import httpx2

from tests.test_cli import run, serving


def test_it_ends_with_its_standard_input_if_it_shall() -> None:
    with serving("--port", "0", "--until-eof", stdin=subprocess.PIPE) as (process, line):
        address = line.split()[1]
        assert process.stdin
        process.stdin.write("what is said is not read\n")
        process.stdin.flush()
        assert httpx2.get(f"{address}/_mock/ready", trust_env=False).status_code == 200
        process.stdin.close()
        assert process.wait(timeout=60) == 0
        process.stdin = None  # communicate() would flush it
    with serving("--port", "0", stdin=subprocess.DEVNULL) as (process, line):
        assert httpx2.get(f"{line.split()[1]}/_mock/ready", trust_env=False).status_code == 200
    done = run("--until-eof", "--workers", "2", "--state", "sqlite:none.sqlite")
    assert done.returncode == 2
    assert "--until-eof is for one process" in done.stderr
