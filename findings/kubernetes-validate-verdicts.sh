#!/usr/bin/env bash
# kubernetes-validate ends with 0 for a kind that it has no schema of, --strict or not: a misspelt one, a List of
# broken ones; and refuses an unquoted date, which kubectl reads as text.
# Packages: kubernetes-validate==1.37.0, PyYAML==6.0.3 (PyPI)
# Seen: 2026-11-28, Python 3.11
# Output:
#   a misspelt field: exit 0; --strict: exit 1
#   a misspelt kind: exit 0; --strict: exit 0
#   a misspelt apiVersion: exit 0; --strict: exit 0
#   the misspelt field within a List: exit 0; --strict: exit 0
#   an annotation of 2026-11-28: exit 1; --strict: exit 1
#     metadata.annotations.day: datetime.date(2026, 11, 28) is not of type 'string', 'null'
#   the same in quotes: exit 0; --strict: exit 0
# Matters: a strict check in CI judges least where the mistake is greatest, and what `kubectl get -o yaml` prints of
# several things is never judged: count the lines "passed for resource". The date is PyYAML's doing, whose YAML has
# dates; the check fails on manifests that clusters take.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet kubernetes-validate==1.37.0 PyYAML==6.0.3
check() {
  echo "$2" > "$dir/manifest.yaml"
  local strict=0 loose=0
  (cd "$dir" && venv/bin/kubernetes-validate manifest.yaml > loose 2>&1) || loose=$?
  (cd "$dir" && venv/bin/kubernetes-validate --strict manifest.yaml > strict 2>&1) || strict=$?
  echo "$1: exit $loose; --strict: exit $strict"
  sed -n 's/^ERROR.*against version 1.37: /  /p' "$dir/loose"
}
map='{apiVersion: v1, kind: ConfigMap, metadata: {name: mock}, dataa: {n: one}}'
day='{apiVersion: v1, kind: ConfigMap, metadata: {name: mock, annotations: {day: 2026-11-28}}}'
{
  check "a misspelt field" "$map"
  check "a misspelt kind" "${map/ConfigMap/ConfigMapp}"
  check "a misspelt apiVersion" "${map/v1/v11}"
  check "the misspelt field within a List" "{apiVersion: v1, kind: List, items: [$map]}"
  check "an annotation of 2026-11-28" "$day"
  check "the same in quotes" "${day/2026-11-28/\"2026-11-28\"}"
} | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
