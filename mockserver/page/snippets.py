"""Text to copy: how a client finds this server, and a request as code. Runs nothing."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pprint import pformat
from typing import Any

from mockserver.core.journal import Record
from mockserver.request.bodies import is_json

_KEY = "sk-mock-me"
#: How a client of each language asks a {model} of a server at {base}.
CLIENTS: Mapping[str, str] = {
    "Python": """\
from openai import OpenAI

client = OpenAI(base_url="{base}/v1", api_key="sk-mock-me")
answer = client.images.generate(model="{model}", prompt="a red fox in the snow")
print(answer.data[0].{field})
""",
    "Node": """\
import OpenAI from "openai";

const client = new OpenAI({{ baseURL: "{base}/v1", apiKey: "sk-mock-me" }});
const answer = await client.images.generate({{
  model: "{model}", prompt: "a red fox in the snow" }});
console.log(answer.data[0].{field});
""",
    "curl": """\
curl {base}/v1/images/generations \\
  -H "Authorization: Bearer sk-mock-me" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{model}", "prompt": "a red fox in the snow"}}'
""",
    "Go": """\
client := openai.NewClient(
	option.WithBaseURL("{base}/v1/"), option.WithAPIKey("sk-mock-me"))
answer, err := client.Images.Generate(ctx, openai.ImageGenerateParams{{
	Model: "{model}", Prompt: "a red fox in the snow"}})
""",
    "Ruby": """\
client = OpenAI::Client.new(base_url: "{base}/v1", api_key: "sk-mock-me")
answer = client.images.generate(model: "{model}", prompt: "a red fox in the snow")
puts answer.data[0].{field}
""",
    "PHP": """\
$client = OpenAI::factory()->withBaseUri('{base}/v1')->withApiKey('sk-mock-me')->make();
$answer = $client->images()->create(['model' => '{model}', 'prompt' => 'a red fox in the snow']);
echo $answer->data[0]->{field};
""",
    "Java": """\
OpenAIClient client = OpenAIOkHttpClient.builder()
    .baseUrl("{base}/v1").apiKey("sk-mock-me").build();
var answer = client.images().generate(ImageGenerateParams.builder()
    .model("{model}").prompt("a red fox in the snow").build());
""",
    ".NET": """\
var client = new ImageClient("{model}", new ApiKeyCredential("sk-mock-me"),
    new OpenAIClientOptions {{ Endpoint = new Uri("{base}/v1") }});
