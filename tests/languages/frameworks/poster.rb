require "json"
require "net/http"

# The program under test: a picture's URL. It comes again once, when it was told to.
def poster(prompt)
  uri = URI("#{ENV.fetch("OPENAI_BASE_URL")}/images/generations")
  headers = { "Authorization" => "Bearer #{ENV.fetch("OPENAI_API_KEY")}", "Content-Type" => "application/json" }
  asked = JSON.generate(model: "dall-e-2", prompt: prompt, size: "256x256")
  answer = Net::HTTP.post(uri, asked, headers)
  if answer.code == "429"
    sleep answer["retry-after-ms"].to_f / 1000
    answer = Net::HTTP.post(uri, asked, headers)
  end
  told = JSON.parse(answer.body)
  raise told["error"]["message"] unless answer.code == "200"
  told["data"][0]["url"]
end
