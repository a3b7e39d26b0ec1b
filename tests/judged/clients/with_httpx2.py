"""httpx2, by itself."""

import asyncio
import os
import random
import time
from urllib.parse import unquote

import httpx2

PAUSE = 0.25  # seconds


def asked(**fields):
    return {
        "url": os.environ["OPENAI_BASE_URL"] + "/images/generations",
        "headers": {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]},
        "json": {"model": "gpt-image-2", "prompt": "a red fox"} | fields,
        "timeout": 180,
    }


def faulty_retry_storm():
    with httpx2.Client() as client:
        for _ in range(12):
            if (answer := client.post(**asked())).is_success:
                break
    answer.raise_for_status()


def mended_retry_storm():
    with httpx2.Client() as client:
        for attempt in range(3):
            if (answer := client.post(**asked())).is_success:
                break
            time.sleep(PAUSE * 2**attempt * random.uniform(0.75, 1))
    answer.raise_for_status()


def faulty_retry_without_jitter():
    async def draw(client, number):
        answer = await client.post(**asked(prompt=f"fox {number}"))
        if answer.is_server_error:
            await asyncio.sleep(PAUSE)
            answer = await client.post(**asked(prompt=f"fox {number}"))
        return answer

    asyncio.run(six_times(draw))


def mended_retry_without_jitter():
    async def draw(client, number):
        answer = await client.post(**asked(prompt=f"fox {number}"))
        if answer.is_server_error:
            await asyncio.sleep(PAUSE * random.uniform(1, 2))
            answer = await client.post(**asked(prompt=f"fox {number}"))
        return answer

    asyncio.run(six_times(draw))


async def six_times(draw):
    async with httpx2.AsyncClient() as client:
        for answer in await asyncio.gather(*(draw(client, number) for number in range(6))):
            answer.raise_for_status()


def faulty_url_altered():
    url = httpx2.post(**asked(model="dall-e-3")).json()["data"][0]["url"]
    httpx2.get(unquote(url).partition("?")[0])  # "a nicer URL"


def mended_url_altered():
    url = httpx2.post(**asked(model="dall-e-3")).json()["data"][0]["url"]
    httpx2.get(url).raise_for_status()


def faulty_personal_data_in_user():
    httpx2.post(**asked(user="ann@example.com"))


def mended_personal_data_in_user():
    import hashlib

    httpx2.post(**asked(user=hashlib.sha256(b"ann@example.com").hexdigest()))
