require "json"
require "net/http"

# One server for the run; each test has a key, and so a sandbox, of its own.
module ImagesMock
  module_function

  def start
    @server = IO.popen(%w[images-mock --port 0 --log-format none])
    @address = @server.gets.to_s[/^READY (\S+)/, 1] or raise "images-mock did not start"
    ENV["OPENAI_BASE_URL"] = "#{@address}/v1"
  end

  def stop
    Process.kill("TERM", @server.pid)
    @server.close # waits for its end
  end

  def begin(test)
    ENV["OPENAI_API_KEY"] = @key = "sk-mock-#{test.gsub(/\W+/, "-")}"
    ask("POST", "sandbox", { standing: true }) # waits that are told take a thousandth
  end

  def on(asked, answered, **more) = ask("POST", "rules", { when: asked, then: answered, **more })

  def requests = ask("GET", "requests")["requests"]

  def ask(method, path, value = nil)
    headers = { "Mock-Sandbox-Key" => @key, "Content-Type" => "application/json" }
    uri = URI("#{@address}/_mock/#{path}")
    answer = Net::HTTP.start(uri.host, uri.port) { |http| http.send_request(method, uri, value && JSON.generate(value), headers) }
    told = JSON.parse(answer.body)
    raise told["error"]["message"] unless answer.is_a?(Net::HTTPSuccess)
    told
  end
end
