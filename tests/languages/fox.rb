require "json"
require "net/http"
require "stringio"

BASE = ENV.fetch("OPENAI_BASE_URL")
KEY = ENV.fetch("OPENAI_API_KEY")

# The API's answer; one that says when to come again is asked again then. The block makes the request, anew each time.
def ask(path)
  uri = URI(BASE + path)
  Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == "https", read_timeout: 120) do |http|
    1.step do |try|
      request = Net::HTTP::Post.new(uri, "Authorization" => "Bearer #{KEY}")
      yield request
      answer = http.request(request)
      ms, seconds = answer["retry-after-ms"], answer["retry-after"]
      wait = ms ? ms.to_f / 1000 : seconds&.to_f
      return answer unless answer.code == "429" && wait && try < 3
      sleep(wait)
    end
  end
end

def generate(**wanted)
  ask("/images/generations") do |request|
    request.content_type = "application/json"
    request.body = JSON.generate(model: "dall-e-2", **wanted)
  end
end

def edit(**wanted)
  ask("/images/edits") do |request| # made anew each time: what was sent is at its end
    files = %w[image mask].map do |name|
      file = StringIO.new(File.binread("#{name}.png")) # which has nothing to close
      [name, file, { filename: "#{name}.png", content_type: "image/png" }]
    end
    request.set_form([["model", "dall-e-2"], *wanted.map { |name, value| [name.to_s, value] }, *files], "multipart/form-data")
  end
end

def save(file, answer)
  told = JSON.parse(answer.body)
  return puts "#{answer.code}: #{told["error"]["message"]}" unless answer.is_a?(Net::HTTPOK)
  png = Net::HTTP.get(URI(told["data"][0]["url"]))
  raise "this is no PNG" unless png.start_with?("\x89PNG\r\n\x1A\n".b)
  File.binwrite(file, png)
  puts "#{file}: #{png[16, 8].unpack("N2").join("x")}"
end

save "fox.png", generate(prompt: "a red fox", size: "256x256")
save "edit.png", edit(prompt: "a café at dusk", size: "512x512")
save "no.png", generate(prompt: "a red fox", size: "300x300")
