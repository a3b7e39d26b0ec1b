"""What docs/languages.md says of each language's habits, with a few lines of it each."""

from __future__ import annotations

import json
import shutil
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from mockserver.client.sandbox import Sandbox
from mockserver.testing import ImagesMock
from tests.edits import encoded, scene
from tests.languages.table import LANGUAGES, done, needed

pytestmark = pytest.mark.languages

#: How a few lines are run, and what stands before them: a request to $BASE with the key.
RUNTIMES = {
    "node": (
        ("node", "--input-type=module", "-e"),
        """
        import http from "node:http";
        import { readFileSync } from "node:fs";
        const base = process.env.OPENAI_BASE_URL, key = `Bearer ${process.env.OPENAI_API_KEY}`;
        const post = (path, body, headers = {}, more = {}) =>
          fetch(base + path, { method: "POST", headers: { Authorization: key, ...headers }, body, ...more });
        """,
    ),
    "perl": (
        ("perl", "-e"),
        """
        use v5.36; use HTTP::Tiny; use JSON::PP;
        sub post ($path, $body, %headers) {
            $headers{Authorization} = "Bearer $ENV{OPENAI_API_KEY}";
            return HTTP::Tiny->new->post("$ENV{OPENAI_BASE_URL}$path", {headers => \\%headers, content => $body});
        }
        """,
    ),
    "php": (
        ("php", "-d", "display_errors=stderr", "-r"),
        """
        function post(string $path, $body, array $headers = []): string {
            $curl = curl_init(getenv("OPENAI_BASE_URL") . $path);
            $headers[] = "Authorization: Bearer " . getenv("OPENAI_API_KEY");
            curl_setopt_array($curl, [CURLOPT_HTTPHEADER => $headers, CURLOPT_POSTFIELDS => $body, CURLOPT_RETURNTRANSFER => true]);
            return curl_exec($curl);
        }
        """,
    ),
    "ruby": (
        ("ruby", "-Ku", "-e"),
        """
        require "json"; require "net/http"
        def post(path)
          uri = URI(ENV["OPENAI_BASE_URL"] + path)
          Net::HTTP.start(uri.host, uri.port) do |http|
            request = Net::HTTP::Post.new(uri, "Authorization" => "Bearer " + ENV["OPENAI_API_KEY"])
            yield request, http
            http.request(request)
          end
        end
        """,
    ),
}
PROGRAMS = {"node": "fox.mjs", "perl": "fox.pl", "php": "fox.php", "ruby": "fox.rb"}
NAMES = ['my "photo".png', "back\\slash.png", "фото.png", "a;b.png", "per%20cent.png"]


class Told(NamedTuple):
    printed: str
    requests: list[dict[str, Any]]

    @property
    def heads(self) -> list[dict[str, str]]:
        return [request["raw"]["headers"] for request in self.requests]

    @property
    def bodies(self) -> list[str]:
        """Decoded so that a picture's bytes are no obstacle to reading the rest."""
        return [b64decode(request["raw"]["body"]).decode("latin-1") for request in self.requests]

    @property
    def messages(self) -> list[str]:
        return [(request["error"] or {}).get("message", "") for request in self.requests]


Run = Callable[..., Told]


@pytest.fixture
def run(server: ImagesMock, tmp_path: Path) -> Run:
    """Runs lines of a language beside two pictures, a small one and one above 1 MB."""
    (tmp_path / "image.png").write_bytes(encoded(scene(mode="RGBA")))
    (tmp_path / "large.png").write_bytes(encoded(scene(900, 900, mode="RGBA"), compress_level=0))

    def told(language: str, lines: str, **options: Any) -> Told:
        [row] = [row for row in LANGUAGES if row.program == PROGRAMS[language]]
        needed(row.probe, row.debian)
        command, before = RUNTIMES[language]
        box = server.sandbox(f"sk-mock-{language}").begin(**options)
        printed = done((*command, before + lines), tmp_path, **led(box))
        return Told(printed, journal(server, box))

    return told


def led(box: Sandbox) -> dict[str, str]:
    return {"OPENAI_BASE_URL": box.url, "OPENAI_API_KEY": box.api_key}


def journal(server: ImagesMock, box: Sandbox) -> list[dict[str, Any]]:
    path, whose = f"{server.address}/_mock/requests?raw=true", {"Mock-Sandbox-Key": box.api_key}
    found: list[dict[str, Any]] = httpx2.get(path, headers=whose, trust_env=False).json()[
        "requests"
    ]
    return found


UNTYPED_FILES = {
    "node": """
        const form = new FormData();
        form.set("model", "dall-e-2");
        form.set("prompt", "x");
        form.set("image", new Blob([readFileSync("image.png")]), "image.png");
        await post("/images/edits", form);
    """,
    "php": """
        post("/images/edits", ["model" => "dall-e-2", "prompt" => "x", "image" => new CURLFile("image.png")]);
    """,
    "ruby": """
        post("/images/edits") do |request|
          request.set_form([["model", "dall-e-2"], ["prompt", "x"], ["image", File.open("image.png")]], "multipart/form-data")
        end
    """,
}


