<?php

/** One server for a class of tests; each test has a key, and so a sandbox, of its own. */
final class ImagesMock
{
    private $process;
    private string $address;
    private string $key;

    public function __construct()
    {
        // An array starts it without a shell, so that it is the server that is ended, not the shell.
        $this->process = proc_open(["images-mock", "--port", "0", "--log-format", "none"], [1 => ["pipe", "w"]], $pipes);
        preg_match('/^READY (\S+)/', (string) fgets($pipes[1]), $ready) || throw new RuntimeException("images-mock did not start");
        $this->address = $ready[1];
        putenv("OPENAI_BASE_URL=$this->address/v1");
    }

    public function stop(): void
    {
        proc_terminate($this->process);
        proc_close($this->process); // waits for its end
    }

    public function begin(string $test): void
    {
        $this->key = "sk-mock-" . preg_replace('/\W+/', "-", $test);
        putenv("OPENAI_API_KEY=$this->key");
        $this->ask("POST", "sandbox", ["standing" => true]); // waits that are told take a thousandth
    }

    public function on(array $when, array $then, array $more = []): void
    {
        $this->ask("POST", "rules", ["when" => (object) $when, "then" => $then] + $more); // [] would be a list
    }

    public function requests(): array
    {
        return $this->ask("GET", "requests")["requests"];
    }

    private function ask(string $method, string $path, ?array $value = null): array
    {
        $answer = file_get_contents("$this->address/_mock/$path", false, stream_context_create(["http" => [
            "method" => $method,
            "header" => ["Mock-Sandbox-Key: $this->key", "Content-Type: application/json"],
            "content" => $value === null ? "" : json_encode($value),
            "ignore_errors" => true,
        ]]));
        $told = json_decode($answer, true);
        return isset($told["error"]) ? throw new RuntimeException($told["error"]["message"]) : $told;
    }
}
