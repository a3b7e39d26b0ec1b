import unittest

import openai

from mockserver.handle import Sandbox
from mockserver.testing import ImagesMock


class PosterTest(unittest.TestCase):
    """Django's TestCase takes the same two methods."""

    mock: ImagesMock
    images: Sandbox

    @classmethod
    def setUpClass(cls) -> None:
        cls.mock = ImagesMock().start()
        cls.addClassCleanup(cls.mock.stop)

    def setUp(self) -> None:
        self.images = self.mock.sandbox().begin()  # nothing scripted, nothing asked yet
        self.client = openai.OpenAI(base_url=self.images.url, api_key=self.images.api_key)
        self.addCleanup(self.client.close)

    def test_success(self) -> None:
        self.client.images.generate(model="dall-e-2", prompt="a red fox")
        self.images.assert_called_once(prompt="a red fox")

    def test_a_refusal(self) -> None:
        self.images.next.refuse()
        with self.assertRaises(openai.BadRequestError):
            self.client.images.generate(model="dall-e-2", prompt="gore")
        self.assertEqual(self.images.unused_rules(), [])


if __name__ == "__main__":
    unittest.main()
