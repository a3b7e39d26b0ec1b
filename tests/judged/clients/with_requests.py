"""requests, by itself."""

import base64
import os
import pathlib
import time

import requests


def ask(session=requests, timeout=180, **fields):
    return session.post(
        os.environ["OPENAI_BASE_URL"] + "/images/generations",
        headers={"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]},
        json={"model": "gpt-image-2", "prompt": "a red fox"} | fields,
        timeout=timeout,
    )


def faulty_retry_after_ignored():
    with requests.Session() as session:
        for _ in range(3):
            if ask(session).status_code != 429:
                break
            time.sleep(0.001)


def mended_retry_after_ignored():
    with requests.Session() as session:
        for _ in range(3):
            answer = ask(session)
            if answer.status_code != 429:
                break
            time.sleep(int(answer.headers["retry-after-ms"]) / 1000)


def faulty_error_swallowed():
    for one in ask().json().get("data", []):
        pathlib.Path("fox.png").write_bytes(base64.b64decode(one["b64_json"]))


def mended_error_swallowed():
    answer = ask()
    answer.raise_for_status()
    for one in answer.json()["data"]:
        pathlib.Path("fox.png").write_bytes(base64.b64decode(one["b64_json"]))


def faulty_received_and_asked_again():
    with requests.Session() as session:
        for _ in range(3):
            answer = ask(session)
            if answer.headers["content-type"] == "application/json":
                break


def mended_received_and_asked_again():
    (one,) = ask().json()["data"]  # the picture first, whatever the answer is called
    pathlib.Path("fox.png").write_bytes(base64.b64decode(one["b64_json"]))


def faulty_url_kept_too_long(night):
    url = ask(model="dall-e-3").json()["data"][0]["url"]
    night()
    pathlib.Path("fox.png").write_bytes(requests.get(url, timeout=60).content)


def mended_url_kept_too_long(night):
    url = ask(model="dall-e-3").json()["data"][0]["url"]
    pathlib.Path("fox.png").write_bytes(requests.get(url, timeout=60).content)
    night()


def faulty_no_timeout():
    ask(timeout=None)


def mended_no_timeout():
    ask(timeout=0.3)  # a real one is longer than any picture takes
