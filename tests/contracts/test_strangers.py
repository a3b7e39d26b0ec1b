"""What a user must know of a server is in the sixty lines of its report."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any, cast

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from contracts.cases.behaviour import behaviour
from contracts.cases.declared import declared
from contracts.checks.headers import Ids
from contracts.report.summary import run_of, summarised
from contracts.report.terminal import MOST, lines
from contracts.run import BROKEN, exit_code, run
from contracts.target import Target
from tests.contracts.asking import AppTarget

TODAY = date(2026, 11, 28)
Answers = Callable[[dict[str, Any]], dict[str, Any]]
SVG = b64encode(b"<svg xmlns='http://www.w3.org/2000/svg' width='256' height='256'></svg>").decode()


def svg(asked: dict[str, Any]) -> dict[str, Any]:
    if asked.get("response_format") == "url":
        return {"url": f"data:image/svg+xml;base64,{SVG}"}
    return {"b64_json": SVG}


def dead(asked: dict[str, Any]) -> dict[str, Any]:
    return {"url": "http://testserver/images/abc.png"}


def tiny(asked: dict[str, Any]) -> dict[str, Any]:
    file = BytesIO()
    Image.new("RGB", (1, 1)).save(file, "PNG")
    return {"b64_json": b64encode(file.getvalue()).decode()}


def stranger(answers: Answers) -> Target:
    """A server that lets everything in, and knows generations alone."""

    async def generate(request: Request) -> JSONResponse:
        body = await request.body()
        asked = json.loads(body) if body.startswith(b"{") else {}
        return JSONResponse({"created": 1_700_000_000, "data": [answers(asked)]})

    path = "/v1/images/generations"
    return cast("Target", AppTarget(Starlette(routes=[Route(path, generate, methods=["POST"])])))


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (svg, ["no whole PNG: it is an SVG", "A picture's file decodes whole"]),
        pytest.param(dead, ["A picture's URL leads to it", "404"], marks=pytest.mark.slow),
        pytest.param(
            tiny, ["A picture has the size that was asked for", "1x1"], marks=pytest.mark.slow
        ),
    ],
    ids=["SVG", "dead", "tiny"],
)
def test_a_report_names_what_is_wrong_with_a_server(answers: Answers, told: list[str]) -> None:
    ids, target = Ids(), stranger(answers)
    trials = [*declared(None, TODAY, ids), *behaviour(None, TODAY, ids)]
    made = [trial for trial in trials if trial.promise[:2] == ("images.generate", 200)]
    edits = [trial for trial in trials if trial.promise[:2] == ("images.edit", 200)]
    refused = [trial for trial in trials if trial.promise.status == 400]
    book = run([*made, *edits[:3], *refused[::20]], target)
    code = exit_code(book)
    report = [*lines(summarised(book, run_of(target, 1.0, code)))]
    assert code == BROKEN
    assert len(report) <= MOST
    for said in ["missing: images.edit", *told]:
        assert said in "\n".join(report)
