#!/usr/bin/env bash
# check-jsonschema with its own schema of Compose: one wrong value makes right keys of the service "unexpected", the
# tags of Compose's merging do not parse, and most values that cannot work are none of its business.
# Packages: check-jsonschema==0.39.0, jsonschema==4.26.0 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   good: ok -- validation done
#   stop_grace_period of 10:
#     $.services.mock.stop_grace_period: 10 is not of type 'string'
#     $.services.mock: not allowed ('environment', 'image', 'stop_grace_period' were unexpected)
#   healthcheck's interval of 10:
#     $.services.mock.healthcheck.interval: 10 is not of type 'string'
#     $.services.mock: not allowed ('healthcheck', 'ports' were unexpected)
#   stop_grace_period of "ten", port "abc", depends_on and networks of no one: ok -- validation done
#   an override file with ports: !reset []:
#     ConstructorError: could not determine a constructor for the tag '!reset'
# Matters: the second line of a report sends its reader to `image` and `environment`, which are right, and which keys
# it names depends on the one that is wrong: jsonschema gives up what it had evaluated in the branch that failed. And a
# green check says little of a file: `docker compose config` is no less needed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet check-jsonschema==0.39.0 jsonschema==4.26.0
check() {
  printf '%s' "$1:"
  printf 'services:\n  mock:\n    image: mock\n    environment: {SEED: one}\n%s\n' "$2" > "$dir/compose.yaml"
  (cd "$dir" && venv/bin/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml > out) || true
  sed -i 's/Unevaluated properties are not/not/' "$dir/out"
  sed -n 's/^ok/ ok/p; s/^  compose.yaml::/\n  /p
    s/^ *\(ConstructorError: .*\)/\n  \1/p' "$dir/out" | sed -z 's/\n\n/\n/g'
}
{
  check "good" '    ports: ["8080:80"]'
  check "stop_grace_period of 10" '    ports: ["8080:80"]
    stop_grace_period: 10'
  check "healthcheck's interval of 10" '    ports: ["8080:80"]
    healthcheck: {test: "true", interval: 10}'
  check 'stop_grace_period of "ten", port "abc", depends_on and networks of no one' '    ports: [abc]
    stop_grace_period: ten
    depends_on: [nobody]
    networks: [nothing]'
  check "an override file with ports: !reset []" '    ports: !reset []'
} | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
