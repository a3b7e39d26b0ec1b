<?php

/** Status and answer of the API; where it says when to come again, it is asked again then. */
function ask(string $path, string $type, string $body): array
{
    $context = stream_context_create(["http" => [
        "method" => "POST",
        "header" => ["Authorization: Bearer " . getenv("OPENAI_API_KEY"), "Content-Type: $type"],
        "content" => $body,
        "ignore_errors" => true, // a refusal is an answer too
        "timeout" => 120,
    ]]);
    for ($try = 1; ; $try++) {
        $answer = file_get_contents(getenv("OPENAI_BASE_URL") . $path, false, $context);
        if ($answer === false) {
            throw new Exception("there was no answer");
        }
        $status = (int) explode(" ", $http_response_header[0])[1];
        $told = [];
        foreach (array_slice($http_response_header, 1) as $line) {
            [$name, $value] = explode(":", $line, 2) + [1 => ""];
            $told[strtolower($name)] = trim($value);
        }
        $seconds = $told["retry-after"] ?? null;
        $wait = $told["retry-after-ms"] ?? ($seconds === null ? null : 1000 * $seconds);
        if ($status !== 429 || $wait === null || $try === 3) {
            return [$status, json_decode($answer, true, 512, JSON_THROW_ON_ERROR)];
        }
        usleep((int) (1000 * $wait));
    }
}

function generate(array $wanted): array
{
    $body = json_encode(["model" => "dall-e-2"] + $wanted, JSON_THROW_ON_ERROR);
    return ask("/images/generations", "application/json", $body);
}

function edit(array $wanted): array
{
    $boundary = bin2hex(random_bytes(16)); // PHP makes no form by itself
    $body = "";
    foreach (["model" => "dall-e-2"] + $wanted as $name => $value) {
        $body .= "--$boundary\r\nContent-Disposition: form-data; name=\"$name\"\r\n\r\n$value\r\n";
    }
    foreach (["image", "mask"] as $name) {
        $body .= "--$boundary\r\nContent-Disposition: form-data; name=\"$name\"; filename=\"$name.png\"\r\n"
            . "Content-Type: image/png\r\n\r\n" . file_get_contents("$name.png") . "\r\n";
    }
    return ask("/images/edits", "multipart/form-data; boundary=$boundary", "$body--$boundary--\r\n");
}

function save(string $file, array $answered): void
{
    [$status, $answer] = $answered;
    if ($status !== 200) {
        echo "$status: {$answer["error"]["message"]}\n";
        return;
    }
    $png = file_get_contents($answer["data"][0]["url"]);
    [$width, $height, $type] = getimagesizefromstring($png);
    $type === IMAGETYPE_PNG || throw new Exception("this is no PNG");
    file_put_contents($file, $png);
    echo "$file: {$width}x$height\n";
}

save("fox.png", generate(["prompt" => "a red fox", "size" => "256x256"]));
save("edit.png", edit(["prompt" => "a café at dusk", "size" => "512x512"]));
save("no.png", generate(["prompt" => "a red fox", "size" => "300x300"]));
