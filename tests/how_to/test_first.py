import httpx2 as httpx
import openai
import pytest

APP = openai.OpenAI()                                   # no base_url, no key: the plugin has set the environment

def poster(prompt, **kw):
    return APP.images.generate(model="dall-e-2", prompt=prompt, size="512x512", **kw)

def test_success(images_mock):
    assert poster("a red fox").data[0].url
    images_mock.assert_called(prompt="a red fox", size="512x512")

def test_429_then_retry(images_mock):                   # a fraction of a second, though the server said "wait 20 s", twice
    images_mock.next.rate_limit(times=2, retry_after=20)
    assert poster("a red fox").data
    assert [r.status for r in images_mock.requests] == [429, 429, 200]

@pytest.mark.images_mock(tier="1")
def test_the_minute_passes(images_mock):                # the clock stands still, so this is exact however slow the machine
    strict = APP.with_options(max_retries=0)
    for _ in range(50): strict.images.generate(model="dall-e-2", prompt="x", n=10)
    with pytest.raises(openai.RateLimitError): strict.images.generate(model="dall-e-2", prompt="x")
    images_mock.clock.advance(seconds=60)
    strict.images.generate(model="dall-e-2", prompt="x", n=10)

def test_refusal(images_mock):
    images_mock.on(prompt="gore").refuse()
    with pytest.raises(openai.BadRequestError) as e: poster("gore")
    assert e.value.code == "content_policy_violation"

def test_slow(images_mock):
    images_mock.next.delay(30)                          # real seconds, but it ends as soon as the client has given up
    with pytest.raises(openai.APITimeoutError):
        APP.with_options(timeout=0.2, max_retries=0).images.generate(model="dall-e-2", prompt="x")

def test_expired_url(images_mock):
    url = poster("x").data[0].url
    images_mock.clock.advance(hours=2)
    assert httpx.get(url).status_code == 403

def test_budget(images_mock):
    images_mock.budget(usd=0.05)
    poster("x"), poster("y")
    with pytest.raises(openai.BadRequestError, match="limit"): poster("z", n=5)
    images_mock.assert_spent_at_most(0.05)              # its message lists each request's price
