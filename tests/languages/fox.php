<?php

/** Status and answer of the API; where it says when to come again, it is asked again then. */
function ask(string $path, array|string $body): array
{
    $curl = curl_init(getenv("OPENAI_BASE_URL") . $path);
    $headers = ["Authorization: Bearer " . getenv("OPENAI_API_KEY")];
    if (is_string($body)) { // an array is sent as multipart/form-data
        $headers[] = "Content-Type: application/json";
    }
    curl_setopt_array($curl, [
        CURLOPT_HTTPHEADER => $headers,
        CURLOPT_POSTFIELDS => $body,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 120, // by itself curl waits for ever
        CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$told): int {
            [$name, $value] = explode(":", $line, 2) + [1 => ""];
            $told[strtolower($name)] = trim($value);
            return strlen($line);
        },
    ]);
    for ($try = 1; ; $try++) {
        $told = [];
        $answer = curl_exec($curl);
        $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
        if ($answer === false) {
            throw new Exception(curl_error($curl));
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
    return ask("/images/generations", json_encode(["model" => "dall-e-2"] + $wanted, JSON_THROW_ON_ERROR));
}

function edit(array $wanted): array
{
    foreach (["image", "mask"] as $name) {
        $wanted[$name] = new CURLFile("$name.png", "image/png", "$name.png");
    }
    return ask("/images/edits", ["model" => "dall-e-2"] + $wanted);
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
