<?php // php poster.php

const KEY = "sk-mock-php"; // its sandbox is this program's own

/** Status, headers and decoded body of an answer, from the API or from the mock's control API. */
function ask(string $method, string $path, ?array $value = null): array
{
    $named = str_starts_with($path, "/_mock/") ? "Mock-Sandbox-Key: " : "Authorization: Bearer ";
    $mock = getenv("IMAGES_MOCK_URL") ?: "http://127.0.0.1:6780";
    $stream = fopen($mock . $path, "r", false, stream_context_create(["http" => [
        "method" => $method,
        "header" => [$named . KEY, "Content-Type: application/json"],
        "content" => $value === null ? "" : json_encode($value),
        "ignore_errors" => true, // a refusal is an answer too
    ]]));
    $lines = stream_get_meta_data($stream)["wrapper_data"];
    $headers = [];
    foreach (array_slice($lines, 1) as $line) {
        [$name, $text] = explode(": ", $line, 2);
        $headers[strtolower($name)] = $text;
    }
    return [(int) explode(" ", $lines[0])[1], $headers, json_decode(stream_get_contents($stream), true)];
}

/** The code under test: a picture's URL, with one more try when it is told to wait. */
function poster(string $prompt): string
{
    foreach ([1, 2] as $try) {
        [$status, $headers, $answer] = ask("POST", "/v1/images/generations", ["prompt" => $prompt, "size" => "256x256"]);
        if ($status === 200) {
            return $answer["data"][0]["url"];
        }
        if ($status === 429 && $try === 1) {
            usleep(1000 * $headers["retry-after-ms"]);
        }
    }
    throw new Exception($answer["error"]["message"]);
}

function check(string $what, bool $is_so): void
{
    echo $is_so ? "ok" : "not ok", " - $what\n";
    $is_so || exit(1);
}

ask("POST", "/_mock/sandbox", ["standing" => true]); // anew, and waits that are told take a thousandth
ask("POST", "/_mock/rules", ["then" => ["rate_limit" => ["retry_after" => 20]], "times" => 1]);
check("the picture is of its size", getimagesize(poster("a red fox"))[0] === 256);
[, , $journal] = ask("GET", "/_mock/requests");
check("a 429 is tried again", array_column($journal["requests"], "status") === [429, 200]);

ask("POST", "/_mock/rules", ["when" => ["prompt" => ["contains" => "gore"]], "then" => ["refuse" => true]]);
try {
    poster("gore, please");
    check("a refusal is told", false);
} catch (Exception $error) {
    check("a refusal is told", str_contains($error->getMessage(), "safety system"));
}