@pytest.mark.parametrize("language", UNTYPED_FILES)
@pytest.mark.parametrize("day", ["2025-03-31", "2025-06-15", "2025-09-15"])
def test_a_file_has_no_type_unless_it_is_told(run: Run, language: str, day: str) -> None:
    told = run(language, UNTYPED_FILES[language], as_of=day)
    [request] = told.requests
    assert "Content-Type: application/octet-stream" in told.bodies[0]
    assert (request["error"] or {}).get("code") == (
        "unsupported_file_mimetype" if day == "2025-06-15" else None
    )


UNTYPED_JSON = {
    "node": 'await post("/images/generations", "{}");',
    "perl": 'post("/images/generations", "{}");',
    "php": 'post("/images/generations", "{}");',
    "ruby": 'post("/images/generations") { |request| request.body = "{}" }',
}


@pytest.mark.parametrize(
    ("language", "kind"),
    [
        ("node", "text/plain;charset=UTF-8"),
        ("perl", "application/octet-stream"),
        ("php", "application/x-www-form-urlencoded"),
        ("ruby", "application/x-www-form-urlencoded"),
    ],
)
def test_a_text_is_no_json_unless_it_is_told(run: Run, language: str, kind: str) -> None:
    told = run(language, UNTYPED_JSON[language])
    assert [head["content-type"] for head in told.heads] == [kind]
    assert told.messages[0].startswith(f"Invalid Content-Type header ({kind}), expected")


def test_a_type_by_hand_has_no_boundary(run: Run) -> None:
    told = run(
        "node",
        """
        const form = new FormData();
        form.set("image", new Blob(["x"]));
        const answer = await post("/images/edits", form, { "Content-Type": "multipart/form-data" });
        console.log(answer.headers.get("mock-hint"));
        """,
    )
    assert told.messages == ["'image' is a required property"]
    assert "names no boundary" in told.printed


NAMED_FILES = {
    "node": """
        for (const name of NAMES) {
          const form = new FormData();
          form.set("prompt", "x");
          form.set("image", new Blob([readFileSync("image.png")], { type: "image/png" }), name);
          await post("/images/edits", form);
        }
    """,
    "php": """
        foreach (NAMES as $name) {
            post("/images/edits", ["prompt" => "x", "image" => new CURLFile("image.png", "image/png", $name)]);
        }
    """,
    "ruby": """
        NAMES.each do |name|
          post("/images/edits") do |request|
            file = ["image", File.open("image.png"), { filename: name, content_type: "image/png" }]
            request.set_form([["prompt", "x"], file], "multipart/form-data")
          end
        end
    """,
}


@pytest.mark.parametrize("language", NAMED_FILES)
def test_a_file_may_have_any_name(run: Run, language: str) -> None:
    names = json.dumps(NAMES, ensure_ascii=False)
    told = run(language, NAMED_FILES[language].replace("NAMES", names))
    assert [request["status"] for request in told.requests] == [200] * len(NAMES)


def test_node_declines_to_expect_and_streams_in_chunks(run: Run) -> None:
    told = run(
        "node",
        """
        const json = { "Content-Type": "application/json" }, body = '{"prompt": "x"}';
        await post("/images/generations", body, { ...json, Expect: "100-continue" }).catch((error) => console.log(error.cause.message));
        await post("/images/generations", new Blob([body]).stream(), json, { duplex: "half" });
        await post("/images/generations", new Blob([body]).stream(), json).catch((error) => console.log(error.message));
        const headers = { ...json, Authorization: key, Expect: "100-continue" };
        const request = http.request(base + "/images/generations", { method: "POST", headers });
        request.on("continue", () => request.end(body)).on("response", (answer) => answer.resume());
        request.flushHeaders();
        """,
    )
    assert "expect header not supported" in told.printed
    assert "duplex option is required" in told.printed
    assert [request["status"] for request in told.requests] == [200, 200]
    assert told.heads[0]["transfer-encoding"] == "chunked"
    assert told.heads[1]["expect"] == "100-continue"


def test_perl_has_texts_and_bytes(run: Run) -> None:
    told = run(
        "perl",
        """
        my $part = 'Content-Disposition: form-data; name';
        for my $prompt ("caf\\xe9", "\\x{2744}") {
            my $form = qq(--fox\\r\\n$part="prompt"\\r\\n\\r\\n$prompt\\r\\n--fox\\r\\n$part="image"; filename="x.png"\\r\\n\\r\\nx\\r\\n--fox--\\r\\n);
            say post("/images/edits", $form, "Content-Type" => "multipart/form-data; boundary=fox")->{status};
        }
        for my $asked ({prompt => "caf\\xc3\\xa9"}, {prompt => "caf\\xe9"}, {prompt => "x", n => "2"}, {prompt => "x", n => 0 + "2"}) {
            post("/images/generations", encode_json($asked), "Content-Type" => "application/json");
        }
        """,
    )
    assert told.printed.split() == ["400", "599"]
    assert told.messages[0] == "Could not parse multipart form"
    assert [request["fields"]["prompt"] for request in told.requests[1:3]] == ["cafÃ©", "café"]
    assert told.messages[3:] == ["'2' is not of type 'integer' - 'n'", ""]


