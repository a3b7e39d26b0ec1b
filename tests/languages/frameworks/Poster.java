import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.regex.Pattern;

/** The program under test. */
class Poster {
    private final HttpClient client = HttpClient.newHttpClient();
    private final String url, key;

    Poster(String url, String key) {
        this.url = url;
        this.key = key;
    }

    /** A picture's URL. It comes again once, when it was told to. */
    String draw(String prompt) throws Exception {
        var body = """
            {"model": "dall-e-2", "prompt": "%s", "size": "256x256"}""".formatted(prompt);
        var request = HttpRequest.newBuilder(URI.create(url + "/images/generations"))
            .header("Authorization", "Bearer " + key)
            .header("Content-Type", "application/json")
            .timeout(Duration.ofMinutes(2)) // by itself it waits for ever
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
        var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() == 429) {
            Thread.sleep(answer.headers().firstValueAsLong("retry-after-ms").orElse(1000));
            answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        }
        if (answer.statusCode() != 200) throw new IllegalStateException(text("message", answer.body()));
        return text("url", answer.body());
    }

    private static String text(String name, String json) {
        var found = Pattern.compile("\"" + name + "\": \"([^\"]*)\"").matcher(json);
        return found.find() ? found.group(1) : json;
    }
}
