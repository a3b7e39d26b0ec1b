import os
import subprocess
import sys

from mockserver.handle import Sandbox

PROGRAM = """
import openai
openai.OpenAI().images.generate(model="dall-e-2", prompt="a red fox")
"""


def test_a_program_finds_the_mock_by_its_environment(images_mock: Sandbox) -> None:
    environment = os.environ | images_mock.env
    subprocess.run([sys.executable, "-c", PROGRAM], env=environment, check=True)
    images_mock.assert_called_once(prompt="a red fox")
