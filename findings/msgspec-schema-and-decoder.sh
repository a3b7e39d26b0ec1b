#!/usr/bin/env bash
# msgspec's json.schema() describes other messages than its decoder takes, in both directions, for plain types.
# Packages: msgspec==0.22.0, jsonschema==4.26.0 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   int, 1.0: schema yes, decoder no: Expected `int`, got `float`
#   dict with int keys, {"a": 1}: schema yes, decoder no: Expected `int`, got `str` - at `key` in `$`
#   bytes, "YQ": schema yes, decoder no: Invalid base64 encoded string
#   Decimal, 1.5: schema no, decoder yes
#   set, [1, 1]: schema no, decoder yes
#   struct with a tag, {"prompt": "a cat"}: schema no, decoder yes
#   the same beside another, {"prompt": "a cat"}: schema no, decoder no: Object missing required field `type`
# Matters: who publishes the schema as a contract (n as `integer`) and has requests made from it finds refusals that
# are no bugs of his server, for JSON Schema calls 1.0 an integer; and a validating proxy refuses what the server takes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet msgspec==0.22.0 jsonschema==4.26.0
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import decimal, json
import jsonschema, msgspec

class Draw(msgspec.Struct, tag=True):
    prompt: str

class Vary(msgspec.Struct, tag=True):
    image: str

for name, kind, text in (
    ("int", int, "1.0"),
    ("dict with int keys", dict[int, int], '{"a": 1}'),
    ("bytes", bytes, '"YQ"'),
    ("Decimal", decimal.Decimal, "1.5"),
    ("set", set[int], "[1, 1]"),
    ("struct with a tag", Draw, '{"prompt": "a cat"}'),
    ("the same beside another", Draw | Vary, '{"prompt": "a cat"}'),
):
    valid = jsonschema.Draft202012Validator(msgspec.json.schema(kind)).is_valid(json.loads(text))
    try:
        msgspec.json.decode(text, type=kind)
        decoder = "yes"
    except msgspec.DecodeError as error:
        decoder = f"no: {error}"
    print(f"{name}, {text}: schema {'yes' if valid else 'no'}, decoder {decoder}")
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
