#!/usr/bin/env bash
# cyclonedx-python-lib's JsonStrictValidator takes whatever jsonschema there is: without its extra it passes any
# text as a date or an address, and only two of the extra's packages make it refuse them.
# Packages: cyclonedx-python-lib==11.12.0, jsonschema==4.26.0, rfc3339-validator==0.1.4, rfc3987-syntax==1.1.0 (PyPI)
# Seen: 2026-11-28
# Output:
#   cyclonedx-python-lib alone:
#     MissingOptionalDependencyException
#   with jsonschema:
#     good: valid
#     timestamp "yesterday": valid
#     website "no address: <here>": valid
#     license id "FREE": refused
#     serialNumber "1": refused
#   with jsonschema, rfc3339-validator and rfc3987-syntax:
#     good: valid
#     timestamp "yesterday": refused
#     website "no address: <here>": refused
#     license id "FREE": refused
#     serialNumber "1": refused
# Matters: a check of one's own SBOM passes on a machine where jsonschema came for something else (an OpenAPI
# validator, say), and the same document fails at a customer's. Nothing warns, and the class is called strict;
# the exception that names the extra comes only where there is no jsonschema at all.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
cat > "$dir/validate.py" <<'EOF'
import json
from cyclonedx.exception import MissingOptionalDependencyException
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

def document(timestamp="2026-11-28T12:00:00Z", website="https://images.example/", license="MIT", number=None):
    links = [{"type": "website", "url": website}]
    painter = {"type": "application", "name": "painter", "externalReferences": links}
    painter["licenses"] = [{"license": {"id": license}}]
    return json.dumps({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": number or "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "version": 1,
        "metadata": {"timestamp": timestamp, "component": painter},
    })

documents = {
    "good": document(),
    'timestamp "yesterday"': document(timestamp="yesterday"),
    'website "no address: <here>"': document(website="no address: <here>"),
    'license id "FREE"': document(license="FREE"),
    'serialNumber "1"': document(number="1"),
}
validator = JsonStrictValidator(SchemaVersion.V1_6)
try:
    for name, text in documents.items():
        print(f"  {name}: {'refused' if validator.validate_str(text) else 'valid'}")
except MissingOptionalDependencyException as error:
    print(f"  {type(error).__name__}")
EOF
{
  echo "cyclonedx-python-lib alone:"
  "$dir/venv/bin/pip" install --quiet cyclonedx-python-lib==11.12.0
  "$dir/venv/bin/python" "$dir/validate.py"
  echo "with jsonschema:"
  "$dir/venv/bin/pip" install --quiet jsonschema==4.26.0
  "$dir/venv/bin/python" "$dir/validate.py"
  echo "with jsonschema, rfc3339-validator and rfc3987-syntax:"
  "$dir/venv/bin/pip" install --quiet rfc3339-validator==0.1.4 rfc3987-syntax==1.1.0
  "$dir/venv/bin/python" "$dir/validate.py"
} | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
