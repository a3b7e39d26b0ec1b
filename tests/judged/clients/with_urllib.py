"""The standard library."""

import io
import json
import os
import pathlib
from urllib.request import Request, urlopen

from PIL import Image


def ask(query="", **fields):
    request = Request(
        os.environ["OPENAI_BASE_URL"] + "/images/generations" + query,
        json.dumps({"model": "gpt-image-2", "prompt": "a red fox"} | fields).encode(),
        {
            "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"],
            "Content-Type": "application/json",
        },
    )
    with urlopen(request, timeout=180) as answer:
        return json.load(answer)["data"]


def download(url):
    with urlopen(url, timeout=60) as answer:
        return answer.read()


def faulty_key_in_url():
    ask(query="?api_key=" + os.environ["OPENAI_API_KEY"])


def mended_key_in_url():
    ask()


def faulty_key_in_text():
    ask(prompt=f"a poster that says {'sk-proj-' + 48 * 'c'}")  # of a config that was not resolved


def mended_key_in_text():
    ask(prompt="a poster that says Hello")


def faulty_ignored_parameter():
    ask(model="dall-e-2", style="vivid", response_format="b64_json")


def mended_ignored_parameter():
    ask(model="dall-e-2", response_format="b64_json")


def faulty_empty_file_saved():
    (one,) = ask(model="dall-e-3")
    pathlib.Path("fox.png").write_bytes(download(one["url"]))


def mended_empty_file_saved():
    (one,) = ask(model="dall-e-3")
    for _ in range(3):
        if file := download(one["url"]):
            Image.open(io.BytesIO(file)).load()
            pathlib.Path("fox.png").write_bytes(file)
            break
