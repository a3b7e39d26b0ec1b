<?php

/** The program under test: a picture's URL. It comes again once, when it was told to. */
function poster(string $prompt): string
{
    $curl = curl_init(getenv("OPENAI_BASE_URL") . "/images/generations");
    $told = [];
    curl_setopt_array($curl, [
        CURLOPT_HTTPHEADER => ["Authorization: Bearer " . getenv("OPENAI_API_KEY"), "Content-Type: application/json"],
        CURLOPT_POSTFIELDS => json_encode(["model" => "dall-e-2", "prompt" => $prompt, "size" => "256x256"]),
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 120, // by itself curl waits for ever
        CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$told): int {
            [$name, $value] = explode(":", $line, 2) + [1 => ""];
            $told[strtolower($name)] = trim($value);
            return strlen($line);
        },
    ]);
    $answer = json_decode(curl_exec($curl), true);
    if (curl_getinfo($curl, CURLINFO_RESPONSE_CODE) === 429) {
        usleep(1000 * $told["retry-after-ms"]);
        $answer = json_decode(curl_exec($curl), true);
    }
    if (curl_getinfo($curl, CURLINFO_RESPONSE_CODE) !== 200) {
        throw new RuntimeException($answer["error"]["message"]);
    }
    return $answer["data"][0]["url"];
}
