<?php
foreach (["https://api.openai.com/v1/models", "https://example.com/"] as $url) {
    $asked = curl_init($url);
    curl_setopt($asked, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($asked, CURLOPT_HTTPHEADER, ["Authorization: Bearer sk-mock-me"]);
    curl_exec($asked);
    echo curl_error($asked) ?: curl_getinfo($asked, CURLINFO_HTTP_CODE), "\n";
}
