# rspec poster_spec.rb
require_relative "images_mock"
require_relative "poster"

RSpec.configure do |config|
  config.before(:suite) { ImagesMock.start }
  config.after(:suite) { ImagesMock.stop }
  config.before { |example| ImagesMock.begin(example.full_description) }
end

RSpec.describe "poster" do
  it "tries a 429 again" do
    ImagesMock.on({}, { rate_limit: { retry_after: 20 } }, times: 1) # nobody waits 20 s here
    expect(Net::HTTP.get_response(URI(poster("a red fox")))["Content-Type"]).to eq("image/png")
    expect(ImagesMock.requests.map { |request| request["status"] }).to eq([429, 200])
  end

  it "tells a refusal" do
    ImagesMock.on({ prompt: { contains: "gore" } }, { refuse: true })
    expect { poster("gore, please") }.to raise_error(/safety system/)
  end

  it "asks for small pictures" do
    poster("a red fox")
    expect(ImagesMock.requests.map { |request| request["fields"]["size"] }).to eq(["256x256"])
  end
end
