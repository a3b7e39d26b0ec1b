import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;

class Fox {
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    /** The API's answer; one that says when to come again is asked again then. */
    static HttpResponse<String> ask(String path, String contentType, byte[] body) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(System.getenv("OPENAI_BASE_URL") + path))
            .header("Authorization", "Bearer " + System.getenv("OPENAI_API_KEY"))
            .header("Content-Type", contentType)
            .timeout(Duration.ofMinutes(2)) // by itself it waits for ever
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
        for (int attempt = 1; ; attempt++) {
            var answer = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
            var seconds = answer.headers().firstValue("retry-after").map(Double::valueOf);
            var ms = answer.headers().firstValue("retry-after-ms").map(Double::valueOf);
            var wait = ms.or(() -> seconds.map(told -> 1000 * told));
            if (answer.statusCode() != 429 || wait.isEmpty() || attempt == 3) return answer;
            Thread.sleep(wait.get().longValue());
        }
    }

    static HttpResponse<String> generate(String prompt, String size) throws Exception {
        var body = """
            {"model": "dall-e-2", "prompt": %s, "size": %s}""".formatted(quoted(prompt), quoted(size));
        return ask("/images/generations", "application/json", body.getBytes(UTF_8));
    }

    static HttpResponse<String> edit(Map<String, String> fields) throws Exception {
        var boundary = UUID.randomUUID().toString(); // java.net.http has no forms of its own
        var body = new ByteArrayOutputStream();
        for (var name : List.of("image", "mask")) {
            body.writeBytes("""
                --%s\r
                Content-Disposition: form-data; name="%s"; filename="%2$s.png"\r
                Content-Type: image/png\r
                \r
                """.formatted(boundary, name).getBytes(UTF_8));
            body.writeBytes(Files.readAllBytes(Path.of(name + ".png")));
            body.writeBytes("\r\n".getBytes(UTF_8));
        }
        for (var field : fields.entrySet()) {
            body.writeBytes("""
                --%s\r
                Content-Disposition: form-data; name="%s"\r
                \r
                %s\r
                """.formatted(boundary, field.getKey(), field.getValue()).getBytes(UTF_8));
        }
        body.writeBytes("--%s--\r\n".formatted(boundary).getBytes(UTF_8));
        return ask("/images/edits", "multipart/form-data; boundary=" + boundary, body.toByteArray());
    }

    static void save(String file, HttpResponse<String> answer) throws Exception {
        if (answer.statusCode() != 200) {
            System.out.println(answer.statusCode() + ": " + text("message", answer.body()));
            return;
        }
        var download = HttpRequest.newBuilder(URI.create(text("url", answer.body()))).timeout(Duration.ofMinutes(1)).build();
        var png = CLIENT.send(download, HttpResponse.BodyHandlers.ofByteArray()).body();
        var read = ByteBuffer.wrap(png);
        if (png.length < 24 || read.getLong(0) != 0x89504E470D0A1A0AL) throw new IOException("this is no PNG");
        Files.write(Path.of(file), png);
        System.out.println(file + ": " + read.getInt(16) + "x" + read.getInt(20));
    }

    /** As JSON has it: Java itself writes none. */
    static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }

    /** The first text of this name: Java itself reads no JSON. */
    static String text(String name, String json) throws IOException {
        var found = Pattern.compile("\"" + name + "\":\\s*\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(json);
        if (!found.find()) throw new IOException("no " + name + ": " + json);
        return found.group(1).replaceAll("\\\\(.)", "$1");
    }

    public static void main(String[] arguments) throws Exception {
        save("fox.png", generate("a red fox", "256x256"));
        save("edit.png", edit(Map.of("model", "dall-e-2", "prompt", "a café at dusk", "size", "512x512")));
        save("no.png", generate("a red fox", "300x300"));
    }
}
