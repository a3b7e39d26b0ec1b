import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

class PosterTest {
    static ImagesMock mock;
    ImagesMock.Sandbox sandbox;
    Poster poster;

    @BeforeAll
    static void start() throws Exception {
        mock = ImagesMock.start();
    }

    @AfterAll
    static void stop() throws Exception {
        mock.close();
    }

    @BeforeEach
    void begin(TestInfo test) throws Exception {
        var key = "sk-mock-PosterTest-" + test.getTestMethod().orElseThrow().getName();
        sandbox = mock.begin(key);
        poster = new Poster(mock.url(), key);
    }

    @Test
    void a429IsTriedAgain() throws Exception {
        sandbox.rule("""
            {"then": {"rate_limit": {"retry_after": 20}}, "times": 1}"""); // nobody waits 20 s here
        assertTrue(poster.draw("a red fox").contains(".png"));
        assertEquals(List.of("429", "200"), sandbox.statuses());
    }

    @Test
    void aRefusalIsTold() throws Exception {
        sandbox.rule("""
            {"when": {"prompt": {"contains": "gore"}}, "then": {"refuse": true}}""");
        var refused = assertThrows(IllegalStateException.class, () -> poster.draw("gore, please"));
        assertTrue(refused.getMessage().contains("safety system"), refused::getMessage);
    }

    @Test
    void smallPicturesAreAskedFor() throws Exception {
        poster.draw("a red fox");
        assertEquals(List.of("256x256"), sandbox.all("size"));
    }
}
