# ruby poster_test.rb
require "minitest/autorun"
require_relative "images_mock"
require_relative "poster"

ImagesMock.start
Minitest.after_run { ImagesMock.stop } # at_exit would stop it before the first test

class PosterTest < Minitest::Test
  def setup
    ImagesMock.begin("#{self.class}-#{name}")
  end

  def test_a_429_is_tried_again
    ImagesMock.on({}, { rate_limit: { retry_after: 20 } }, times: 1) # nobody waits 20 s here
    assert_equal "image/png", Net::HTTP.get_response(URI(poster("a red fox")))["Content-Type"]
    assert_equal [429, 200], ImagesMock.requests.map { |request| request["status"] }
  end

  def test_a_refusal_is_told
    ImagesMock.on({ prompt: { contains: "gore" } }, { refuse: true })
    error = assert_raises(RuntimeError) { poster("gore, please") }
    assert_match(/safety system/, error.message)
  end

  def test_small_pictures_are_asked_for
    poster("a red fox")
    assert_equal ["256x256"], ImagesMock.requests.map { |request| request["fields"]["size"] }
  end
end
