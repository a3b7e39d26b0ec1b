#!/usr/bin/env bash
# The two CycloneDX documents in Pillow's wheel for Linux (PEP 770) leave out libpng, brotli, liblzma and libzstd,
# which are in it, tell FriBiDi and libimagequant, which are not, and a zlib of a version that zlib never had.
# Packages: Pillow==13.0.0 (PyPI)
# Seen: 2026-11-28
# Output:
#   auditwheel.cdx.json, CycloneDX 1.4:
#     libXau 1.0.9-3.el8, with a purl: libXau-154567c4.so.6.0.0
#   pillow-13.0.0.cdx.json, CycloneDX 1.7:
#     FreeType 2.14.3, without a purl: libfreetype-57f805ba.so.6.20.6
#     FriBiDi 1.0.17, without a purl: no file
#     HarfBuzz 14.5.0, without a purl: libharfbuzz-fb49c9fc.so.0.61450.0
#     libavif 1.4.2, without a purl: libavif-c6062d5f.so.16.4.2
#     libimagequant 4.4.1, without a purl: no file
#     libjpeg / libjpeg-turbo 3.2.0, without a purl: libjpeg-6dc8d115.so.62.4.0
#     libtiff 4.7.2, without a purl: libtiff-20b7e810.so.6.3.0
#     libwebp 1.6.0, without a purl: libsharpyuv-0066295b.so.0.1.2, libwebp-51b0b3f7.so.7.2.0, libwebpdemux-9fe2abcc.so.2.0.17, libwebpmux-8fb1c9f6.so.3.1.2
#     libxcb 1.17.0, without a purl: libxcb-9065bb12.so.1.1.0
#     Little CMS 2 2.19.1, without a purl: liblcms2-88eaba2f.so.2.0.19
#     OpenJPEG 2.5.4, without a purl: libopenjp2-e530e1bf.so.2.5.4
#     zlib 2.3.3, without a purl: no file
#   in the wheel and in neither document:
#     libbrotlicommon-53534446.so.1.2.0
#     libbrotlidec-7e5462ba.so.1.2.0
#     liblzma-de26b416.so.5.8.4
#     libpng16-1d1ba958.so.16.58.0
#     libzstd-40ad5e7e.so.1.5.7
# Matters: a scanner that believes these documents says nothing of an advisory for libpng or liblzma, which FreeType
# and libtiff load, and warns of a FriBiDi that is not there; with neither purl nor CPE it can only match names.
# zlib's 2.3.3 is zlib-ng's, built in. auditwheel knows only what the build machine's own packages gave.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
# The same wheel whatever the machine is; nothing of it is run.
"$dir/venv/bin/pip" install --quiet --no-deps --only-binary=:all: --platform=manylinux_2_28_x86_64 \
  --python-version=3.11 --target="$dir/wheel" Pillow==13.0.0
"$dir/venv/bin/python" - "$dir/wheel" <<'EOF' | tee "$dir/seen"
import json, pathlib, re, sys

wheel = pathlib.Path(sys.argv[1])
left = sorted(file.name for file in wheel.glob("pillow.libs/*"))
# Files that are called otherwise than the document's first word.
FILES = {"Little": "lcms2", "OpenJPEG": "openjp2", "libwebp": "(webp|webpdemux|webpmux|sharpyuv)"}
OWN = re.compile("PIL|pillow|pybind11|pythoncapi_compat|fribidi-shim|raqm")  # modules, headers, vendored source

for document in sorted(wheel.glob("pillow-*.dist-info/sboms/*.json")):
    told = json.loads(document.read_text("utf-8"))
    print(f"{document.name}, CycloneDX {told['specVersion']}:")
    for part in sorted(told["components"], key=lambda part: part["name"].lower()):
        if OWN.match(part["name"]):
            continue
        word = part["name"].split()[0]
        pattern = FILES.get(word, word.removeprefix("lib"))
        files = [file for file in left if re.match(f"lib{pattern}-", file, re.IGNORECASE)]
        left = [file for file in left if file not in files]
        purl = "with a purl" if "purl" in part or "cpe" in part else "without a purl"
        print(f"  {part['name']} {part['version']}, {purl}: {', '.join(files) or 'no file'}")
print("in the wheel and in neither document:")
for file in left:
    print(f"  {file}")
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