var answer = await client.GenerateImageAsync("a red fox in the snow");
""",
}
_METHODS = {"images.generate": "generate", "images.edit": "edit", "images.vary": "create_variation"}
#: What the SDK's methods insist on; and what they take, anything else being of the call itself.
_NEEDED = {
    "images.generate": ("prompt",),
    "images.edit": ("image", "prompt"),
    "images.vary": ("image",),
}
_ARGUMENTS = (
    *("prompt", "model", "n", "size", "quality", "style", "user", "image", "mask", "background"),
    *("moderation", "response_format", "stream", "partial_images", "output_format"),
    *("output_compression", "input_fidelity"),
)
_AZURE = re.compile(r"(?<=[?&])api-version=([\w-]+)")
_DEPLOYMENT = re.compile(r"/openai/deployments/([^/]+)")
_OF_SDK = re.compile(r"(.*)/images/(?:generations|edits|variations)")  # the paths that it asks
_FILE = "photo.png"  # in the place of one that was sent


def key_of(team: str) -> str:
    """A key to show to a team, whose sandbox it sees; "" is whoever sees all."""
    return f"sk-mock-{team}-me" if team else _KEY


def clients(base: str, model: str, key: str = _KEY) -> dict[str, str]:
    """How a client of each language asks a model of the server at an address without `/v1`."""
    field = "url" if model.startswith("dall-e") else "b64_json"
    return {
        name: text.format(base=base, model=model, field=field).replace(_KEY, key)
        for name, text in CLIENTS.items()
    }


def copies(record: Record, base: str, key: str = _KEY) -> dict[str, str]:
    """A request as curl, Python, a rule and a test; of what asks for no picture only curl."""
    if record.operation not in _METHODS:
        return _as_it_came(record, base, key)
    sent = {k: v for k, v in record.fields.items() if k not in ("operation", *record.filled)}
    if any(map(_is_file, sent.values())) and "images" in sent:  # a form has another name for them
        sent["image"] = sent.pop("images")
    asks = all(name in sent for name in _NEEDED[record.operation]) and _OF_SDK.fullmatch(
        record.path
    )
    if not asks:  # the SDK would not send it
        return _as_it_came(record, base, key) | {"rule": _rule(record)}
    is_form = any(map(_is_file, sent.values()))
    as_json = _as_it_came(record, base, key) if is_form else {}  # an edit may be JSON
    return {
        "curl": _curl(record, sent, base, key),
        **as_json,
        "Python": _python(record, sent, base, key),
        "rule": _rule(record),
        "pytest": _test(record, sent),
    }


def _as_it_came(record: Record, base: str, key: str) -> dict[str, str]:
    """A request as curl; nothing unless all of it is here, and is JSON if it is anything."""
    told = record.raw.as_json() if record.raw else {}
    if (
        not told
        or told["cut"]
        or (told["bytes"] and not is_json(told["headers"].get("content-type")))
    ):
        return {}
    query = told["line"].partition(" ")[2].rpartition(" ")[0].partition("?")[2]
    path = f"{record.path}?{query}" if query else record.path
    usual = "POST" if told["bytes"] else "GET"
    method = [] if record.method == usual else [f"-X {shlex.quote(record.method)}"]
    lines = [f"curl {shlex.quote(base + path)}", *method, f'-H "Authorization: Bearer {key}"']
    if told["bytes"]:
        lines += ['-H "Content-Type: application/json"', f"--data-raw {shlex.quote(told['body'])}"]
    return {"curl": " \\\n  ".join(lines) + "\n"} if told["encoding"] == "utf-8" else {}


def _is_file(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_is_file, value))
    return isinstance(value, dict) and "sha256" in value


def _curl(record: Record, sent: Mapping[str, Any], base: str, key: str) -> str:
    query = _azure(record)
    path = f"{record.path}?{query[0]}" if query else record.path
    lines = [f"curl {shlex.quote(base + path)}", f'-H "Authorization: Bearer {key}"']
    if any(map(_is_file, sent.values())):
        lines += [line for name, value in sent.items() for line in _parts(name, value)]
    else:
        body = json.dumps(sent, ensure_ascii=False)
        lines += ['-H "Content-Type: application/json"', f"-d {shlex.quote(body)}"]
    return " \\\n  ".join(lines) + "\n"


def _azure(record: Record) -> re.Match[str] | None:
    """The version that Azure is asked for."""
    line = record.raw.head.partition(b"\n")[0].decode("latin-1") if record.raw else ""
    return _AZURE.search(line)


def _parts(name: str, value: Any) -> Iterator[str]:
    """Parts of a form. A text is one that curl reads nothing into: no @ is a file."""
    if isinstance(value, list) and _is_file(value):
        yield from (f"-F {shlex.quote(f'{name}[]=@{file}')}" for file in _names(value))
    elif _is_file(value):
        yield f"-F {shlex.quote(f'{name}=@{_FILE}')}"
    else:
        yield f"--form-string {shlex.quote(f'{name}={value}')}"


def _opened(file: str) -> str:
    return f"open({file!r}, 'rb')"


def _names(files: Sequence[Any]) -> list[str]:
    return [f"photo-{number}.png" for number, _ in enumerate(files, 1)]


def _python(record: Record, sent: Mapping[str, Any], base: str, key: str) -> str:
    arguments = "".join(f"    {line},\n" for line in _arguments(sent))
    kind, options = _client(record, base)
    named = "".join(f"{name}={value!r}, " for name, value in options.items())
    return (
        f"from openai import {kind}\n\n"
        f"client = {kind}({named}api_key={key!r})\n"
        f"answer = client.images.{_METHODS[record.operation]}(\n{arguments})\n"
    )


def _client(record: Record, base: str) -> tuple[str, dict[str, Any]]:
    """The SDK's client that asks at this path, and what leads it there."""
    at, version = record.path.partition("/images/")[0], _azure(record)
    if version and (found := _DEPLOYMENT.fullmatch(at)):
        options = {"azure_endpoint": base, "azure_deployment": found[1], "api_version": version[1]}
        return "AzureOpenAI", options
    query = {"default_query": {"api-version": version[1]}} if version else {}
    return "OpenAI", {"base_url": base + at, **query}


def _arguments(sent: Mapping[str, Any]) -> Iterator[str]:
    """Keyword arguments; a name that the SDK does not take as one goes into the body."""
    other = {}
    for name, value in sent.items():
        if name not in _ARGUMENTS:
            other[name] = value
        elif isinstance(value, list) and _is_file(value):
            yield f"{name}=[{', '.join(_opened(file) for file in _names(value))}]"
        elif _is_file(value):
            yield f"{name}={_opened(_FILE)}"
        else:
            yield f"{name}={pformat(value)}"
    if other:
        yield f"extra_body={pformat(other)}"


def _rule(record: Record) -> str:
    when: dict[str, Any] = {"operation": record.operation}
    named = ((k, record.fields.get(k)) for k in ("prompt", "model", "size"))
    when |= {k: value for k, value in named if isinstance(value, str)}
    rule = {"when": when, "then": {"rate_limit": {"retry_after": 20}}, "times": 1}
    return json.dumps(rule, ensure_ascii=False, indent=2) + "\n"


def _test(record: Record, sent: Mapping[str, Any]) -> str:
    arguments = "".join(f"        {line},\n" for line in _arguments(sent))
    name = "prompt" if isinstance(record.fields.get("prompt"), str) else "operation"
    expected = f"{name}={record.fields[name]!r}"
    return (
        "def test_it(images_mock, images_client):\n"
        f"    images_client.images.{_METHODS[record.operation]}(\n{arguments}    )\n"
        f"    images_mock.assert_called_once({expected})\n"
    )
