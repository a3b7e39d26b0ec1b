"""aiohttp."""

import asyncio
import os

import aiohttp

PATH = "images/generations"
FOX = {"model": "gpt-image-2", "prompt": "a red fox"}
FOXES = {"model": "dall-e-2", "prompt": "a red fox", "size": "256x256"}


def session():
    headers = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
    return aiohttp.ClientSession(os.environ["OPENAI_BASE_URL"] + "/", headers=headers)


def faulty_retried_in_vain():
    async def draw():
        async with session() as client:
            for _ in range(3):
                async with client.post(PATH, json=FOX | {"size": "77x77"}) as answer:
                    if answer.ok:
                        return await answer.json()
            raise RuntimeError(answer.status)

    asyncio.run(draw())


def mended_retried_in_vain():
    async def draw():
        async with session() as client:
            for _ in range(3):
                async with client.post(PATH, json=FOX | {"size": "77x77"}) as answer:
                    if answer.ok:
                        return await answer.json()
                    if answer.status not in (408, 409, 429) and answer.status < 500:
                        break
            raise RuntimeError(answer.status)

    asyncio.run(draw())


async def pictures(client, n):
    async with client.post(PATH, json=FOXES | {"n": n}) as answer:
        return [one["url"] for one in (await answer.json())["data"]]


async def download(url):
    async with aiohttp.ClientSession() as store, store.get(url) as answer:
        return await answer.read()


def faulty_more_than_downloaded():
    async def draw():
        async with session() as client:
            await download((await pictures(client, n=3))[0])

    asyncio.run(draw())


def mended_more_than_downloaded():
    async def draw():
        async with session() as client:
            await download((await pictures(client, n=1))[0])

    asyncio.run(draw())


def faulty_url_never_downloaded():
    async def draw():
        async with session() as client:
            return await pictures(client, n=2)

    asyncio.run(draw())


def mended_url_never_downloaded():
    async def draw():
        async with session() as client:
            await asyncio.gather(*map(download, await pictures(client, n=2)))

    asyncio.run(draw())
