"""What is copied from the page: code that asks for the same, and does nothing else."""

from __future__ import annotations

import ast
import json
import shlex
from typing import Any

import httpx2
import pytest

from mockserver.core.journal import Record
from mockserver.core.raw_request import Raw
from mockserver.page.snippets import copies

FILE = {"sha256": "0", "bytes": 1}


def copied(operation: str = "images.edit", path: str = "/v1/images/edits", **fields: Any) -> Any:
    return copies(
        Record("req_1", 0, "POST", path, operation, {"operation": operation} | fields),
        "http://localhost:6780",
    )


def test_a_text_in_a_form_names_no_file_of_who_copies_it() -> None:
    words = shlex.split(copied(image=FILE, prompt="@/etc/passwd;type=x", mask=FILE)["curl"])
    assert words[words.index("--form-string") + 1] == "prompt=@/etc/passwd;type=x"
    assert [w for w in words if "=@" in w][0::2] == ["image=@photo.png", "mask=@photo.png"]


def test_several_files_are_several_in_the_copy() -> None:
    made = copied(images=[FILE, FILE], prompt="x")
    assert "-F 'image[]=@photo-1.png'" in made["curl"]
    assert "-F 'image[]=@photo-2.png'" in made["curl"]
    for name in ("Python", "pytest"):
        assert "image=[open('photo-1.png', 'rb'), open('photo-2.png', 'rb')]" in made[name]


def test_a_field_s_name_is_no_code() -> None:
    hostile = "x=__import__('os').system('id'), y"
    made = copied("images.generate", "/v1/images/generations", prompt="x", **{hostile: 1})
    for name in ("Python", "pytest"):
        names = {n.id for n in ast.walk(ast.parse(made[name])) if isinstance(n, ast.Name)}
        assert "__import__" not in names
        assert "extra_body={" in made[name]


def test_a_path_is_copied_with_its_query() -> None:
    path = "/openai/deployments/d/images/generations"
    record = Record("req_1", 0, "POST", path, "images.generate", {"prompt": "x", "operation": ""})
    record.raw = Raw(f"POST {path}?api-version=2025-04-01-preview HTTP/1.1".encode(), b"", 0, False)
    made = copies(record, "http://localhost:6780")
    assert f"{path}?api-version=2025-04-01-preview" in made["curl"]


def _came(line: str, body: bytes = b"", kind: str = "application/json") -> dict[str, str]:
    method, path, _ = line.split()
    record = Record("req_1", 0, method, path.partition("?")[0], "files.list")
    head = f"{line}\ncontent-type: {kind}" if body else line
    record.raw = Raw(head.encode(), body, len(body), False)
    return copies(record, "http://localhost:6780")


def test_what_asks_for_no_picture_is_copied_as_it_came() -> None:
    words = shlex.split(_came("GET /v1/files?limit=2 HTTP/1.1")["curl"])
    assert words[1] == "http://localhost:6780/v1/files?limit=2"
    assert "-X" not in words
    assert "-X DELETE" in _came("DELETE /v1/files/f HTTP/1.1")["curl"]
    words = shlex.split(_came("POST /v1/batches HTTP/1.1", b"@/etc/passwd")["curl"])
    assert words[words.index("--data-raw") + 1] == "@/etc/passwd"  # which is no file to curl here
    assert _came("POST /v1/files HTTP/1.1", b"--x", "multipart/form-data") == {}
    assert _came("POST /v1/files HTTP/1.1", b"\xff") == {}


def test_a_field_that_the_sdk_does_not_know_or_means_for_itself_is_in_the_body() -> None:
    for field in ("seed", "timeout", "extra_headers", "self"):
        made = copied("images.generate", "/v1/images/generations", prompt="x", **{field: 1})
        for name in ("Python", "pytest"):
            assert f"extra_body={{'{field}': 1}}" in made[name]


def test_what_the_sdk_would_not_send_is_copied_as_it_came() -> None:
    record = Record("req_1", 0, "POST", "/v1/images/generations", "images.generate", {"n": 1})
    record.raw = Raw(
        b"POST /v1/images/generations HTTP/1.1\ncontent-type: application/json", b"{n", 2, False
    )
    made = copies(record, "http://localhost:6780")
    assert made.keys() == {"curl", "rule"}
    assert "--data-raw '{n'" in made["curl"]


def test_a_rule_is_made_of_texts_alone() -> None:
    made = copied("images.generate", "/v1/images/generations", prompt=["x"], size=1, model="m")
    assert json.loads(made["rule"])["when"] == {"operation": "images.generate", "model": "m"}


def _of_azure(path: str, version: str = "") -> dict[str, str]:
    record = Record("req_1", 0, "POST", path, "images.generate", {"prompt": "x", "operation": ""})
    query = f"?api-version={version}" if version else ""
    record.raw = Raw(f"POST {path}{query} HTTP/1.1".encode(), b"", 0, False)
    return copies(record, "http://localhost:6780")


@pytest.mark.parametrize(
    ("prefix", "version", "asked"),
    [
        ("/v1", "", "/v1/images/generations"),
        (
            "/openai/deployments/my-images",
            "2025-04-01-preview",
            "/openai/deployments/my-images/images/generations?api-version=2025-04-01-preview",
        ),
        ("/openai/v1", "", "/openai/v1/images/generations"),
        ("/openai/v1", "preview", "/openai/v1/images/generations?api-version=preview"),
    ],
)
def test_python_asks_where_it_was_asked(prefix: str, version: str, asked: str) -> None:
    heard: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        heard.append(request)
        return httpx2.Response(200, json={"created": 0, "data": []})

    code = _of_azure(f"{prefix}/images/generations", version)["Python"]
    through = httpx2.Client(transport=httpx2.MockTransport(answer))
    exec(code.replace("api_key=", "http_client=through, api_key="), {"through": through})
    assert str(heard[0].url) == f"http://localhost:6780{asked}"


def test_what_the_sdk_has_no_method_for_is_no_python() -> None:
    assert _of_azure("/openai/images/generations:submit", "2023-06-01-preview").keys() == {
        "curl",
        "rule",
    }


def test_an_edit_that_came_as_json_is_copied_as_json() -> None:
    body = json.dumps({"prompt": "x", "images": [{"image_url": "data:image/png;base64,AAAA"}]})
    record = Record("req_1", 0, "POST", "/v1/images/edits", "images.edit")
    record.fields = {"operation": "images.edit", "prompt": "x", "images": [FILE]}
    head = b"POST /v1/images/edits HTTP/1.1\ncontent-type: application/json"
    record.raw = Raw(head, body.encode(), len(body), False)
    words = shlex.split(copies(record, "http://localhost:6780")["curl"])
    assert words[words.index("--data-raw") + 1] == body
    record.raw = Raw(head, body.encode()[:20], len(body), True)  # the journal has its beginning
    assert "image[]=@photo-1.png" in copies(record, "http://localhost:6780")["curl"]
