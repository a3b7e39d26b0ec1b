use v5.36;
use utf8;
use HTTP::Tiny;
use JSON::PP;
use Time::HiRes 'sleep';

binmode(STDOUT, ":encoding(UTF-8)");
my $http = HTTP::Tiny->new(timeout => 120);

# Status and answer of the API; where it says when to come again, it is asked again then.
sub ask ($path, $type, $body) {
    my %headers = (Authorization => "Bearer $ENV{OPENAI_API_KEY}", "Content-Type" => $type);
    for my $try (1 .. 3) {
        my $answer = $http->post("$ENV{OPENAI_BASE_URL}$path", {headers => \%headers, content => $body});
        die $answer->{content} if $answer->{status} == 599;    # HTTP::Tiny's own: there was no answer
        my ($seconds, $ms) = $answer->{headers}->@{"retry-after", "retry-after-ms"};
        my $wait = defined $ms ? $ms / 1000 : $seconds;
        return ($answer->{status}, decode_json($answer->{content}))
            if $answer->{status} != 429 || !defined $wait || $try == 3;
        sleep($wait);
    }
}

sub generate (%wanted) {
    return ask("/images/generations", "application/json", encode_json({model => "dall-e-2", %wanted}));
}

sub slurp ($file) { open(my $in, "<:raw", $file) or die "$file: $!"; local $/; return <$in> }

sub edit (%wanted) {
    my ($boundary, $body) = ("fox" . int(rand(1e15)), "");    # HTTP::Tiny makes no multipart form by itself
    my %fields = (model => "dall-e-2", %wanted);
    for my $name (sort keys %fields) {
        utf8::encode(my $value = $fields{$name});    # encode_json does that by itself
        $body .= qq(--$boundary\r\nContent-Disposition: form-data; name="$name"\r\n\r\n$value\r\n);
    }
    $body .= qq(--$boundary\r\nContent-Disposition: form-data; name="$_"; filename="$_.png"\r\n)
        . "Content-Type: image/png\r\n\r\n" . slurp("$_.png") . "\r\n" for "image", "mask";
    return ask("/images/edits", "multipart/form-data; boundary=$boundary", "$body--$boundary--\r\n");
}

sub save ($file, $status, $answer) {
    return say "$status: $answer->{error}{message}" if $status != 200;
    my $png = $http->get($answer->{data}[0]{url})->{content};
    die "this is no PNG" if substr($png, 0, 8) ne "\x89PNG\r\n\x1A\n";
    open(my $out, ">:raw", $file) or die "$file: $!";
    print {$out} $png;
    close($out) or die "$file: $!";
    say "$file: ", join("x", unpack("x16 N2", $png));
}

save("fox.png", generate(prompt => "a red fox", size => "256x256"));
save("edit.png", edit(prompt => "a café at dusk", size => "512x512"));
save("no.png", generate(prompt => "a red fox", size => "300x300"));
