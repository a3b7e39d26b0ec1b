require "net/http"

%w[https://api.openai.com/v1/models https://example.com/].each do |url|
  puts Net::HTTP.get_response(URI(url), "Authorization" => "Bearer sk-mock-me").code
rescue StandardError => error
  puts error.message
end
