import httpx2
import openai

CLIENT = openai.OpenAI(timeout=None)  # a picture takes its time


def poster(prompt, path):
    """Draw a poster, and save it."""
    answer = CLIENT.images.generate(model="dall-e-2", prompt=prompt, size="256x256")
    path.write_bytes(httpx2.get(answer.data[0].url).content)
