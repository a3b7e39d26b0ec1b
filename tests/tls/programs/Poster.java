import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

public class Poster {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (String url : new String[] {"https://api.openai.com/v1/models", "https://example.com/"}) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                .header("Authorization", "Bearer sk-mock-me").build();
            try {
                System.out.println(client.send(request, BodyHandlers.ofString()).statusCode());
            } catch (java.io.IOException refused) {
                System.out.println(refused.getMessage());
            }
        }
    }
}
