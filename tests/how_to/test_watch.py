import os
import subprocess
import sys

from mockserver.handle import Sandbox

PROGRAM = """
import openai, urllib.request
answer = openai.OpenAI().images.generate(model="dall-e-2", prompt="a red fox")
urllib.request.urlopen(answer.data[0].url).read()
"""


def test_a_picture_is_downloaded_by_a_program_in_the_background(images_mock: Sandbox) -> None:
    with images_mock.events(timeout=30) as events:  # it listens from here on
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env=os.environ | images_mock.env
        )
        download = next(event.request for event in events if event.kind == "download")
    assert download
    assert download.status == 200
    assert program.wait() == 0
