import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.regex.Pattern;

/** A server, as long as it is not closed. */
record ImagesMock(Process process, String address) implements AutoCloseable {
    static ImagesMock start() throws IOException {
        var process = new ProcessBuilder("images-mock", "--port", "0", "--log-format", "none")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
        var line = process.inputReader().readLine();
        if (line == null) throw new IOException("images-mock did not start");
        return new ImagesMock(process, line.substring("READY ".length()));
    }

    @Override
    public void close() {
        process.destroy(); // SIGTERM
        process.onExit().join();
    }

    String url() {
        return address + "/v1";
    }

    /** Begins a test's sandbox anew; waits that are told there take a thousandth. */
    Sandbox begin(String key) throws Exception {
        var sandbox = new Sandbox(address, key);
        sandbox.ask("POST", "sandbox", "{\"standing\": true}");
        return sandbox;
    }

    /** What is scripted and seen of one key. */
    record Sandbox(String address, String key) {
        void rule(String json) throws Exception {
            ask("POST", "rules", json);
        }

        List<String> statuses() throws Exception {
            return all("status");
        }

        /** This field of each request; a parser of JSON is better, where there is one. */
        List<String> all(String field) throws Exception {
            var values = Pattern.compile("\"" + field + "\": \"?([^\",\n]*)").matcher(ask("GET", "requests", ""));
            return values.results().map(found -> found.group(1)).toList();
        }

        private String ask(String method, String path, String json) throws Exception {
            var request = HttpRequest.newBuilder(URI.create(address + "/_mock/" + path))
                .header("Mock-Sandbox-Key", key)
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(json))
                .build();
            var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() >= 300) throw new IllegalArgumentException(answer.body());
            return answer.body();
        }
    }
}