def test_php_sends_the_path_of_a_file_without_a_name(run: Run, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "image.png", tmp_path / "fox.png")
    told = run(
        "php",
        """
        $path = getcwd() . "/fox.png";
        post("/images/edits", ["prompt" => "x", "image" => new CURLFile($path, "image/png")]);
        post("/images/edits", ["prompt" => "x", "image" => new CURLFile($path, "image/png", "fox.png")]);
        """,
    )
    with_path, named = told.bodies
    assert f'{tmp_path}/fox.png"' in with_path
    assert 'filename="fox.png"' in named


def test_php_calls_no_array_an_object(run: Run) -> None:
    told = run(
        "php",
        """
        post("/images/generations", json_encode([]), ["Content-Type: application/json"]);
        post("/images/generations", json_encode((object) []), ["Content-Type: application/json"]);
        """,
    )
    assert told.messages == ["[] is not of type 'object'", "'prompt' is a required property"]


def test_php_asks_before_it_sends_a_large_body(run: Run) -> None:
    told = run(
        "php",
        """
        foreach (["image", "large"] as $file) {
            post("/images/edits", ["prompt" => "x", "image" => new CURLFile("$file.png", "image/png", "x.png")]);
        }
        """,
    )
    assert [head.get("expect") for head in told.heads] == [None, "100-continue"]
    assert [request["status"] for request in told.requests] == [200, 200]


def test_streams_of_php_lose_refusals_and_hang_where_a_line_is_kept(run: Run) -> None:
    told = run(
        "php",
        """
        $url = getenv("OPENAI_BASE_URL") . "/images/generations";
        foreach (["close" => 60, "keep-alive" => 1] as $connection => $timeout) {
            $key = "Authorization: Bearer " . getenv("OPENAI_API_KEY");
            $http = ["method" => "POST", "header" => [$key, "Content-Type: application/json", "Connection: $connection"],
                     "content" => '{"prompt": ""}', "timeout" => $timeout];
            $stream = fopen($url, "r", false, stream_context_create(["http" => $http + ["ignore_errors" => true]]));
            stream_get_contents($stream);
            echo $connection, stream_get_meta_data($stream)["timed_out"] ? " hangs" : " ends", "\\n";
        }
        var_dump(@file_get_contents($url, false, stream_context_create(["http" => $http])));
        """,
    )
    assert told.printed.splitlines() == ["close ends", "keep-alive hangs", "bool(false)"]


def test_ruby_sends_a_number_as_its_character(run: Run) -> None:
    told = run(
        "ruby",
        """
        [2, 49, "2"].each do |n|
          answer = post("/images/edits") do |request|
            request.set_form([["prompt", "x"], ["n", n], ["image", File.open("image.png")]], "multipart/form-data")
          end
          puts answer["mock-hint"].to_s[0, 31]
        end
        """,
    )
    assert told.messages == [r"'\x02' is not of type 'integer' - 'n'", "", ""]
    assert [request["fields"]["n"] for request in told.requests[1:]] == [1, 2]
    assert told.printed.splitlines()[0] == "'n' is the character U+0002: a "


def test_ruby_wants_texts_as_names_and_open_files(run: Run) -> None:
    told = run(
        "ruby",
        """
        [{ prompt: "x" }, [["prompt", "caf\\u00e9"], ["image", File.binread("image.png")]]].each do |form|
          post("/images/edits") { |request| request.set_form(form, "multipart/form-data") }
        rescue NoMethodError, Encoding::CompatibilityError => error
          puts error.class
        end
        """,
    )
    assert told.printed.split() == ["NoMethodError", "Encoding::CompatibilityError"]
    assert told.requests == []


def test_ruby_streams_a_form_where_it_is_asked_to(run: Run) -> None:
    told = run(
        "ruby",
        """
        [{}, { "Transfer-Encoding" => "chunked" }, { "Transfer-Encoding" => "chunked", "Expect" => "100-continue" }].each do |more|
          post("/images/edits") do |request, http|
            http.continue_timeout = 60
            more.each { |name, value| request[name] = value }
            request.set_form([["prompt", "x"], ["image", File.open("large.png")]], "multipart/form-data")
          end
        end
        """,
    )
    assert [request["status"] for request in told.requests] == [200] * 3
    assert ["content-length" in head for head in told.heads] == [True, False, False]
    assert [head.get("expect") for head in told.heads] == [None, None, "100-continue"]
