# perl poster.pl
use strict;
use warnings;
use HTTP::Tiny;
use JSON::PP;
use Test::More;
use Time::HiRes;

my $mock = $ENV{IMAGES_MOCK_URL} || "http://127.0.0.1:6780";
my $key  = "sk-mock-perl";    # its sandbox is this program's own
my $http = HTTP::Tiny->new;

# An answer and its decoded body, from the API or from the mock's control API.
sub ask {
    my ($method, $path, $value) = @_;
    my %headers = ("Content-Type" => "application/json");
    if   ($path =~ m{^/_mock/}) { $headers{"Mock-Sandbox-Key"} = $key }
    else                        { $headers{Authorization} = "Bearer $key" }
    my %options = (headers => \%headers);
    $options{content} = encode_json($value) if $value;
    my $answer = $http->request($method, "$mock$path", \%options);
    return ($answer, decode_json($answer->{content}));
}

# The code under test: a picture's URL, with one more try when it is told to wait.
sub poster {
    my ($prompt) = @_;
    my $asked = {prompt => $prompt, size => "256x256"};
    my ($answer, $told) = ask("POST", "/v1/images/generations", $asked);
    if ($answer->{status} == 429) {
        Time::HiRes::sleep($answer->{headers}{"retry-after-ms"} / 1000);
        ($answer, $told) = ask("POST", "/v1/images/generations", $asked);
    }
    die "$told->{error}{message}\n" unless $answer->{success};
    return $told->{data}[0]{url};
}

ask("POST", "/_mock/sandbox", {standing => JSON::PP::true});    # anew; told waits take a thousandth
ask("POST", "/_mock/rules", {then => {rate_limit => {retry_after => 20}}, times => 1});
my $png = $http->get(poster("a red fox"))->{content};
is_deeply([unpack("x16 N2", $png)], [256, 256], "the picture is of its size");
my (undef, $journal) = ask("GET", "/_mock/requests");
is_deeply([map { $_->{status} } @{$journal->{requests}}], [429, 200], "a 429 is tried again");

ask("POST", "/_mock/rules",
    {when => {prompt => {contains => "gore"}}, then => {refuse => JSON::PP::true}});
eval { poster("gore, please") };
like($@, qr/safety system/, "a refusal is told");
done_testing;
