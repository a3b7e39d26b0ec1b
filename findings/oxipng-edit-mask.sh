#!/usr/bin/env bash
# oxipng, a lossless shrinker, turns the usual mask of an image edit (white with a clear hole) from RGBA
# into a palette file, though each pixel and its alpha are kept; the photo with the same hole stays RGBA.
# Packages: pyoxipng==9.1.1, Pillow==13.0.0 (PyPI)
# Seen: 2026-11-28
# Output:
#   white with a clear hole: RGBA, shrunk to P; hole kept: True
#   photo with a clear hole: RGBA, shrunk to RGBA; hole kept: True
#   white with a clear hole, color_type_reduction=False: RGBA, shrunk to RGBA; hole kept: True
# Matters: edits of dall-e-2 go by the file's mode ("format must be in ['RGBA', 'LA', 'L']"), so a mask that
# an optimising build step or pre-commit hook has been over no longer fits, while the photo beside it does.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet pyoxipng==9.1.1 Pillow==13.0.0
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import io
import oxipng
from PIL import Image

def tell(name, picture, **options):
    picture.paste((0, 0, 0, 0), (64, 64, 192, 192))
    file = io.BytesIO()
    picture.save(file, "PNG")
    small = Image.open(io.BytesIO(oxipng.optimize_from_memory(file.getvalue(), **options)))
    mode = small.mode
    same = small.convert("RGBA").getchannel("A").tobytes() == picture.getchannel("A").tobytes()
    print(f"{name}: {picture.mode}, shrunk to {mode}; hole kept: {same}")

white = Image.new("RGBA", (256, 256), "white")
photo = Image.merge("RGBA", [
    Image.linear_gradient("L"), Image.radial_gradient("L"),
    Image.linear_gradient("L").rotate(90), Image.new("L", (256, 256), 255)])
tell("white with a clear hole", white)
tell("photo with a clear hole", photo)
tell("white with a clear hole, color_type_reduction=False", white, color_type_reduction=False)
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
