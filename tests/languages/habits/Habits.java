// What docs/languages.md says of Java; a line of status and protocol for each request.
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

class Habits {
    static final String TYPE = "multipart/form-data; boundary=\"a fox's\"";

    static void send(HttpClient client, String path, boolean expects, BodyPublisher body) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(System.getenv("OPENAI_BASE_URL") + path))
            .header("Authorization", "Bearer " + System.getenv("OPENAI_API_KEY"))
            .header("Content-Type", TYPE)
            .expectContinue(expects)
            .POST(body)
            .build();
        var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.statusCode() + " " + answer.version());
    }

    static byte[] form(String image) throws Exception {
        var form = new ByteArrayOutputStream();
        form.writeBytes("--a fox's\r\nContent-Disposition: form-data; name=image; filename=x.png\r\n\r\n".getBytes());
        form.writeBytes(Files.readAllBytes(Path.of(image)));
        form.writeBytes("\r\n--a fox's\r\nContent-Disposition: form-data; name=prompt\r\n\r\nx\r\n--a fox's--".getBytes());
        return form.toByteArray();
    }

    public static void main(String[] arguments) throws Exception {
        for (var version : HttpClient.Version.values()) {
            for (var image : List.of("image.png", "large.png")) {
                var form = form(image);
                for (var expects : List.of(false, true)) { // a client each, for an offer each
                    var client = HttpClient.newBuilder().version(version).build();
                    send(client, "/images/edits", expects, BodyPublishers.ofByteArray(form));
                    send(client, "/images/nothing", expects, BodyPublishers.ofByteArray(form));
                    client = HttpClient.newBuilder().version(version).build();
                    send(client, "/images/edits", expects, BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(form)));
                }
            }
        }
    }
}
