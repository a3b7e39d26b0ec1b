"""The vendor's SDK under asyncio."""

import asyncio
import logging

import openai

ANIMALS = ("a fox", "a cat", "a dog", "a hen", "an owl", "a bat")


def faulty_over_limit_in_flight():
    async def draw():
        async with openai.AsyncOpenAI(max_retries=0) as client:
            calls = (client.images.generate(model="gpt-image-2", prompt=a) for a in ANIMALS)
            await asyncio.gather(*calls)

    asyncio.run(draw())


def mended_over_limit_in_flight():
    async def draw():
        turns = asyncio.Semaphore(2)  # as many as a minute lets through
        async with openai.AsyncOpenAI() as client:

            async def one(animal):
                async with turns:
                    await client.images.generate(model="gpt-image-2", prompt=animal)

            await asyncio.gather(*map(one, ANIMALS))

    asyncio.run(draw())


def faulty_paid_for_nothing():
    async def draw():
        async with openai.AsyncOpenAI() as client, asyncio.TaskGroup() as group:
            for animal in ANIMALS[:3]:  # the first that fails ends the others
                group.create_task(client.images.generate(model="gpt-image-2", prompt=animal))

    asyncio.run(draw())


def mended_paid_for_nothing():
    async def draw():
        async with openai.AsyncOpenAI() as client:
            calls = (client.images.generate(model="gpt-image-2", prompt=a) for a in ANIMALS[:3])
            ended = await asyncio.gather(*calls, return_exceptions=True)
        for one in ended:
            if isinstance(one, openai.OpenAIError):
                logging.error("a picture is missing: %s", one)

    asyncio.run(draw())
