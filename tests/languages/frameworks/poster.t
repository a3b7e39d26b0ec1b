# prove poster.t
use v5.36;
use HTTP::Tiny;
use JSON::PP;
use Test::More;
use Time::HiRes 'sleep';

my $http = HTTP::Tiny->new;
my $key;

# Status, headers and decoded body of an answer.
sub ask ($method, $url, $value = undef, %headers) {
    $headers{"Content-Type"} = "application/json";
    my $answer = $http->request($method, $url, {headers => \%headers, content => $value ? encode_json($value) : ""});
    return ($answer->{status}, $answer->{headers}, decode_json($answer->{content}));
}

# The program under test: a picture's URL. It comes again once, when it was told to.
sub poster ($prompt) {
    my @asked = ("POST", "$ENV{OPENAI_BASE_URL}/images/generations", {model => "dall-e-2", prompt => $prompt, size => "256x256"},
        Authorization => "Bearer $ENV{OPENAI_API_KEY}");
    my ($status, $headers, $answer) = ask(@asked);
    if ($status == 429) {
        sleep($headers->{"retry-after-ms"} / 1000);
        ($status, $headers, $answer) = ask(@asked);
    }
    die "$answer->{error}{message}\n" if $status != 200;
    return $answer->{data}[0]{url};
}

# One server for the file; each test has a key, and so a sandbox, of its own.
my $pid = open(my $server, "-|", qw(images-mock --port 0 --log-format none)) or die "images-mock: $!";
my ($mock) = <$server> =~ /^READY (\S+)/ or die "images-mock did not start";
$ENV{OPENAI_BASE_URL} = "$mock/v1";
END { local $?; kill TERM => $pid; close $server }    # close waits for its end

sub mock ($method, $path, $value = undef) {
    my ($status, undef, $answer) = ask($method, "$mock/_mock/$path", $value, "Mock-Sandbox-Key" => $key);
    die "$answer->{error}{message}\n" if $status >= 400;
    return $answer;
}

sub begin ($test) {
    $ENV{OPENAI_API_KEY} = $key = "sk-mock-" . ($test =~ s/\W+/-/gr);
    mock("POST", "sandbox", {standing => JSON::PP::true});    # waits that are told take a thousandth
}

subtest "a 429 is tried again" => sub {
    begin("a 429 is tried again");
    mock("POST", "rules", {then => {rate_limit => {retry_after => 20}}, times => 1});    # nobody waits 20 s here
    my $png = $http->get(poster("a red fox"))->{content};
    is_deeply([unpack("x16 N2", $png)], [256, 256], "the picture is of its size");
    is_deeply([map { $_->{status} } mock("GET", "requests")->{requests}->@*], [429, 200], "it came again");
};

subtest "a refusal is told" => sub {
    begin("a refusal is told");
    mock("POST", "rules", {when => {prompt => {contains => "gore"}}, then => {refuse => JSON::PP::true}});
    eval { poster("gore, please") };
    like($@, qr/safety system/, "in the API's words");
};

done_testing;
